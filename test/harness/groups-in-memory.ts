/**
 * Alerts' rows, groups and what their receivers were told, in memory: what the history keeps in Postgres, with the same
 * rules, and a clock that tests move. Every call is a transaction of its own: whole, or not at all.
 * `test/contract/history/groups-in-memory.test.ts` holds the two against each other.
 */
import type {
  AlertChanges,
  AlertRow,
  DueGroup,
  FlushedGroup,
  GroupStore,
  HeldAlert,
  HeldBackMessages,
  Holder,
  ChangedAlert,
  MessageOutcome,
  NewGroup,
  PagesStore,
  PendingMessage,
  RecordedDelivery,
  RecordedHold,
  TakenMessage,
  ToldOfGroup,
} from '../../src/history/port';

export interface GroupRow {
  readonly id: string;
  readonly routeId: string;
  dueAt: number;
  flushedAt: number | null;
  joined: number;
  held: string | null;
  isOutrun: boolean;
  leaseUntil: number | null;
  takenBy: string | null;
}

export interface MessageRow {
  readonly groupKey: string;
  readonly integration: string;
  firing: readonly string[];
  resolved: readonly string[];
  awaited: readonly string[];
  toldAt: Date | null;
  seq: number;
  toldSeq: number;
  pending: PendingMessage | null;
  pendingSince: number | null;
  dueAt: number | null;
  attempts: number;
  error: string | null;
  memory: TakenMessage['memory'];
  groupId: string | null;
  routeId: string | null;
  lookAgainMs: number | null;
  leaseUntil: number | null;
  takenBy: string | null;
}

type Delivered = Omit<RecordedDelivery, 'said'> & Pick<PendingMessage, 'firing' | 'resolved'>;

export interface HistoryInMemory {
  readonly groups: ReadonlyMap<string, GroupRow>;
  readonly messages: ReadonlyMap<string, MessageRow>;
  readonly rows: ReadonlyMap<string, AlertRow>;
  readonly deliveries: readonly Delivered[];
  readonly holds: readonly RecordedHold[];
  readonly pages: PagesStore;
  /** Changes a row as its life does. */
  change(fingerprint: string, change: Partial<AlertRow>): void;
  /** What a process sees. */
  storeOf(holder: string): GroupStore;
  follow(): AlertChanges;
  removeGroup(id: string): void;
}

interface Kept {
  readonly groups: Map<string, GroupRow>;
  readonly messages: Map<string, MessageRow>;
  readonly deliveries: Delivered[];
  readonly holds: RecordedHold[];
  readonly now: () => number;
}

/** `now`: the server's clock. */
export function historyInMemory(now: () => number): HistoryInMemory {
  const kept: Kept = { groups: new Map(), messages: new Map(), deliveries: [], holds: [], now };
  const rows = new Map<string, AlertRow>();
  const changed = new Map<string, { readonly version: number; readonly at: number }>();
  let version = 0;
  const write = (row: AlertRow): void => {
    rows.set(row.fingerprint, row);
    changed.set(row.fingerprint, { version, at: now() });
  };
  return {
    ...kept,
    rows,
    change(fingerprint, change) {
      version += 1;
      write({ ...rows.get(fingerprint)!, ...change });
    },
    pages: {
      async apply(fingerprints, decide) {
        await turnOver();
        const change = decide(
          new Map(fingerprints.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)!]] : []))),
        );
        version += 1;
        change.rows.forEach(write);
        join(kept, change.groups ?? []);
        return change;
      },
    },
    follow() {
      let horizon: number | null = null;
      return {
        async next(wanted) {
          await turnOver();
          const isWhole = horizon === null;
          const asked = isWhole ? await wanted() : [];
          const isAsked = (row: AlertRow): boolean =>
            horizon === null
              ? row.state !== 'RESOLVED' || asked.includes(row.fingerprint)
              : changed.get(row.fingerprint)!.version >= horizon;
          const found = [...rows.values()].filter(isAsked);
          // Whatever is written from now on is of a later transaction.
          horizon = version + 1;
          const alerts = found.map((row) => changedOf(row, changed.get(row.fingerprint)!.at));
          const at = now();
          // Senders have always been heard.
          return { isWhole, alerts, hearing: { now: at, since: 0, heardUntil: at, before: 0 } };
        },
      };
    },
    storeOf: (holder) => storeOf(kept, holder),
    removeGroup: (id) => void kept.groups.delete(id),
  };
}

/** An answer comes later, as a server's does. */
const turnOver = (): Promise<void> => Promise.resolve();

