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
import { isOverNow, resolvedByHand, unheardEnd } from './why-ends';

export interface WhyFacts {
  readonly alert: AlertRow;
  /** Null where no process has said by which routes it works. */
  readonly routing: RecordedRouting | null;
  readonly records: AlertRecords;
  readonly instance: string;
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
  return [...current, ...formerGroups(facts, new Set(current.map(placeName)))];
}

function statementsAt(place: GroupPlace, facts: WhyFacts): WhyStatement[] {
  const { records } = facts;
  const here = placeName({ groupKey: place.key, receiver: place.route.options.receiver });
  const isHere = (one: Placed): boolean => placeName(one) === here;
  const holds = records.holds.filter((hold) => isHere(hold) && isOfEpisode(hold, facts.alert));
  const past = pastOf(records.deliveries.map(ofReceiver).filter(isHere), holds, facts.routing);
  const open = holds.filter(({ until }) => until === null).map(held);
  const ends = [...resolvedByHand(facts.alert, facts.now), ...unheardEnd(facts.alert, records, facts.now)];
  return [...past, ...open, ...ends, ...nowAt(place, facts, open.length > 0)];
}

interface Placed {
  readonly groupKey: string;
  readonly receiver: string;
}

/** Siblings with the same matchers have groups with one key: what was said there is told apart by who was told. */
const placeName = ({ groupKey, receiver }: Placed): string => `${receiver}\n${groupKey}`;

const ofReceiver = (delivery: RecordedDelivery): RecordedDelivery & Placed => ({
  ...delivery,
  receiver: receiverOf(delivery.integration),
});

function formerGroups({ alert, records, routing }: WhyFacts, current: ReadonlySet<string>): WhyRoute[] {
  const holds = records.holds.filter((hold) => isOfEpisode(hold, alert));
  const deliveries = records.deliveries.map(ofReceiver);
  const places = new Map([...deliveries, ...holds].map((one) => [placeName(one), one]));
  return [...places]
    .filter(([name]) => !current.has(name))
    .map(([name, { receiver, groupKey }]) => {
      const own = holds.filter((hold) => placeName(hold) === name);
      const left = deliveries.filter((delivery) => placeName(delivery) === name);
      const past = pastOf(left, own, routing);
      return {
        ...{
          receiver,
          route: groupKey.replace(/:\{.*$/s, ''),
          groupKey,
          groupLabels: null,
          isCurrent: false,
        },
        statements: [...past, ...own.filter(({ until }) => until === null).map(held)],
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
  const said = deliveries.filter((delivery) => isHeard(delivery, routing)).map(delivered);
  const over = holds.filter(({ until }) => until !== null).map(held);
  return [...said, ...over].sort((a, b) => Date.parse(a.at!) - Date.parse(b.at!));
}

/** The end stands in the record of those that do not send it as well. */
export const isHeard = (
  { integration, said }: Pick<RecordedDelivery, 'integration' | 'said'>,
  routing: RecordedRouting | null,
): boolean =>
  said === 'firing' || routing?.integrations.find(({ name }) => name === integration)?.sendResolved !== false;

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
    return [onItsWay(name, message!, facts)];
  const knows = message !== undefined && message.toldAt !== null && message.firing.includes(fingerprint);
  const over = isOverNow(facts.alert, facts.records, facts.now);
  if (over) return knows && sendResolved ? [waits(asked, 'of its end')] : [];
  if (isHeld) return [];
  return [knows ? toldAlready(asked, message) : waits(asked, 'of it')];
}

function onItsWay(integration: string, message: RecordedMessage, facts: WhyFacts): WhyStatement {
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
  const late = overdueText(dueAt, facts);
  const text = `${integration} is being told (${pending!.reason})${late === null ? '' : `; ${late}`}`;
  return statement({ ...about, kind: 'sending', text });
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
    const nobody = facts.records.isServed ? '' : `; ${nobodyText(facts)}`;
    const text = `${name} is not told ${ofWhat} yet: no running process has taken its group up${nobody}`;
    return statement({ ...about, text });
  }
  const { groupWaitMs, groupIntervalMs } = place.route.options;
  const why =
    group.flushedAt === null
      ? `group_wait of ${groupWaitMs / 1_000} s`
      : `group_interval of ${groupIntervalMs / 1_000} s`;
  const late = overdueText(group.dueAt, facts);
  const text =
    late === null
      ? `${name} is told ${ofWhat} when its group is looked at next (${why} of route ${routeText(place)}), unless something holds it back then`
      : `${name} is not told ${ofWhat} yet: ${late} (${why} of route ${routeText(place)} is over)`;
  return statement({ ...about, at: group.dueAt.toISOString(), text });
}

/** So long groups and messages may wait while a process is there. */
const OVERDUE_MS = 5_000;

/** Null where it is not due for long, or somebody is there to do it. */
function overdueText(dueAt: Date | null, facts: WhyFacts): string | null {
  const { records, now } = facts;
  if (records.isServed || dueAt === null || now.getTime() - dueAt.getTime() <= OVERDUE_MS) return null;
  return `overdue; ${nobodyText(facts)}`;
}

const nobodyText = ({ instance }: WhyFacts): string =>
  `no process of ${instance === '' ? 'this instance' : `instance ${instance}`} answers`;

const routeText = ({ route }: GroupPlace): string => `{${matcherListText(route.options.matchers)}}`;

const ordinal = (count: number): string =>
  `${count}${count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`;

function statement(
  given: Pick<WhyStatement, 'kind' | 'stage' | 'text'> & Partial<WhyStatement>,
): WhyStatement {
  return { at: null, until: null, integration: null, by: [], ...given };
}
