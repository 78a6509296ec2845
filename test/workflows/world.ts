/**
 * A worker that lives alerts on a Temporal server whose time can be skipped, with stores that only remember: what the
 * workflows decide is tested here, what the stores do is tested against Postgres elsewhere.
 */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client } from '@temporalio/client';
import { createBookkeepingActivities } from '../../activities/bookkeeping';
import { alertWorkflowId, taskQueueName } from '../../src/domain/identity';
import type { LifePolicy } from '../../src/domain/life';
import type { Transition } from '../../src/domain/transition';
import type { LifeRecord } from '../../src/history/port';
import type { Silence } from '../../src/mute/port';
import { dataConverter } from '../../src/temporal/connection';
import { createLives } from '../../src/temporal/lives';
import { addSearchAttributes, SEARCH_ATTRIBUTES } from '../../src/temporal/search-attributes';
import { policy } from '../builders/alerts';
import { testServers, timeSkippingEnvironment, uniqueInstance } from '../harness/servers';
import { workflowBundle } from '../harness/workflow-bundle';

Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface World {
  readonly client: Client;
  readonly instance: string;
  readonly records: LifeRecord[];
  readonly silences: Silence[];
  /** Set to make the next records fail, as when Postgres is away. */
  failing: boolean;
  readonly policy: (more?: Partial<LifePolicy>) => LifePolicy;
  readonly deliver: (transition: Transition, more?: Partial<LifePolicy>) => Promise<string>;
  readonly handle: (transition: Transition) => ReturnType<Client['workflow']['getHandle']>;
  /** `step>receiver` of every message asked for, in order; one asked for again is the same, as in Postgres. */
  readonly messages: () => string[];
  close(): Promise<void>;
}

interface Options {
  readonly activities?: object;
  readonly maxCachedWorkflows?: number;
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
  return {
    env,
    world: {
      ...world,
      close: async () => {
        await world.close();
        await env.teardown();
      },
    },
  };
}

/** On the ordinary development server: eager starts, search attributes, lists. */
export async function realWorld(options: Options = {}): Promise<World> {
  const connection = await NativeConnection.connect({ address: testServers().temporal });
  const world = await worldOn(connection, new Client({ connection }), options);
  return {
    ...world,
    close: async () => {
      await world.close();
      await connection.close();
    },
  };
}

async function worldOn(
  connection: NativeConnection,
  client: Client,
  { activities = {}, maxCachedWorkflows }: Options,
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
        return { closed: false, previousEndedAt: null };
      },
    },
    silences: {
      create: async (silence) => void silences.push(silence),
      expire: async () => {},
      active: async () => [],
    },
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
  const policyOf = (more: Partial<LifePolicy> = {}): LifePolicy => policy({ instance, ...more });
  return {
    client,
    instance,
    records,
    silences,
    get failing() {
      return state.failing;
    },
    set failing(value) {
      state.failing = value;
    },
    policy: policyOf,
    deliver: (transition, more = {}) => lives.deliver(transition, policyOf(more)),
    handle: (transition) => client.workflow.getHandle(alertWorkflowId(instance, transition.fingerprint)),
    messages: () => {
      const all = records
        .flatMap((record) => record.notifications ?? [])
        .map((one) => [`${one.messageId}>${one.receiver}`, `${one.step}>${one.receiver}`] as const);
      return [...new Map(all).values()];
    },
    close: async () => {
      for (const one of workers) one.shutdown();
      await Promise.all(running);
    },
  };
}