function changedOf(row: AlertRow, changedAt: number): ChangedAlert {
  const { fingerprint, labels, annotations, state, episode, generatorUrl } = row;
  return {
    ...{ fingerprint, labels, annotations, state, episode, generatorUrl, changedAt },
    startsAt: Date.parse(row.startsAt),
    endsAt: row.endsAt === null ? null : Date.parse(row.endsAt),
    expiresAt: row.expiresAt === null ? null : Date.parse(row.expiresAt),
    updatedAt: row.eventTime,
    acknowledgement: row.acknowledgement,
    downTarget: null,
  };
}

function storeOf(kept: Kept, holder: string): GroupStore {
  const { groups, messages, now } = kept;
  const later =
    <A extends unknown[], R>(does: (...args: A) => R) =>
    async (...args: A): Promise<R> => {
      await turnOver();
      return does(...args);
    };
  return {
    join: later((made) => join(kept, made)),
    retime: later((times) => {
      for (const { id, dueAt } of times) {
        const group = groups.get(id);
        if (group !== undefined) group.dueAt = dueAt.getTime();
      }
    }),
    takeDue: later((at, limit, leaseMs) => takeDue(kept, holder, at.getTime(), limit, leaseMs)),
    nextDue: later(() => {
      const times = [...groups.values()].map(({ dueAt, leaseUntil }) => Math.max(dueAt, leaseUntil ?? dueAt));
      return times.length === 0 ? null : new Date(Math.min(...times));
    }),
    routeIds: later(() => [...groups.values()].map(({ id, routeId }) => ({ id, routeId }))),
    told: later((keys) =>
      [...messages.values()].filter(({ groupKey }) => keys.includes(groupKey)).map(toldOf),
    ),
    allTold: later(() => [...messages.values()].map(toldOf)),
    flushed: later((results) => writeFlushed(kept, results)),
    takeMessages: later((names, limit, leaseMs, heldBack) =>
      takeMessages(kept, holder, names, limit, leaseMs, heldBack),
    ),
    nextMessageDueInMs: later((names, { waitedMs = 0 } = {}) => {
      const times = [...messages.values()]
        .filter(({ pending, integration }) => pending !== null && names.includes(integration))
        .map(
          ({ dueAt, leaseUntil, pendingSince }) =>
            Math.max(dueAt!, leaseUntil ?? dueAt!, waitedMs > 0 ? pendingSince! + waitedMs : 0) - now(),
        );
      return times.length === 0 ? null : Math.min(...times);
    }),
    keep: later((held, leaseMs) => {
      for (const { id, lease } of held) {
        const group = groups.get(id);
        if (group?.takenBy === lease) group.leaseUntil = now() + leaseMs;
      }
    }),
    renew: later((held, leaseMs) => {
      for (const message of held) {
        const row = messages.get(placeOf(message));
        if (row?.takenBy === message.lease) row.leaseUntil = now() + leaseMs;
      }
    }),
    finish: later((message, outcome) => finish(kept, message, outcome)),
    inherit: later((told) => {
      for (const each of told) {
        const place = placeOf(each);
        if (!messages.has(place)) messages.set(place, { ...emptyMessage(each), ...each, seq: now() });
      }
    }),
    listen: async () => async () => undefined,
  };
}

const placeOf = ({ groupKey, integration }: Pick<MessageRow, 'groupKey' | 'integration'>): string =>
  `${groupKey}\n${integration}`;

const emptyMessage = ({
  groupKey,
  integration,
}: Pick<MessageRow, 'groupKey' | 'integration'>): MessageRow => ({
  ...{
    groupKey,
    integration,
    firing: [],
    resolved: [],
    awaited: [],
    toldAt: null,
    seq: 0,
    toldSeq: 0,
    pending: null,
  },
  ...{ pendingSince: null, dueAt: null, attempts: 0, error: null, memory: {} },
  ...{ groupId: null, routeId: null, lookAgainMs: null, leaseUntil: null, takenBy: null },
});

function toldOf({
  groupKey,
  integration,
  firing,
  resolved,
  awaited,
  toldAt,
  seq,
  pending,
  leaseUntil,
  groupId,
}: MessageRow): ToldOfGroup {
  return {
    groupKey,
    integration,
    firing,
    resolved,
    awaited,
    toldAt,
    seq,
    pending,
    isTaken: leaseUntil !== null,
    groupId,
  };
}

/** As `on conflict do update` refuses to touch a row twice in one statement. */
function refuseTwins(names: readonly string[]): void {
  if (new Set(names).size < names.length)
    throw new Error('on conflict do update command cannot affect row a second time');
}

