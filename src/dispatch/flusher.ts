/**
 * Looks at groups when they are due, and makes the messages that follow. A group's time is a row, so whichever process
 * takes it first looks at it; what this one knows of alerts is brought up to date before. A look and the messages that it
 * makes are written in one transaction: a process that dies before it leaves the group due, one that dies after it leaves
 * the messages to be sent.
 */
import { messageOf } from '../domain/errors';
import { handOverInParts } from '../domain/in-parts';
import type { DueGroup, FlushedGroup, GroupStore, KnownAlert, ToldOfGroup } from '../history/port';
import type { GroupLook, GroupMember, GroupVerdict } from '../notify/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';
import { byJobAndInstance } from './alert-order';
import type { GroupIndex, IndexedGroup } from './group-index';
import { createHoldersOf, digestOf, heldOf, openOnes, type HoldersOf } from './held';
import { isOver, overSince, type KnownAlerts } from './known-alerts';
import type { CompiledRoute, Routes } from './routes';
import type { UnderWay } from './under-way';

export interface FlusherOptions {
  readonly store: Pick<GroupStore, 'takeDue' | 'keep' | 'nextDue' | 'told' | 'flushed'>;
  readonly known: KnownAlerts;
  /** As they are now: a reload changes both. */
  readonly routing: () => { readonly routes: Routes; readonly index: GroupIndex };
  /** What senders were answered for here: a group waits until the rows show what it has of that. Default: nothing. */
  readonly underWay?: Pick<UnderWay, 'groups' | 'isStorm' | 'shown'>;
  /** For groups that are looked at together. */
  readonly verdicts: (at: Date) => Promise<(look: GroupLook) => GroupVerdict>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** So many messages are there to be sent. */
  readonly onMessages: (messages: number) => void;
  /** A group was of routes that are not in effect here: its alerts may be without one. */
  readonly onStray?: () => void;
  /** Who holds an alert back, for the record. */
  readonly holdersOf?: HoldersOf;
  readonly onLook?: (look: GroupLook, verdict: GroupVerdict) => void;
  /** How long a group is held without a word. */
  readonly leaseMs?: number;
}

/** What was not seen as over at one look because its row was not committed yet is seen at the next one. */
const MARGIN_MS = 2_000;
/** Less is what a busy machine takes: groups keep their times then. */
const LATE_MS = 500;
const LEASE_MS = 10_000;
/** What takes longer to the rows is told at the group's next look. */
const LONGEST_WAY_MS = 2_000;
/** Many thousands take so long to be written. */
const LONGEST_STORM_MS = 10_000;
const AT_ONCE = 500;
/** The first of a storm are not kept waiting for the work on hundreds of others. */
const FIRST_AT_ONCE = 50;
const LEAST_AT_ONCE = 10;
/** Alertmanager keeps what was told for two repeat intervals. */
const KEEP_REPEATS = 2;

