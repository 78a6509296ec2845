/**
 * Groups over a history in memory, with a clock that the test moves: alerts come, processes look at groups and send what
 * they make, each when the test says so. Nothing waits for real time.
 */
import type { PostedAlert } from '../../src/api/port';
import { createExpiry } from '../../src/dispatch/expiry';
import { createFlusher, type FlusherOptions } from '../../src/dispatch/flusher';
import { composeWith } from '../../src/dispatch/group-message';
import { createGrouping, type Grouping } from '../../src/dispatch/grouping';
import { planPages } from '../../src/dispatch/pages';
import type { RouteOptions } from '../../src/dispatch/port';
import { transitionOf } from '../../src/dispatch/posted';
import type { Labels } from '../../src/domain/labels';
import type { Transition } from '../../src/domain/transition';
import type { GroupStore } from '../../src/history/port';
import { createGroupSender } from '../../src/notify/group-sender';
import { createGroupVerdicts, type GroupStagesOptions } from '../../src/notify/group-stages/stages';
import type { Delivery, GroupMessage, Integration } from '../../src/notify/port';
import { silentLogger, type Turns } from '../../src/observe/observe';
import { historyInMemory, type HistoryInMemory } from './groups-in-memory';

export const START = Date.parse('2026-03-01T12:00:00Z');
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export const route = (more: Partial<RouteOptions> = {}): RouteOptions => ({
  ...{ receiver: 'team', groupBy: ['alertname'], matchers: [], continue: false, labels: {}, routes: [] },
  ...{ groupWaitMs: 30 * SECOND, groupIntervalMs: 5 * MINUTE, repeatIntervalMs: 4 * HOUR },
  ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
  ...more,
});

export interface Heard {
  readonly at: number;
  readonly by: string;
  readonly integration: string;
  readonly message: GroupMessage;
}

export type Answer = (message: GroupMessage) => Promise<Delivery>;

export interface ProcessOptions {
  readonly route?: RouteOptions;
  readonly flusher?: Partial<FlusherOptions>;
  readonly grouping?: Partial<Parameters<typeof createGrouping>[0]>;
  /** What happens when a look has read what was told and decides. */
  readonly onVerdicts?: () => Promise<void>;
}

export interface GroupProcess {
  readonly grouping: Grouping;
  readonly store: GroupStore;
  /** One look at all groups that are due. */
  look(): Promise<void>;
  /** Takes what is due and sends it; resolves when all of it has been answered. */
  send(): Promise<void>;
  expire(): Promise<void>;
  /** As after kill -9: what it is about to write is lost. */
  die(): void;
}

export interface SceneOptions {
  readonly receivers?: readonly string[];
  readonly sendResolved?: boolean;
  readonly answer?: Answer;
  readonly mutes?: Partial<GroupStagesOptions>;
}

export interface Scene {
  readonly history: HistoryInMemory;
  readonly heard: Heard[];
  readonly published: Transition[];
  now(): number;
  advance(ms: number): void;
  process(name: string, options?: ProcessOptions): Promise<GroupProcess>;
  /** What a sender posts, all in one batch, by the routes of `by`. */
  post(by: GroupProcess, ...alerts: readonly Partial<PostedAlert>[]): Promise<void>;
  apply(by: GroupProcess, transitions: readonly Transition[]): Promise<void>;
}

const DELIVERED: Delivery = { kind: 'delivered', detail: 'heard' };

export const labelled = (more: Labels): Labels => ({ alertname: 'Down', ...more });
/** `a firing`: the alert's host and what was said of it. */
export const said = ({ message }: Heard): string[] =>
  message.alerts.map(({ labels, status }) => `${labels['host']} ${status}`);