function join({ groups }: Kept, made: readonly NewGroup[]): void {
  refuseTwins(made.map(({ id }) => id));
  for (const { id, routeId, dueAt } of made) {
    const known = groups.get(id);
    if (known !== undefined) {
      known.joined += 1;
      if (known.flushedAt === null) known.dueAt = Math.min(known.dueAt, dueAt.getTime());
    } else
      groups.set(id, {
        ...{ id, routeId, dueAt: dueAt.getTime(), flushedAt: null, joined: 1 },
        ...{ held: null, isOutrun: false, leaseUntil: null, takenBy: null },
      });
  }
}

/** Each taking has a name of its own. */
let leases = 0;

function takeDue(
  { groups, now }: Kept,
  holder: string,
  at: number,
  limit: number,
  leaseMs: number,
): DueGroup[] {
  const due = [...groups.values()]
    .filter(({ dueAt, leaseUntil }) => dueAt <= at && (leaseUntil === null || leaseUntil <= now()))
    .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1));
  const unheard = due.filter(({ flushedAt }) => flushedAt === null).slice(0, limit);
  const others = due.filter(({ flushedAt }) => flushedAt !== null);
  const taken = [...unheard, ...others.slice(0, Math.max(limit - unheard.length, Math.ceil(limit / 4)))];
  const lease = `${holder} ${++leases}`;
  return taken.map((group) => {
    group.leaseUntil = now() + leaseMs;
    group.takenBy = lease;
    const { id, routeId, dueAt, flushedAt, joined, held } = group;
    return {
      ...{ id, lease, routeId, joined, heldDigest: held, dueAt: new Date(dueAt) },
      flushedAt: flushedAt === null ? null : new Date(flushedAt),
    };
  });
}

function writeFlushed(kept: Kept, results: readonly FlushedGroup[]): void {
  const { groups, messages, now } = kept;
  const own = results.filter(({ id, lease }) => groups.get(id)?.takenBy === lease);
  const isOnItsWay = (key: string): boolean =>
    [...messages.values()].some(
      ({ groupKey, pending, leaseUntil }) => groupKey === key && pending !== null && leaseUntil !== null,
    );
  const made = own.flatMap((result) => result.messages.map((message) => ({ ...message, result })));
  refuseTwins(made.map(placeOf));
  for (const { id, joined, dueAt, flushedAt, held, outrun } of own) {
    const group = groups.get(id)!;
    if (dueAt === null && group.joined === joined) groups.delete(id);
    else
      Object.assign(group, {
        dueAt: outrun !== undefined && !isOnItsWay(outrun) ? now() : (dueAt?.getTime() ?? group.dueAt),
        ...{ isOutrun: outrun !== undefined, flushedAt: flushedAt.getTime() },
        ...{ leaseUntil: null, takenBy: null, held: held === undefined ? group.held : held.digest },
      });
  }
  own.forEach((result) => writeHeld(kept, result));
  made.forEach((message) => writeMessage(kept, message));
}

const idOf = (holder: Holder): string =>
  holder.kind === 'silence' ? holder.id : holder.kind === 'alert' ? holder.fingerprint : holder.name;
const holdKey = ({ fingerprint, reason, by }: HeldAlert): string =>
  [fingerprint, reason, ...by.map(idOf)].join('\n');

function writeHeld({ holds }: Kept, { id: groupId, held, flushedAt }: FlushedGroup): void {
  if (held === undefined) return;
  const { groupKey, receiver, alerts } = held;
  const now = new Map(alerts.map((alert) => [holdKey(alert), alert]));
  for (const [at, hold] of holds.entries()) {
    if (hold.groupId !== groupId || hold.until !== null) continue;
    const goesOn = now.delete(holdKey(hold));
    if (!goesOn) holds[at] = { ...hold, until: new Date(Math.max(flushedAt.getTime(), hold.from.getTime())) };
  }
  for (const alert of now.values())
    holds.push({ ...alert, groupId, groupKey, receiver, from: flushedAt, until: null });
}

type Made = FlushedGroup['messages'][number] & { readonly result: FlushedGroup };

function stillAwaited(
  { awaited, firing }: Pick<MessageRow, 'awaited' | 'firing'>,
  message: PendingMessage | null,
): string[] {
  const said = new Set([...(message?.firing ?? []), ...(message?.resolved ?? [])]);
  return [...new Set([...awaited, ...firing])].filter((id) => !said.has(id)).sort();
}