export function createFlusher(options: FlusherOptions): Turns {
  const { store, known, routing, verdicts, now, log, onMessages, onLook = () => undefined } = options;
  const { leaseMs = LEASE_MS, underWay } = options;
  const waiting = new Set<Promise<void>>();
  const holdersOf = options.holdersOf ?? createHoldersOf(known);
  let atOnce = FIRST_AT_ONCE;

  async function turn(): Promise<number | null> {
    const limit = atOnce;
    const began = now();
    const due = await store.takeDue(new Date(began), limit, leaseMs);
    if (due.length > 0) await flushOrWait(due);
    atOnce = nextLimit(due.length, limit, (now() - began) / leaseMs);
    if (due.length >= limit) return 0;
    const next = await store.nextDue();
    return next === null ? null : next.getTime() - now();
  }

  /** A group whose alerts are still coming is looked at when they are there: a page has all that was posted before it was due. */
  async function flushOrWait(due: readonly DueGroup[]): Promise<void> {
    const coming = (await underWay?.groups()) ?? new Set();
    const [ready, early] = [due.filter(({ id }) => !coming.has(id)), due.filter(({ id }) => coming.has(id))];
    if (ready.length > 0) await whileKept(ready, () => flush(ready));
    if (early.length > 0) later(early);
  }

  /** Beside the turns, so that the other groups keep their times. */
  function later(early: readonly DueGroup[]): void {
    const before = [...waiting];
    const work = whileKept(early, async () => {
      await untilThere(underWay!);
      // One after the other, as in the turns.
      await Promise.all(before);
      await flush(early);
    })
      .catch((error: unknown) => onError(error, false))
      .finally(() => {
        waiting.delete(work);
        turns.wake();
      });
    waiting.add(work);
  }

  /** In a storm also what comes meanwhile: told a whole interval later, it would be a second page of the same. */
  async function untilThere({ isStorm, shown }: Pick<UnderWay, 'isStorm' | 'shown'>): Promise<void> {
    const until = now() + LONGEST_STORM_MS;
    let goesOn: boolean;
    do {
      goesOn = isStorm();
      await shown(Math.min(LONGEST_WAY_MS, until - now()));
    } while (goesOn && now() < until);
  }

  /** Postgres may be slow: whoever works goes on holding what it works on. */
  async function whileKept(due: readonly DueGroup[], work: () => Promise<void>): Promise<void> {
    const keep = (): void =>
      void store
        .keep(due, leaseMs)
        .catch((error: unknown) => log.debug({ err: error }, 'groups that are looked at cannot be held'));
    const timer = setInterval(keep, leaseMs / 3);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** What Postgres takes of no group holds up that one alone: together they would be due again together. */
  async function flush(due: readonly DueGroup[]): Promise<void> {
    for (const { item, problem } of await handOverInParts(due, flushTogether))
      log.warn({ group: item.id }, `a group cannot be looked at, it waits: ${problem}`);
  }

  async function flushTogether(due: readonly DueGroup[]): Promise<void> {
    await known.refresh();
    const { routes, index } = routing();
    const keys = due.flatMap(({ id }) => index.group(id)?.key ?? []);
    const told = byGroup(await store.told(keys));
    const verdict = await verdicts(new Date(now()));
    const results = due.map((group) => {
      const result = flushOne(group, { routes, index, told, verdict });
      made(told, result);
      return result;
    });
    await store.flushed(withoutReplaced(results));
    const messages = results.reduce((count, result) => count + result.messages.length, 0);
    if (messages > 0) onMessages(messages);
    if (due.some(({ routeId }) => routes.route(routeId) === null)) options.onStray?.();
  }

  function flushOne(due: DueGroup, { routes, index, told, verdict }: Turn): FlushedGroup {
    const at = now();
    const group = index.group(due.id);
    const route = routes.route(due.routeId);
    const flushed = {
      ...{ id: due.id, lease: due.lease, routeId: due.routeId, joined: due.joined, flushedAt: new Date(at) },
      lookAgainMs: route?.options.groupIntervalMs ?? 0,
    };
    // Its alerts have left it, or a reload has taken its route away: they are where the routes lead them now.
    if (group === undefined || route === null)
      return {
        ...flushed,
        dueAt: null,
        messages: [],
        ...(due.heldDigest !== null && { held: NOTHING_HELD }),
      };
    const known = told.get(group.key) ?? new Map<string, ToldOfGroup>();
    const look = lookOf(due, group, route, known, index, at);
    const decided = look.members.length === 0 ? NOBODY : verdict(look);
    onLook(look, decided);
    const keepUntil = new Date(at + KEEP_REPEATS * route.options.repeatIntervalMs + DAY_MS);
    const messages = decided.messages
      .filter(({ integration }) => !isOfTwin(known.get(integration), group, index))
      .map((message) => ({ groupKey: group.key, keepUntil, ...message }));
    // As long as it is not known what became of a message, there may be more to tell.
    const isOpen = look.members.some((member) => !member.isOver) || isUnderWay(look.told);
    const back = openOnes(look, decided.held);
    const digest = digestOf(back);
    return {
      ...{ ...flushed, dueAt: isOpen ? nextLook(due, route, at) : null, messages },
      ...(isOutrun(look, decided) && { outrun: group.key }),
      ...(digest !== due.heldDigest && { held: { digest, ...heldOf(look, back, holdersOf) } }),
    };
  }

  function lookOf(
    due: DueGroup,
    group: IndexedGroup,
    { options: route }: CompiledRoute,
    told: ReadonlyMap<string, ToldOfGroup>,
    index: GroupIndex,
    at: number,
  ): GroupLook {
    const seenAt = (due.flushedAt?.getTime() ?? due.dueAt.getTime() - route.groupWaitMs) - MARGIN_MS;
    const awaited = new Set([...told.values()].flatMap((each) => awaitedOf(each)));
    // What has left may say more than what waits now: whom it told of is known when it has arrived.
    const canLeave = !isUnderWay(told);
    const members: GroupMember[] = [];
    for (const fingerprint of [...group.members]) {
      const alert = known.get(fingerprint);
      if (alert === undefined || (canLeave && isSettled(alert, at, seenAt, awaited)))
        index.leave(group.id, fingerprint);
      else members.push({ alert, isOver: isOver(alert, at) });
    }
    members.sort((a, b) => byJobAndInstance(a.alert.labels, b.alert.labels));
    const { receiver, repeatIntervalMs, muteTimeIntervals, activeTimeIntervals } = route;
    return {
      ...{ key: group.key, at, members, told },
      ...{ receiver, repeatIntervalMs, muteTimeIntervals, activeTimeIntervals },
    };
  }

  function onError(error: unknown, again: boolean): void {
    log[again ? 'debug' : 'warn'](
      { err: error },
      `groups cannot be looked at, they wait: ${messageOf(error)}`,
    );
  }

  const turns = createTurns({ turn, onError });
  return {
    ...turns,
    async stop() {
      await turns.stop();
      await Promise.all(waiting);
    },
  };
}

/** What holds for all groups of a turn. */
interface Turn {
  readonly routes: Routes;
  readonly index: GroupIndex;
  readonly told: ToldByGroup;
  readonly verdict: (look: GroupLook) => GroupVerdict;
}

type ToldByGroup = Map<string, Map<string, ToldOfGroup>>;

const NOTHING_HELD = { digest: null, groupKey: '', receiver: '', alerts: [] };
const isUnderWay = (told: GroupLook['told']): boolean =>
  [...told.values()].some(({ pending, isTaken }) => pending !== null && isTaken);

/**
 * What is on its way says that an alert fires which is over, or the other way round. Alertmanager looks at a group when its
 * messages have arrived: one that would have been looked at meanwhile is looked at then.
 */
function isOutrun({ told, members }: GroupLook, { messages }: GroupVerdict): boolean {
  const underWay = [...told.values()].filter(
    ({ integration, pending, isTaken }) =>
      pending !== null && isTaken && !messages.some((message) => message.integration === integration),
  );
  if (underWay.length === 0) return false;
  const over = new Map(members.map((member) => [member.alert.fingerprint, member.isOver]));
  return underWay.some(
    ({ pending }) =>
      pending!.firing.some((fingerprint) => over.get(fingerprint) === true) ||
      pending!.resolved.some((fingerprint) => over.get(fingerprint) === false),
  );
}

/** Fewer where they took a good part of a lease, `part`; otherwise more for as long as more are due. */
function nextLimit(many: number, limit: number, part: number): number {
  if (part > 0.5) return Math.max(LEAST_AT_ONCE, Math.floor(many / 2));
  if (many < limit) return Math.min(limit, FIRST_AT_ONCE);
  return part < 0.1 ? Math.min(AT_ONCE, limit * 2) : limit;
}

const NOBODY: GroupVerdict = { messages: [], held: [] };
const DAY_MS = 86_400_000;

/** Whom an integration has been told of, or is about to be. */
const awaitedOf = ({ firing, awaited, pending }: ToldOfGroup): readonly string[] => [
  ...firing,
  ...awaited,
  ...(pending === null ? [] : [...pending.firing, ...pending.resolved]),
];

/**
 * What waits is another group's with the same key, which still is there: of routes with the same matchers, one may be
 * muted while the other tells. It is not this group's to take back or to replace; the next look sees what became of it.
 */
function isOfTwin(last: ToldOfGroup | undefined, { id, key }: IndexedGroup, index: GroupIndex): boolean {
  if (last?.pending == null || last.groupId === null || last.groupId === id) return false;
  return index.group(last.groupId)?.key === key;
}

/** It was over at the last look already, and nobody has yet to hear so. */
function isSettled(alert: KnownAlert, at: number, seenAt: number, awaited: ReadonlySet<string>): boolean {
  return isOver(alert, at) && overSince(alert) < seenAt && !awaited.has(alert.fingerprint);
}

/** An interval after it was due; after now where nobody was there to look in time. */
function nextLook({ dueAt }: DueGroup, { options }: CompiledRoute, at: number): Date {
  const isLate = at - dueAt.getTime() > LATE_MS;
  return new Date((isLate ? at : dueAt.getTime()) + options.groupIntervalMs);
}

/** For the looks that follow in the same turn. */
function made(all: ToldByGroup, { id: groupId, flushedAt, messages }: FlushedGroup): void {
  for (const { groupKey, integration, pending, told } of messages) {
    const group = all.get(groupKey) ?? new Map<string, ToldOfGroup>();
    const last = group.get(integration) ?? { ...NEVER_TOLD, groupKey, integration };
    const { firing, resolved } = pending ?? last;
    const now = told ? { firing, resolved, toldAt: flushedAt, pending: null } : { pending };
    all.set(groupKey, group.set(integration, { ...last, ...now, groupId }));
  }
}

const NEVER_TOLD = {
  firing: [],
  resolved: [],
  awaited: [],
  toldAt: null,
  seq: 0,
  pending: null,
  isTaken: false,
};

/** Of what groups with one key make for the same integration the last counts: what it replaces is not written. */
function withoutReplaced(results: readonly FlushedGroup[]): readonly FlushedGroup[] {
  const later = new Set<string>();
  return results
    .toReversed()
    .map((result) => ({
      ...result,
      messages: result.messages.filter(({ groupKey, integration }) => {
        const place = `${groupKey}\n${integration}`;
        return !later.has(place) && later.add(place);
      }),
    }))
    .toReversed();
}

function byGroup(told: readonly ToldOfGroup[]): ToldByGroup {
  const found = new Map<string, Map<string, ToldOfGroup>>();
  for (const each of told) {
    const group = found.get(each.groupKey) ?? new Map<string, ToldOfGroup>();
    found.set(each.groupKey, group.set(each.integration, each));
  }
  return found;
}
