/**
 * Why somebody was told of an alert, or was not: from what was recorded when it was decided, route by route, each statement
 * with the stage that decided, when, and by what silence, alert, rule or time interval. Pure; who reads the records is next
 * door.
 */
import { matcherListText } from '../domain/alertmanager-matchers';
import { receiverOf } from '../domain/identity';
import type {
  AlertRecords,
  AlertRow,
  RecordedDelivery,
  RecordedHold,
  RecordedMessage,
  RecordedRouting,
} from '../history/port';
import { holdersText } from './holder-text';
import type { WhyRoute, WhyStage, WhyStatement } from './port';
import { compileRoutes, type GroupPlace } from './routes';

export interface WhyFacts {
  readonly alert: AlertRow;
  /** Null where no process has said by which routes it works. */
  readonly routing: RecordedRouting | null;
  readonly records: AlertRecords;
  readonly now: Date;
}

export function placesFor(
  alert: Pick<AlertRow, 'labels'>,
  routing: RecordedRouting | null,
): readonly GroupPlace[] {
  return routing === null ? [] : compileRoutes(routing.route).placesOf(alert.labels);
}

/** In the order of the tree of routes; groups that the alert was in before come last. */
export function whyOf(facts: WhyFacts): WhyRoute[] {
  const places = placesFor(facts.alert, facts.routing);
  const current = places.map((place) => ({
    ...{ receiver: place.route.options.receiver, route: place.route.key, groupKey: place.key },
    ...{ groupLabels: place.labels, isCurrent: true },
    statements: statementsAt(place, facts),
  }));
  return [...current, ...formerGroups(facts, new Set(places.map(({ key }) => key)))];
}

function statementsAt(place: GroupPlace, facts: WhyFacts): WhyStatement[] {
  const { records } = facts;
  const isHere = ({ groupKey }: { readonly groupKey: string }): boolean => groupKey === place.key;
  const holds = records.holds.filter((hold) => isHere(hold) && isOfEpisode(hold, facts.alert));
  const past = pastOf(records.deliveries.filter(isHere), holds, facts.routing);
  const open = holds.filter(({ until }) => until === null).map(held);
  return [...past, ...open, ...nowAt(place, facts, open.length > 0)];
}

