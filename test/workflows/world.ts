/**
 * A worker that lives alerts on a Temporal server whose time can be skipped, with stores that only remember: what the
 * workflows decide is tested here, what the stores do is tested against Postgres elsewhere.
 */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { createBookkeepingActivities, type BookkeepingDeps } from '../../activities/bookkeeping';
import { alertWorkflowId, taskQueueName } from '../../src/domain/identity';
import type { LifePolicy, LifeStatus, TimelineEvent } from '../../src/domain/life';
import type { Transition } from '../../src/domain/transition';
import type { LifeRecord } from '../../src/history/port';
import type { Silence } from '../../src/mute/port';
import { dataConverter } from '../../src/temporal/connection';
import { createLives } from '../../src/temporal/lives';
import { addSearchAttributes, SEARCH_ATTRIBUTES } from '../../src/temporal/search-attributes';
import { statusQuery } from '../../workflows/messages';
import { policy, transition, type TransitionSketch } from '../builders/alerts';
import { testServers, timeSkippingEnvironment, uniqueInstance } from '../harness/servers';
import { workflowBundle } from '../harness/workflow-bundle';
import './fixtures/quiet-runtime';

export interface World {
  readonly client: Client;
  readonly instance: string;
  readonly silences: Silence[];
  /** Set to make the next records fail, as when Postgres is away. */
  failing: boolean;
  /** An alert of its own, whose records are told apart from all others'. */
  readonly alert: (policy?: Partial<LifePolicy>) => TestAlert;
  close(): Promise<void>;
}

export interface TestAlert {
  readonly fingerprint: string;
  readonly handle: WorkflowHandle;
  readonly policy: LifePolicy;
  readonly transition: (sketch?: TransitionSketch) => Transition;
  /** As the dispatcher does. */
  readonly deliver: (sketch?: TransitionSketch, policy?: Partial<LifePolicy>) => Promise<string>;
  /** Every record that was written, repeats included. */
  readonly records: () => readonly LifeRecord[];
  /** As Postgres keeps it: an event that is written again is the same event. */
  readonly timeline: () => TimelineEvent[];
  /** `step>receiver` of every message asked for, in order; one asked for again is the same, as in Postgres. */
  readonly messages: () => string[];
  readonly status: () => Promise<LifeStatus>;
}

interface Options {
  readonly activities?: object;
  /** What mutes alerts and holds their repairs; nothing does where it is left out. */
  readonly muting?: Pick<BookkeepingDeps, 'mutes' | 'heldRepair'>;
  readonly maxCachedWorkflows?: number;
  /** When every alert's last episode ended, as the history tells a life: one that follows closely cools down. */
  readonly previousEndedAt?: string;
}

/** On the server that skips time. */
export async function skippingWorld(
  options: Options = {},
): Promise<{ world: World; env: TestWorkflowEnvironment }> {
  const env = await timeSkippingEnvironment();
  // This server cannot list them, so they are added unseen.
  await addSearchAttributes(env.connection.operatorService, 'default', SEARCH_ATTRIBUTES);
  const world = await worldOn(
    env.nativeConnection,
    new Client({ connection: env.nativeConnection }),
    options,
  );
  return { env, world: closing(world, () => env.teardown()) };
}

/** On the ordinary development server: eager starts, search attributes, lists. */
export async function realWorld(options: Options = {}): Promise<World> {
  const connection = await NativeConnection.connect({ address: testServers().temporal });
  const world = await worldOn(connection, new Client({ connection }), options);
  return closing(world, () => connection.close());
}

/** The same world, which also closes what it stands on. */
function closing(world: World, below: () => Promise<void>): World {
  const { close } = world;
  return Object.assign(world, {
    close: async () => {
      await close();
      await below();
    },
  });
}

async function worldOn(
  connection: NativeConnection,
  client: Client,
  { activities = {}, muting, maxCachedWorkflows, previousEndedAt }: Options,
): Promise<World> {
  const instance = uniqueInstance();
  const records: LifeRecord[] = [];
  const silences: Silence[] = [];
  const state = { failing: false };
  const bookkeeping = createBookkeepingActivities({
    lives: {
      record: async (record) => {
        if (state.failing) throw new Error('the history is away');
        records.push(record);
        return { closed: false, previousEndedAt: previousEndedAt ?? null };
      },
    },
    silences: {
      create: async (silence) => void silences.push(silence),
      active: async () => silences,
      async end(matchers) {
        const kept = silences.filter(
          (silence) => JSON.stringify(silence.matchers) !== JSON.stringify(matchers),
        );
        const ended = silences.length - kept.length;
        silences.splice(0, silences.length, ...kept);
        return ended;
      },
    },
    mutes: { verdict: async () => ({ muted: false }) },
    ...muting,
    quickArtifacts: async () => [],
    wakeNotifier: () => {},
  });
  const bundle = await workflowBundle();
  const worker = (role: string) =>
    Worker.create({
      connection,
      taskQueue: taskQueueName(instance, role),
      workflowBundle: bundle,
      dataConverter,
      activities: { ...bookkeeping, ...activities },
      maxCachedWorkflows: maxCachedWorkflows ?? 200,
    });
  const workers = [await worker('lifecycle'), await worker('effects')];
  const running = workers.map((one) => one.run());
  const lives = createLives(client);
  let alerts = 0;

  function alert(base: Partial<LifePolicy> = {}): TestAlert {
    const story = String((alerts += 1));
    const policyOf = (more: Partial<LifePolicy> = {}): LifePolicy => policy({ instance, ...base, ...more });
    const sketched = (sketch: TransitionSketch = {}): Transition =>
      transition({ ...sketch, labels: { story, ...sketch.labels } });
    const { fingerprint } = sketched();
    const handle = client.workflow.getHandle(alertWorkflowId(instance, fingerprint));
    const own = (): LifeRecord[] => records.filter((record) => record.fingerprint === fingerprint);
    return {
      fingerprint,
      handle,
      policy: policyOf(),
      transition: sketched,
      deliver: (sketch, more) => lives.deliver(sketched(sketch), policyOf(more)),
      records: own,
      timeline: () => {
        const events = own().flatMap(({ episode, timeline }) =>
          timeline.map((event) => [`${episode}/${event.key}`, event] as const),
        );
        return [...new Map(events).values()];
      },
      messages: () => {
        const all = own()
          .flatMap((record) => record.notifications ?? [])
          .map((one) => [`${one.messageId}>${one.receiver}`, `${one.step}>${one.receiver}`] as const);
        return [...new Map(all).values()];
      },
      status: () => handle.query(statusQuery),
    };
  }

  return {
    client,
    instance,
    silences,
    get failing() {
      return state.failing;
    },
    set failing(value) {
      state.failing = value;
    },
    alert,
    close: async () => {
      for (const one of workers) one.shutdown();
      await Promise.all(running);
    },
  };
}