export function groupScene(options: SceneOptions = {}): Scene {
  const { receivers = ['team'], sendResolved = true, answer = async () => DELIVERED, mutes } = options;
  let time = START;
  let received = 0;
  const now = (): number => time;
  const history = historyInMemory(now);
  const heard: Heard[] = [];
  const published: Transition[] = [];

  const apply: Scene['apply'] = async (by, transitions) => {
    const fingerprints = [...new Set(transitions.map(({ fingerprint }) => fingerprint))];
    const audience = { pageFor: () => [], resolveTo: [], groupsFor: by.grouping.groupsFor };
    await history.pages.apply(fingerprints, (rows) => planPages(rows, transitions, audience, new Date(time)));
  };
  const posted = (alert: Partial<PostedAlert>): Transition => {
    received = Math.max(time, received + 1);
    const iso = (ms: number): string => new Date(ms).toISOString();
    const whole: PostedAlert = {
      ...{ labels: labelled({ host: 'a' }), annotations: {}, generatorUrl: '', timedOut: false },
      ...{ startsAt: iso(time), endsAt: iso(time + 24 * HOUR), updatedAt: iso(time) },
      ...alert,
    };
    return transitionOf(whole, received, () => false);
  };

  async function start(name: string, more: ProcessOptions): Promise<GroupProcess> {
    let isDead = false;
    const store = mortal(history.storeOf(name), () => isDead);
    const grouping = createGrouping({
      ...{ store, changes: mortal(history.follow(), () => isDead), route: more.route ?? route(), now },
      ...more.grouping,
    });
    await grouping.start();
    const log = silentLogger();
    const integrations = new Map(
      receivers.map((receiver): [string, Integration] => {
        const integration = `${receiver}/webhook/0`;
        const notify: Integration['notify'] = async (message) => {
          const delivery = await answer(message);
          if (delivery.kind === 'delivered') heard.push({ at: time, by: name, integration, message });
          return delivery;
        };
        const about = {
          receiver,
          kind: 'webhook',
          index: 0,
          sendResolved,
          destination: `http://${receiver}`,
        };
        return [integration, { ...about, notify, close: async () => undefined }];
      }),
    );
    const verdicts = createGroupVerdicts({
      ...{ silencer: async () => () => [], inhibitedBy: () => [], timeMutedBy: () => [], log },
      integrationsOf: (receiver) => [{ name: `${receiver}/webhook/0`, sendResolved }],
      ...mutes,
    });
    const flusher = (): Turns =>
      createFlusher({
        ...{ store, known: grouping.known, routing: grouping.routing, now, log, onMessages: () => undefined },
        verdicts: async (at) => {
          await more.onVerdicts?.();
          return verdicts(at);
        },
        ...more.flusher,
      });
    const sender = () =>
      createGroupSender({
        ...{ store, log, integrations: () => integrations, now: () => new Date(time), elapsedMs: now },
        ...{ compose: composeWith(grouping, now), refresh: grouping.known.refresh, random: () => 0.5 },
      });
    const made: GroupProcess = {
      ...{ grouping, store },
      look: () => oneTurn(flusher()),
      send: () => oneTurn(sender()),
      expire: () => oneTurn(createExpiry({ known: grouping.known, publish, now, log })),
      die: () => void (isDead = true),
    };
    const publish = async (transitions: readonly Transition[]): Promise<void> => {
      published.push(...transitions);
      await apply(made, transitions);
    };
    return made;
  }

  return {
    ...{ history, heard, published, now, apply },
    advance: (ms) => void (time += ms),
    process: (name, more = {}) => start(name, more),
    post: (by, ...alerts) => apply(by, alerts.map(posted)),
  };
}

/** Whoever is stopped at once ends the turn that has begun. */
export async function oneTurn(turns: Pick<Turns, 'start' | 'stop'>): Promise<void> {
  turns.start();
  await turns.stop();
}

/** What a process asks of the history after its end is never done. */
function mortal<T extends object>(port: T, isDead: () => boolean): T {
  return new Proxy(port, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        if (isDead()) throw new Error('the process has ended');
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}