function formerGroups({ alert, records, routing }: WhyFacts, current: ReadonlySet<string>): WhyRoute[] {
  const holds = records.holds.filter((hold) => isOfEpisode(hold, alert));
  const keys = new Set([...records.deliveries, ...holds].map(({ groupKey }) => groupKey));
  return [...keys]
    .filter((key) => !current.has(key))
    .map((key) => {
      const deliveries = records.deliveries.filter(({ groupKey }) => groupKey === key);
      const own = holds.filter(({ groupKey }) => groupKey === key);
      return {
        receiver: own[0]?.receiver ?? receiverOf(deliveries[0]!.integration),
        route: key.replace(/:\{.*$/s, ''),
        groupKey: key,
        groupLabels: null,
        isCurrent: false,
        statements: [
          ...pastOf(deliveries, own, routing),
          ...own.filter(({ until }) => until === null).map(held),
        ],
      };
    });
}

/** When the episode began: nothing of it was decided before. */
export const episodeStart = ({ startsAt, episode }: Pick<AlertRow, 'startsAt' | 'episode'>): Date =>
  new Date(Math.min(Date.parse(startsAt), episode));

const isOfEpisode = ({ until }: RecordedHold, alert: AlertRow): boolean =>
  until === null || until >= episodeStart(alert);

function pastOf(
  deliveries: readonly RecordedDelivery[],
  holds: readonly RecordedHold[],
  routing: RecordedRouting | null,
): WhyStatement[] {
  const resolving = new Map(routing?.integrations.map(({ name, sendResolved }) => [name, sendResolved]));
  const said = deliveries
    // The end stands in the record of those that do not send it as well.
    .filter(({ integration, said: word }) => word === 'firing' || resolving.get(integration) !== false)
    .map(delivered);
  const over = holds.filter(({ until }) => until !== null).map(held);
  return [...said, ...over].sort((a, b) => Date.parse(a.at!) - Date.parse(b.at!));
}

function delivered({
  integration,
  at,
  outcome,
  reason,
  error,
  attempts,
  said,
  via = null,
}: RecordedDelivery): WhyStatement {
  const tries = attempts > 1 ? ` at the ${ordinal(attempts)} try` : '';
  const what = said === 'firing' ? 'that it fires' : 'that it is over';
  const about = { at: at.toISOString(), integration, stage: 'send' as const };
  if (outcome === 'refused') {
    const text = `${integration} refused to be told ${what}${tries}: ${error ?? 'without a reason'}; it is tried anew with the group's next look`;
    return statement({ ...about, kind: 'refused', text });
  }
  const kind = said === 'firing' ? 'told' : 'told of the end';
  if (via !== null) {
    const text = `${via} was told ${what} instead of ${integration} (${reason}): ${error ?? 'without a reason'}`;
    return statement({ ...about, kind, text });
  }
  return statement({ ...about, kind, text: `${integration} was told ${what}${tries} (${reason})` });
}

function held({ reason, by, from, until, receiver }: RecordedHold): WhyStatement {
  const is = until === null;
  return statement({
    kind: is ? 'held' : 'was held',
    stage: stageOf(reason),
    at: from.toISOString(),
    until: until?.toISOString() ?? null,
    by,
    text: `${receiver} ${is ? 'is' : 'was'} not told${reason === 'acknowledged' ? ' again' : ''}: ${holdersText(by)}`,
  });
}

const STAGES: readonly WhyStage[] = ['silence', 'maintenance', 'inhibition', 'acknowledged'];
const stageOf = (reason: string): WhyStage => STAGES.find((stage) => stage === reason) ?? 'time interval';

/** How things stand now. */
function nowAt(place: GroupPlace, facts: WhyFacts, isHeld: boolean): WhyStatement[] {
  const { receiver } = place.route.options;
  const integrations = facts.routing!.integrations.filter(({ name }) => receiverOf(name) === receiver);
  if (integrations.length === 0) {
    const text = `nobody is told: receiver ${receiver}, to which route ${routeText(place)} leads, has no integrations`;
    return [statement({ kind: 'nobody', stage: 'route', text })];
  }
  return integrations.flatMap(({ name, sendResolved }) => {
    const message = facts.records.messages.find(
      ({ groupKey, integration }) => groupKey === place.key && integration === name,
    );
    return integrationNow({ name, sendResolved, message, place, facts, isHeld });
  });
}

interface Asked {
  readonly name: string;
  readonly sendResolved: boolean;
  readonly message: RecordedMessage | undefined;
  readonly place: GroupPlace;
  readonly facts: WhyFacts;
  readonly isHeld: boolean;
}

function integrationNow(asked: Asked): WhyStatement[] {
  const { name, sendResolved, message, facts, isHeld } = asked;
  const { fingerprint } = facts.alert;
  const pending = message?.pending ?? null;
  if (pending !== null && [...pending.firing, ...pending.resolved].includes(fingerprint))
    return [onItsWay(name, message!)];
  const knows = message !== undefined && message.toldAt !== null && message.firing.includes(fingerprint);
  const over = isOver(facts.alert, facts.now);
  if (over) return knows && sendResolved ? [waits(asked, 'of its end')] : [];
  if (isHeld) return [];
  return [knows ? toldAlready(asked, message) : waits(asked, 'of it')];
}

function onItsWay(integration: string, message: RecordedMessage): WhyStatement {
  const { dueAt, attempts, error, pending, limitedUntil = null } = message;
  const about = { stage: 'send' as const, integration, at: dueAt?.toISOString() ?? null };
  if (attempts > 0 && error !== null) {
    const times = attempts === 1 ? 'once' : `${attempts} times`;
    const text = `${integration} could not be told (${pending!.reason}), tried ${times}: ${error}; it is tried again`;
    return statement({ ...about, kind: 'retried', text });
  }
  if (limitedUntil !== null && attempts === 0) {
    const next = limitedUntil.toISOString();
    const text = `${integration} is told (${pending!.reason}) when its rate limit lets it: the next message leaves at ${next}, what is critical first`;
    return statement({ ...about, kind: 'waits', stage: 'rate limit', text });
  }
  return statement({ ...about, kind: 'sending', text: `${integration} is being told (${pending!.reason})` });
}

function toldAlready({ name, place, facts }: Asked, { toldAt }: RecordedMessage): WhyStatement {
  const { repeatIntervalMs } = place.route.options;
  const due = new Date(toldAt!.getTime() + repeatIntervalMs).toISOString();
  const { acknowledgement } = facts.alert;
  const taken =
    acknowledgement === null
      ? ''
      : `; it is held by ${acknowledgement.owner}, and a group is not repeated while all that fires in it is held`;
  return statement({
    ...{ kind: 'told already', stage: 'dedup', at: due, integration: name },
    text: `${name} was told of it with the message of ${toldAt!.toISOString()}; told again when repeat_interval is over${taken}`,
  });
}

function waits({ name, place, facts }: Asked, ofWhat: string): WhyStatement {
  const group = facts.records.groups.find(({ id }) => id === place.id);
  const about = { kind: 'waits' as const, stage: 'group' as const, integration: name };
  if (group === undefined) {
    const text = `${name} is not told ${ofWhat} yet: no running process has taken its group up`;
    return statement({ ...about, text });
  }
  const { groupWaitMs, groupIntervalMs } = place.route.options;
  const why =
    group.flushedAt === null
      ? `group_wait of ${groupWaitMs / 1_000} s`
      : `group_interval of ${groupIntervalMs / 1_000} s`;
  const text = `${name} is told ${ofWhat} when its group is looked at next (${why} of route ${routeText(place)}), unless something holds it back then`;
  return statement({ ...about, at: group.dueAt.toISOString(), text });
}

const isOver = ({ state, expiresAt }: AlertRow, now: Date): boolean =>
  state === 'RESOLVED' || (expiresAt !== null && Date.parse(expiresAt) <= now.getTime());

const routeText = ({ route }: GroupPlace): string => `{${matcherListText(route.options.matchers)}}`;

const ordinal = (count: number): string =>
  `${count}${count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`;

function statement(
  given: Pick<WhyStatement, 'kind' | 'stage' | 'text'> & Partial<WhyStatement>,
): WhyStatement {
  return { at: null, until: null, integration: null, by: [], ...given };
}
