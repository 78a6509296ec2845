/** One process' share of groups for tests: everything between the rows and an integration that keeps what it is told. */
import { createExpiry } from '../../../src/dispatch/expiry';
import { createHearing } from '../../../src/dispatch/hearing';
import { createFlusher } from '../../../src/dispatch/flusher';
import { composeWith } from '../../../src/dispatch/group-message';
import { createGrouping, type Grouping } from '../../../src/dispatch/grouping';
import { planPages } from '../../../src/dispatch/pages';
import type { RouteOptions } from '../../../src/dispatch/port';
import { createStormWatch } from '../../../src/dispatch/storm';
import type { Transition } from '../../../src/domain/transition';
import type { History } from '../../../src/history/history';
import { createGroupSender } from '../../../src/notify/group-sender';
import { createGroupVerdicts, type GroupStagesOptions } from '../../../src/notify/group-stages/stages';
import type { Delivery, GroupMessage, Integration, ReceiverPolicy } from '../../../src/notify/port';
import { silentLogger } from '../../../src/observe/observe';
import { testHistory, type TestHistory } from '../history/test-history';

/** A message as the integration got it. */
export interface Heard {
  readonly at: number;
  readonly integration: string;
  readonly message: GroupMessage;
}

export interface GroupProcess {
  readonly grouping: Grouping;
  readonly heard: Heard[];
  /** What transitions do, without the way through Kafka. */
  apply(...transitions: Transition[]): Promise<void>;
  /** As after kill -9: nothing is written any more by this process. */
  vanish(): void;
  stop(): Promise<void>;
}

export interface GroupProcessOptions {
  readonly history: History;
  readonly route: RouteOptions;
  /** Of each receiver one: what it answers. Default: delivered. */
  readonly answer?: (message: GroupMessage, signal: AbortSignal) => Promise<Delivery>;
  readonly sendResolved?: boolean;
  readonly receivers?: readonly string[];
  readonly mutes?: Partial<GroupStagesOptions>;
  readonly leaseMs?: number;
  /** Of a look. */
  readonly lookLeaseMs?: number;
  readonly heard?: Heard[];
  /** Whether no process goes by newer routes. Default: always. */
  readonly isInEffect?: () => boolean;
  /** Hears the summary of a storm. */
  readonly stormReceiver?: string;
  /** Whether Kafka answers. Default: always. */
  readonly isHeard?: () => boolean;
  /** In place of the ones that keep what they hear. */
  readonly integrations?: readonly Integration[];
  /** Of receivers. */
  readonly policies?: Readonly<Record<string, ReceiverPolicy>>;
}

/** Everything to one receiver, in groups of a name. */
export const routeTo = (receiver: string, more: Partial<RouteOptions>): RouteOptions => ({
  ...{ receiver, groupBy: ['alertname'], matchers: [], continue: false, labels: {}, routes: [] },
  ...{ groupWaitMs: 0, groupIntervalMs: 300, repeatIntervalMs: 3_600_000 },
  ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
  ...more,
});

const now = (): number => Date.now();
const DELIVERED: Delivery = { kind: 'delivered', detail: 'heard' };

