/**
 * Drills: each way of a receiver is told that it is only a drill, what came of it is kept, and a receiver that was not reached is
 * an alert until it is. When drills are done is their Schedules' to say, how often one is tried again their workflow's.
 */
import {
  DRILL_ALERT,
  DRILL_FAILED,
  DRILL_SOURCE,
  type DrilledReceiver,
  type DrillOutcome,
} from '../domain/drill';
import { messageOf } from '../domain/errors';
import { fingerprint, type Labels } from '../domain/labels';
import { raisedTransition } from '../domain/raised';
import type { Transition } from '../domain/transition';
import type { AuditRows, DrillStep, DrillStore } from '../history/port';
import type { Notice, NoticeWay } from './notices';
import type { Delivery, Drills } from './port';
import { withinDeadline } from './within-deadline';

export interface DrillOptions {
  readonly instance: string;
  readonly store: DrillStore;
  readonly rows: Pick<AuditRows, 'named'>;
  /** Ways of a receiver as it is configured now; empty where there is none. Whoever asks closes them. */
  readonly waysOf: (receiver: string) => readonly NoticeWay[];
  /** To `gds.alerts`. */
  readonly publish: (transitions: readonly Transition[]) => Promise<void>;
  /** Who is told that this receiver was not reached; empty: those of the route. */
  readonly toldOf: (receiver: string, labels: Labels) => readonly string[];
  readonly now: () => number;
  readonly onDrilled?: (drill: string, outcome: DrillOutcome) => void;
}

interface Came {
  readonly delivery: Delivery;
  readonly name: string;
}

export function createDrills(options: DrillOptions): Drills {
  const { instance, store, rows, waysOf, publish, toldOf, now, onDrilled = () => undefined } = options;

  async function drillWay(
    way: NoticeWay,
    { drill, receiver, at }: DrilledReceiver,
    attempts: number,
    signal: AbortSignal,
  ): Promise<Came> {
    const key = { drill, receiver, at, way: way.name };
    const came = (delivery: Delivery): Came => ({ delivery, name: way.name });
    const before = await store.step(key);
    if (before?.isDelivered) return came({ kind: 'delivered', detail: before.detail });
    const notice = noticeOf(drill, receiver, at, instance);
    const keep = (begun: DrillStep['begun'], isDelivered: boolean, detail: string): Promise<void> =>
      store.record(key, { begun, isDelivered, detail });
    let begun = before?.begun ?? null;
    if (begun === null) {
      const delivery = await withinDeadline(way.timeoutMs, signal, (until) =>
        way.begin(notice, attempts, until),
      );
      if (delivery.kind !== 'delivered') {
        await keep(null, false, delivery.error);
        return came(delivery);
      }
      begun = { memory: delivery.memory ?? {}, detail: delivery.detail };
      await keep(begun, !way.tellsEnd, delivery.detail);
      if (!way.tellsEnd) return came(delivery);
    }
    const { memory, detail } = begun;
    const ended = await withinDeadline(way.timeoutMs, signal, (until) =>
      way.end(notice, memory, attempts, until),
    );
    const said =
      ended.kind === 'delivered'
        ? { ...ended, detail: `${detail}; its end too` }
        : { ...ended, error: `it was told of the drill, and not of its end: ${ended.error}` };
    await keep(begun, said.kind === 'delivered', said.kind === 'delivered' ? said.detail : said.error);
    return came(said);
  }

  async function drillReceiver(
    drilled: DrilledReceiver,
    attempts: number,
    signal: AbortSignal,
  ): Promise<DrillOutcome> {
    const { receiver } = drilled;
    let ways: readonly NoticeWay[];
    try {
      ways = waysOf(receiver);
    } catch (error) {
      return unreached(receiver, true, `its configuration cannot be read: ${messageOf(error)}`);
    }
    if (ways.length === 0) return unreached(receiver, false, 'it has no way to tell anybody');
    try {
      return together(
        receiver,
        await Promise.all(ways.map((way) => drillWay(way, drilled, attempts, signal))),
      );
    } finally {
      await Promise.all(ways.map((way) => way.close()));
    }
  }

  /** Raises those that were not reached, and ends what was raised of those that were. */
  async function tell(
    drill: string,
    outcomes: readonly Pick<DrillOutcome, 'receiver' | 'delivered' | 'detail'>[],
    at: number,
  ) {
    const labelled = outcomes.map((outcome) => ({
      outcome,
      labels: failureOf(drill, outcome.receiver, instance),
    }));
    const known = await rows.named(labelled.map(({ labels }) => fingerprint(labels)));
    const transitions = labelled.flatMap(({ outcome, labels }) => {
      const row = known.find((each) => each.fingerprint === fingerprint(labels)) ?? null;
      const { receiver, delivered, detail } = outcome;
      return (
        raisedTransition({
          ...{ source: DRILL_SOURCE, labels, value: null, fires: !delivered, at, row },
          annotations: {
            summary: `the drill ${drill} did not reach ${receiver}: nobody can be told there`,
            description: detail,
          },
          receivers: toldOf(receiver, labels),
        }) ?? []
      );
    });
    if (transitions.length > 0) await publish(transitions);
  }

  return {
    async drill(drilled, attempts, signal) {
      const outcome = await drillReceiver(drilled, attempts, signal);
      onDrilled(drilled.drill, outcome);
      return outcome;
    },
    conclude: (drill, outcomes, at) => tell(drill, outcomes, at),
    async forgetOthers(configured) {
      const isKnown = new Set(
        configured.flatMap(({ drill, receivers }) => receivers.map((receiver) => `${drill} ${receiver}`)),
      );
      const pairs = new Map((await store.latest()).map((each) => [`${each.drill} ${each.receiver}`, each]));
      for (const [pair, { drill, receiver }] of pairs) {
        if (isKnown.has(pair)) continue;
        await tell(drill, [{ receiver, delivered: true, detail: 'it is not drilled any more' }], now());
        await store.forget(drill, receiver);
      }
    },
  };
}

const unreached = (receiver: string, retryable: boolean, detail: string): DrillOutcome => ({
  ...{ receiver, delivered: false, retryable, detail },
});

/** Reached, where all ways are. */
function together(receiver: string, came: readonly Came[]): DrillOutcome {
  const failed = came.filter(({ delivery }) => delivery.kind !== 'delivered');
  const say = ({ delivery, name }: Came): string => {
    const said = delivery.kind === 'delivered' ? delivery.detail : delivery.error;
    return came.length === 1 ? said : `${name}: ${said}`;
  };
  return {
    receiver,
    delivered: failed.length === 0,
    retryable: failed.some(({ delivery }) => delivery.kind === 'retry'),
    detail: (failed.length > 0 ? failed : came).map(say).join('; '),
  };
}

const ofInstance = (instance: string): Labels => (instance === '' ? {} : { tocsin_instance: instance });

function noticeOf(drill: string, receiver: string, at: number, instance: string): Notice {
  const labels = { alertname: DRILL_ALERT, severity: 'info', drill, receiver, test: 'true' };
  return {
    labels: { ...labels, ...ofInstance(instance) },
    ...{ at, step: 'drill' },
    summary: `This is a drill: nothing is wrong, and nobody has to do anything`,
    description: `The drill ${drill} sees whether ${receiver} would be reached. That this arrived is all that it asks for.`,
  };
}

const failureOf = (drill: string, receiver: string, instance: string): Labels => ({
  ...{ alertname: DRILL_FAILED, severity: 'warning', drill, receiver },
  ...ofInstance(instance),
});
