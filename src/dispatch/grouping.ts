/**
 * What a process knows of alerts and their groups, together: the alerts as the rows have them, and the groups that follow
 * from the routes. A reload changes the routes: groups move with their alerts, and what their receivers were told goes
 * with them, so that nobody is told anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { receiverOf } from '../domain/identity';
import type { AlertRow, GroupStore, InheritedOfGroup, NewGroup, ToldOfGroup } from '../history/port';
import { createGroupIndex, type GroupIndex, type IndexedGroup } from './group-index';
import { createKnownAlerts, isOver, type KnownAlerts, type KnownAlertsOptions } from './known-alerts';
import type { RouteOptions } from './port';
import { compileRoutes, type Routes } from './routes';

export interface Grouping {
  readonly known: KnownAlerts;
  routing(): { readonly routes: Routes; readonly index: GroupIndex };
  /** The groups of an alert that fires, for its row's transaction. */
  groupsFor(row: Pick<AlertRow, 'labels' | 'startsAt'>, now: Date): readonly NewGroup[];
  /** Takes these routes from now on. Open alerts get the groups that they have by them. */
  reroute(root: RouteOptions): Promise<void>;
  /** Reads all, and makes the groups that are missing: another process may have had other routes. */
  start(): Promise<void>;
  /** Makes the groups whose rows are gone although they have open alerts; answers how many. */
  mend(): Promise<number>;
  /** Forgets alerts that are long over and of which nobody has yet to hear. */
  forget(): Promise<void>;
}

export interface GroupingOptions extends Pick<KnownAlertsOptions, 'changes'> {
  readonly store: Pick<GroupStore, 'join' | 'retime' | 'routeIds' | 'told' | 'allTold' | 'inherit'>;
  readonly route: RouteOptions;
  readonly now: () => number;
  /** False while another process goes by newer routes: its groups are those that count. Default: always. */
  readonly isInEffect?: () => boolean;
  readonly onChange?: KnownAlertsOptions['onChange'];
  readonly onForgotten?: KnownAlertsOptions['onForgotten'];
}

/** Beyond the slowest look: a message may be on its way for a minute. */
const KEPT_MS = 120_000;
const KEEP_TOLD_MS = 5 * 86_400_000;
/** A reload waits for what is being sent for two seconds: a receiver that hangs does not hold it up for longer. */
const SENDING_LOOK_MS = 50;
const SENDING_LOOKS = 40;

export function createGrouping(options: GroupingOptions): Grouping {
  const { store, now, isInEffect = () => true } = options;
  let routes = compileRoutes(options.route);
  let index = createGroupIndex(routes);
  const known = createKnownAlerts({
    changes: options.changes,
    wanted: async () => [...awaited(await store.allTold())],
    now,
    onChange(alert, before) {
      index.add(alert.fingerprint, alert.labels);
      options.onChange?.(alert, before);
    },
    onForgotten(alert) {
      index.remove(alert.fingerprint);
      options.onForgotten?.(alert);
    },
  });

  /** The group if it were made now; none where all of its alerts are over and nobody has yet to hear so. */
  function madeNow(group: IndexedGroup, told: readonly ToldOfGroup[]): NewGroup[] {
    const at = now();
    const members = [...group.members].flatMap((fingerprint) => known.get(fingerprint) ?? []);
    const starts = members.filter((alert) => !isOver(alert, at)).map(({ startsAt }) => startsAt);
    if (starts.length > 0) return [newGroup(group, Math.min(...starts), at)];
    const { receiver } = group.route.options;
    const isAwaited = told.some(
      (each) =>
        receiverOf(each.integration) === receiver &&
        [...each.firing, ...left(each)].some((fingerprint) => group.members.has(fingerprint)),
    );
    return isAwaited ? [{ id: group.id, routeId: group.route.id, dueAt: new Date(at) }] : [];
  }

  async function missingGroups() {
    const there = new Set((await store.routeIds()).map(({ id }) => id));
    return [...index.groups()].filter(({ id }) => !there.has(id));
  }

  /**
   * Where the tree is another than the one by which the rows were made, or rows are gone. Answers how many it made, of
   * those in `only`.
   */
  async function makeMissing(only?: ReadonlySet<string>): Promise<number> {
    if (!isInEffect()) return 0;
    const missing = (await missingGroups()).filter(({ id }) => only === undefined || only.has(id));
    const told = missing.length === 0 ? [] : await store.allTold();
    const made = missing.flatMap((group) => madeNow(group, told));
    if (made.length === 0) return 0;
    const ids = new Set(made.map(({ id }) => id));
    await inheritTold(missing.filter(({ id }) => ids.has(id)));
    await store.join(made);
    return made.length;
  }

  /** Groups that are new have been told what the groups that their alerts were in before were told of them. */
  async function inheritTold(made: readonly IndexedGroup[]): Promise<void> {
    const told = (await store.allTold()).filter(({ toldAt, isTaken }) => toldAt !== null || isTaken);
    const stays = membersByKey(index);
    const inherited = made.flatMap((group) => inheritance(group, told, stays, new Date(now())));
    await store.inherit(inherited, new Date(now() + KEEP_TOLD_MS));
  }

  /** A page that has left is written down a moment later: moved in that moment, its group would tell it again. */
  async function sendingEnds(): Promise<void> {
    const isSending = ({ pending, isTaken }: ToldOfGroup): boolean => pending !== null && isTaken;
    const nameOf = ({ groupKey, integration, seq }: ToldOfGroup): string =>
      `${groupKey} ${integration} ${seq}`;
    let left = (await store.allTold()).filter(isSending);
    for (let looks = 0; left.length > 0 && looks < SENDING_LOOKS; looks++) {
      await sleep(SENDING_LOOK_MS);
      const told = await store.told([...new Set(left.map(({ groupKey }) => groupKey))]);
      const still = new Set(told.filter(isSending).map(nameOf));
      left = left.filter((each) => still.has(nameOf(each)));
    }
  }

  return {
    known,
    routing: () => ({ routes, index }),
    groupsFor({ labels, startsAt }, at) {
      const made = routes
        .placesOf(labels)
        .map((place) => newGroup(place, Date.parse(startsAt), at.getTime()));
      // Whoever goes by newer routes sees at once that it is none of theirs, and makes its own.
      return isInEffect() ? made : made.map((group) => ({ ...group, dueAt: at }));
    },
    async reroute(root) {
      // Where the rows cannot be read, the routes change all the same.
      await sendingEnds().catch(() => undefined);
      routes = compileRoutes(root);
      const fresh = createGroupIndex(routes);
      for (const { fingerprint, labels } of known.all()) fresh.add(fingerprint, labels);
      index = fresh;
      await makeMissing();
      if (!isInEffect()) return;
      // As if all alerts had come now, which is what Alertmanager makes of a reload.
      const told = await store.allTold();
      await store.retime([...index.groups()].flatMap((group) => madeNow(group, told)));
    },
    async start() {
      await known.refresh();
      await makeMissing();
    },
    async mend() {
      await known.refresh();
      const missing = new Set((await missingGroups()).map(({ id }) => id));
      if (missing.size === 0) return 0;
      // Its last alert may have ended between the two looks, and the group with it.
      await known.refresh();
      return makeMissing(missing);
    },
    async forget() {
      const wanted = awaited(await store.allTold());
      known.forget(now() - KEPT_MS - routes.slowestMs, (fingerprint) => wanted.has(fingerprint));
    },
  };
}