export async function startGroupProcess(options: GroupProcessOptions): Promise<GroupProcess> {
  const { history, route, sendResolved = true, receivers = ['team'], heard = [] } = options;
  const { answer = async () => DELIVERED } = options;
  const log = silentLogger();
  let isGone = false;
  const ended = new AbortController();
  /** Until the test is over. */
  const never = (): Promise<never> =>
    new Promise((_, reject) => {
      const gone = (): void => reject(new Error('gone'));
      if (ended.signal.aborted) gone();
      ended.signal.addEventListener('abort', gone);
    });
  const guarded = <T extends object>(store: T): T =>
    new Proxy(store, {
      get: (target, name, receiver) => {
        const value = Reflect.get(target, name, receiver) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          isGone ? never() : (value as (...all: unknown[]) => unknown).apply(target, args);
      },
    });
  const store = guarded(history.groups);
  const { isInEffect } = options;
  const grouping = createGrouping({ store, changes: history.followAlerts(), route, now, isInEffect });
  await grouping.start();
  history.joinOpened(grouping.groupsFor);
  const given = options.integrations?.map((one): [string, Integration] => [
    `${one.receiver}/${one.kind}/${one.index}`,
    one,
  ]);
  const integrations = new Map(
    given ??
      receivers.map((receiver): [string, Integration] => [
        `${receiver}/webhook/0`,
        {
          ...{ receiver, kind: 'webhook', index: 0, sendResolved, destination: `http://${receiver}` },
          async notify(message, signal) {
            const delivery = await answer(message, signal);
            if (delivery.kind === 'delivered')
              heard.push({ at: now(), integration: `${receiver}/webhook/0`, message });
            return delivery;
          },
          close: async () => undefined,
        },
      ]),
  );
  const sender = createGroupSender({
    ...{ store, log, integrations: () => integrations, now: () => new Date() },
    ...{ policyOf: (receiver: string) => options.policies?.[receiver], rateLimits: history.rateLimits },
    ...{
      compose: composeWith(grouping, now),
      refresh: grouping.known.refresh,
      leaseMs: options.leaseMs,
      drainMs: 100,
    },
  });
  const storms = createStormWatch({
    ...{
      store: guarded(history.storms),
      known: grouping.known,
      now,
      log,
      onSummary: sender.wake,
      settleMs: 100,
    },
    index: () => grouping.routing().index,
    integrations: () => (options.stormReceiver === undefined ? [] : [`${options.stormReceiver}/webhook/0`]),
  });
  const onMessages = (messages: number): void => {
    sender.wake();
    storms.made(messages);
  };
  const flusher = createFlusher({
    ...{ store, known: grouping.known, routing: grouping.routing, now, log, onMessages },
    leaseMs: options.lookLeaseMs,
    verdicts: createGroupVerdicts({
      silencer: async () => () => [],
      inhibitedBy: () => [],
      timeMutedBy: () => [],
      integrationsOf: (receiver) => [{ name: `${receiver}/webhook/0`, sendResolved }],
      log,
      ...options.mutes,
    }),
  });
  const publish = async (transitions: readonly Transition[]): Promise<void> => {
    const fingerprints = [...new Set(transitions.map(({ fingerprint }) => fingerprint))];
    const audience = { pageFor: () => [], resolveTo: [], groupsFor: grouping.groupsFor };
    await history.pages.apply(fingerprints, (rows) => planPages(rows, transitions, audience, new Date()));
    flusher.wake();
  };
  const expiry = createExpiry({ known: grouping.known, publish, now, log });
  const hearing = createHearing({
    ...{ store: guarded(history.hearing), now, log },
    progress: {
      async end() {
        if (!(options.isHeard?.() ?? true)) throw new Error('Kafka is away');
        return new Map();
      },
      reached: async () => true,
    },
  });
  hearing.start();
  flusher.start();
  sender.start();
  storms.start();
  expiry.start();
  const listening = await history.groups.listen(() => [flusher, sender].forEach(({ wake }) => wake()));
  const stop = async (): Promise<void> => {
    ended.abort();
    await listening();
    await Promise.all([hearing.stop(), expiry.stop(), storms.stop(), flusher.stop()]);
    await sender.stop();
  };
  return {
    grouping,
    heard,
    apply: (...transitions) => publish(transitions),
    vanish: () => void (isGone = true),
    stop,
  };
}

/** Processes of one instance, each with a history of its own; what all of them tell is heard together. Anew for each test. */
export function groupProcesses(route: RouteOptions) {
  const processes: GroupProcess[] = [];
  const scene = {
    kept: undefined as unknown as TestHistory,
    heard: [] as Heard[],
    async start(more: Partial<GroupProcessOptions> = {}): Promise<GroupProcess> {
      const history = await scene.kept.another();
      const process = await startGroupProcess({ history, route, heard: scene.heard, ...more });
      processes.push(process);
      return process;
    },
  };
  beforeEach(async () => {
    scene.kept = await testHistory();
    scene.heard = [];
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((process) => process.stop()));
    await scene.kept.close();
  });
  return scene;
}
