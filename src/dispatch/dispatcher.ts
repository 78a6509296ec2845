/**
 * Reads `gds.alerts` twice: `pages` writes the rows and the messages that are due, `lives` starts and tells the alert
 * workflows. Two consumer groups, so that a slow life never delays a page. Both hand a batch over whole before its
 * offsets are committed, and both may be given a batch again.
 */
import type { LifePolicy } from '../domain/life';
import type { Transition } from '../domain/transition';
import type { PagesStore } from '../history/port';
import type { PlacedTransition } from '../stream/port';
import type { Commands, Correlation } from './incidents';
import { planPages, type Audience } from './pages';
import type { PageFor } from './policy';
import type { Delivered, IncidentPolicy, Lives } from './port';

export type BatchHandler = (batch: readonly PlacedTransition[]) => Promise<void>;

export interface PagesDeps {
  readonly store: PagesStore;
  readonly pageFor: PageFor;
  readonly resolveTo: readonly string[];
  readonly groupsFor?: Audience['groupsFor'];
  /** Left out: no alerts make incidents. */
  readonly incidents?: {
    readonly correlation: Correlation;
    /** Who would command incidents of these policies. Throws where that cannot be known now. */
    readonly commandsOf: (policies: readonly IncidentPolicy[], at: Date) => Promise<Commands>;
  };
  readonly now: () => Date;
  /** Messages may be due. */
  readonly wakeNotifier: () => void;
}

export function createPagesHandler({
  store,
  pageFor,
  resolveTo,
  groupsFor,
  incidents,
  now,
  wakeNotifier,
}: PagesDeps): BatchHandler {
  return async (batch) => {
    const transitions = batch.map((placed) => placed.transition);
    const fingerprints = [...new Set(transitions.map((transition) => transition.fingerprint))];
    const told = await incidentsAmong(incidents, transitions, now());
    const change = await store.apply(fingerprints, (rows) =>
      planPages(rows, transitions, { pageFor, resolveTo, groupsFor, incidents: told }, now()),
    );
    if (change.notifications.length > 0 || change.resolves.length > 0 || change.incidents !== undefined)
      wakeNotifier();
  };
}

/** Who commands is found out before the rows are locked; nothing is asked where nothing that fires can belong to an incident. */
async function incidentsAmong(
  incidents: PagesDeps['incidents'],
  transitions: readonly Transition[],
  now: Date,
): Promise<Audience['incidents']> {
  if (incidents === undefined) return undefined;
  const { correlation, commandsOf } = incidents;
  const firing = transitions.filter(({ kind }) => kind === 'firing');
  const policies = new Set(firing.map(({ labels }) => correlation.policyFor(labels)));
  const wanted = [...policies].filter((policy) => policy !== null);
  if (wanted.length === 0) return undefined;
  const commands = await commandsOf(wanted, now);
  return {
    candidateOf: correlation.candidateOf,
    decide: (known, candidates) => correlation.decide(known, candidates, commands),
  };
}

export interface LivesDeps {
  readonly lives: Lives;
  readonly policyFor: (transition: Transition) => LifePolicy;
  /** How many alerts are handed over at a time; one alert's transitions keep their order. */
  readonly concurrency: number;
  readonly onDelivered?: (how: Delivered) => void;
}

export function createLivesHandler({ lives, policyFor, concurrency, onDelivered }: LivesDeps): BatchHandler {
  return async (batch) => {
    const queues = [...byFingerprint(batch).values()];
    const worker = async (): Promise<void> => {
      for (let queue = queues.shift(); queue !== undefined; queue = queues.shift()) {
        for (const transition of queue) {
          const how = await lives.deliver(transition, policyFor(transition));
          onDelivered?.(how);
        }
      }
    };
    await settleAll(Array.from({ length: Math.min(concurrency, queues.length) }, worker));
  };
}

/** In order, and of changes that follow each other only the last: a life needs the newest value alone. */
function byFingerprint(batch: readonly PlacedTransition[]): Map<string, Transition[]> {
  const queues = new Map<string, Transition[]>();
  for (const { transition } of batch) {
    const queue = queues.get(transition.fingerprint) ?? [];
    if (queue.at(-1)?.kind === 'changed' && transition.kind === 'changed') queue.pop();
    queue.push(transition);
    queues.set(transition.fingerprint, queue);
  }
  return queues;
}

/** Waits for all before it throws, so that a batch that is tried again never overlaps with itself. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