type GroupPlaceRoute = ReturnType<GroupIndex['placesOf']>[number]['route'];

/** Looked at after `group_wait`, or at once where its alert has fired for longer than that. */
function newGroup(
  { id, route }: { readonly id: string; readonly route: GroupPlaceRoute },
  startsAt: number,
  at: number,
): NewGroup {
  const { groupWaitMs } = route.options;
  return { id, routeId: route.id, dueAt: new Date(startsAt + groupWaitMs < at ? at : at + groupWaitMs) };
}

function awaited(told: readonly ToldOfGroup[]): Set<string> {
  return new Set(
    told.flatMap(({ firing, awaited: others, pending }) => [
      ...firing,
      ...others,
      ...(pending?.firing ?? []),
      ...(pending?.resolved ?? []),
    ]),
  );
}

/**
 * Whose end has yet to be told beside those that were told last: what is being sent may have been heard, whether or not
 * anybody comes to write so down.
 */
const left = ({ awaited: others, isTaken, pending }: ToldOfGroup): readonly string[] =>
  isTaken && pending !== null ? [...others, ...pending.firing] : others;

function membersByKey(index: GroupIndex): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { key, members } of index.groups())
    found.set(key, new Set([...(found.get(key) ?? []), ...members]));
  return found;
}

/** What each integration of the group's receiver was told of its alerts, in groups that they are in no more (`stays`). */
function inheritance(
  { key, route, members }: Pick<IndexedGroup, 'key' | 'route' | 'members'>,
  all: readonly ToldOfGroup[],
  stays: ReadonlyMap<string, ReadonlySet<string>>,
  now: Date,
): InheritedOfGroup[] {
  const found = new Map<string, { firing: Set<string>; awaited: Set<string>; toldAt: Date }>();
  for (const told of all) {
    const { groupKey, integration, toldAt } = told;
    if (receiverOf(integration) !== route.options.receiver) continue;
    const hasCome = (fingerprint: string): boolean =>
      members.has(fingerprint) && stays.get(groupKey)?.has(fingerprint) !== true;
    const [firing, others] = [told.firing.filter(hasCome), left(told).filter(hasCome)];
    if (firing.length + others.length === 0) continue;
    const known = found.get(integration) ?? { firing: new Set(), awaited: new Set(), toldAt: toldAt ?? now };
    firing.forEach((fingerprint) => known.firing.add(fingerprint));
    others.forEach((fingerprint) => known.awaited.add(fingerprint));
    if (toldAt !== null && toldAt > known.toldAt) known.toldAt = toldAt;
    found.set(integration, known);
  }
  return [...found].map(([integration, { firing, awaited: others, toldAt }]) => ({
    ...{ groupKey: key, integration, toldAt },
    ...{ firing: [...firing], awaited: [...others], resolved: [] },
  }));
}