function writeMessage({ messages, now }: Kept, made: Made): void {
  const { pending, told, result } = made;
  const place = placeOf(made);
  const row = messages.get(place) ?? { ...emptyMessage(made), seq: now() - 1 };
  const isFresh = row.pending === null;
  messages.set(place, {
    ...row,
    ...(told && {
      firing: pending?.firing ?? [],
      resolved: pending?.resolved ?? [],
      awaited: stillAwaited(row, pending),
      toldAt: result.flushedAt,
      toldSeq: row.seq + 1,
    }),
    pending: told ? null : pending,
    seq: row.seq + 1,
    pendingSince: isFresh ? now() : row.pendingSince,
    dueAt: now(),
    attempts: isFresh ? 0 : row.attempts,
    ...{ groupId: result.id, routeId: result.routeId, lookAgainMs: result.lookAgainMs },
  });
}

function takeMessages(
  { messages, now }: Kept,
  holder: string,
  names: readonly string[],
  limit: number,
  leaseMs: number,
  { waitedMs = 0 }: HeldBackMessages = {},
): TakenMessage[] {
  const isFree = ({ pending, pendingSince, dueAt, integration, leaseUntil }: MessageRow): boolean =>
    pending !== null &&
    pendingSince! <= now() - waitedMs &&
    dueAt! <= now() &&
    names.includes(integration) &&
    (leaseUntil === null || leaseUntil <= now());
  const due = [...messages.values()]
    .filter(isFree)
    .sort((a, b) => a.dueAt! - b.dueAt!)
    .slice(0, limit);
  const lease = `${holder} ${++leases}`;
  return due.map((row) => {
    Object.assign(row, { leaseUntil: now() + leaseMs, takenBy: lease, attempts: row.attempts + 1 });
    const { groupKey, integration, seq, memory } = row;
    return {
      ...{ groupKey, integration, lease, seq, memory, attempts: row.attempts - 1 },
      ...{ pending: row.pending!, ageMs: now() - row.pendingSince! },
    };
  });
}

function finish(kept: Kept, message: TakenMessage, outcome: MessageOutcome): void {
  const { messages, now } = kept;
  const row = messages.get(placeOf(message));
  if (row === undefined) return;
  const isSent = outcome.kind === 'sent';
  lookAgain(kept, row, message, outcome);
  if (outcome.kind !== 'retry') kept.deliveries.push(deliveryOf(message, outcome, now()));
  const isNewest = row.seq === message.seq;
  const isOwn = row.takenBy === message.lease;
  if (isOwn) Object.assign(row, { leaseUntil: null, takenBy: null, error: isSent ? null : outcome.error });
  if (isSent && message.seq >= row.toldSeq) {
    const { firing, resolved } = message.pending;
    const awaited = stillAwaited(row, message.pending);
    Object.assign(row, {
      firing,
      resolved,
      awaited,
      toldAt: outcome.at,
      toldSeq: message.seq,
      memory: outcome.memory ?? row.memory,
    });
  }
  if (isNewest && (isSent || (isOwn && outcome.kind !== 'retry'))) row.pending = null;
  if (isOwn && outcome.kind !== 'retry') row.attempts = 0;
  if (isNewest && isOwn) row.dueAt = now() + (outcome.kind === 'retry' ? outcome.afterMs : 0);
}

/** The group may have gone while its message was on its way. */
function lookAgain(
  kept: Kept,
  { groupId, routeId, lookAgainMs }: MessageRow,
  { pending }: TakenMessage,
  { kind }: MessageOutcome,
): void {
  const group = groupId === null ? undefined : kept.groups.get(groupId);
  if (group?.isOutrun) {
    Object.assign(group, {
      dueAt: Math.min(group.dueAt, kept.now()),
      isOutrun: false,
      joined: group.joined + 1,
    });
    return;
  }
  if (groupId === null || !(kind === 'refused' || (kind === 'sent' && pending.firing.length > 0))) return;
  const known = kept.groups.get(groupId);
  const dueAt = new Date(kept.now() + (kind === 'sent' ? 0 : lookAgainMs!));
  if (known !== undefined) known.joined += 1;
  else join(kept, [{ id: groupId, routeId: routeId!, dueAt }]);
}

function deliveryOf(
  { groupKey, integration, attempts, pending }: TakenMessage,
  outcome: Exclude<MessageOutcome, { kind: 'retry' | 'limited' }>,
  now: number,
): Delivered {
  const isSent = outcome.kind === 'sent';
  return {
    ...{ groupKey, integration, outcome: outcome.kind, attempts: attempts + 1 },
    ...{ firing: pending.firing, resolved: pending.resolved, reason: pending.reason },
    at: isSent ? outcome.at : new Date(now),
    error: isSent ? (outcome.instead?.why ?? null) : outcome.error,
    via: isSent ? (outcome.instead?.via ?? null) : null,
  };
}
