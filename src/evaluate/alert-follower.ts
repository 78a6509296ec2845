/**
 * Tells what becomes of the alerts of rule groups as transitions, each once. What `gds.alerts` knows of an alert counts more
 * than what this process has seen: one that is open there goes on, whoever opened it, and one that ended while nobody looked
 * is resolved. So a process that takes over, with windows read again but without memory, neither resolves nor fires anew.
 *
 * An alert belongs to the partition number that told of it last, whichever senders chose for its instance. Where a series
 * comes in another one from some time on, because partitions were added or its sender chooses otherwise, the alert moves
 * when it begins to fire there: that is told as a change, and the partition before says nothing of it any more. Where it had
 * ended before, because its series is silent there, it fires anew.
 *
 * Several rules may make an alert of the same labels. Where they are evaluated together, one of them tells of it, and another
 * one takes it over when that one has it no more: it ends when none has. Rules that are evaluated elsewhere, over the metrics of all
 * partitions or by another evaluator pool, count as another partition: the alert is theirs who told of it last, and what they have
 * ended fires anew while it holds here.
 */
import { fingerprint } from '../domain/labels';
import type { Transition, TransitionRule } from '../domain/transition';
import type { LabelSet } from '../promql/label-set';
import type { KnownAlert } from '../stream/port';
import { isNews, saidIn, saidOf, type Said } from './alert-news';
import type { ChangeKind } from './alert-state';
import { createTransitionWriter, RESOLVED_REASON, type WriterOptions } from './alert-transition';
import { RULE_CHANGED, RULE_REMOVED } from './ended-transition';
import type { AlertChange } from './alerting';
import { identityOf } from './pool-rules';

export interface FollowerOptions extends WriterOptions {
  /** What `gds.alerts` knows of the alert. */
  readonly known: (fingerprint: string) => KnownAlert | undefined;
  readonly onAdopted?: (fingerprint: string) => void;
  /** Where the rule of an alert is evaluated. */
  readonly placeOf: (rule: TransitionRule) => RulePlace;
  /** What other rules that are evaluated here have of the alert, while it fires for them. */
  readonly besides: (change: AlertChange) => readonly AlertChange[];
}

/**
 * - here: among those that are followed here, or a rule of the pool that is no more.
 * - elsewhere: by another evaluator of the pool, or by another pool.
 */
export type RulePlace = 'here' | 'elsewhere';

export interface AlertFollower {
  /** The transition that follows, if one does. Called only for evaluations that count, not for those that are done again. */
  follow(change: AlertChange): Transition | null;
  /** Whether `gds.alerts` has it open, and it was not ended here since. */
  isOpen(fingerprint: string): boolean;
}

/**
 * How it stands with an alert when something becomes of it:
 *
 * - silent: nothing of it is open. It has not fired, or its end is known.
 * - open: told by this process, or adopted from the one before it.
 * - away: another partition number, or a rule that is evaluated elsewhere, has told of it last, and it fires there.
 * - over: it has ended there, while it was there.
 * - crossed: it has ended there, but that is no end of what fires here: it had been taken from there, or the end is that of
 *   a rule that is evaluated elsewhere.
 */
type Standing = 'silent' | 'open' | 'away' | 'over' | 'crossed';

type Move = 'nothing' | 'fire' | 'fireAfter' | 'take' | 'repeat' | 'end';

const MOVES: Readonly<Record<Standing, Readonly<Record<ChangeKind, Move>>>> = {
  silent: { fires: 'fire', holds: 'fire', ends: 'nothing' },
  open: { fires: 'repeat', holds: 'repeat', ends: 'end' },
  away: { fires: 'take', holds: 'nothing', ends: 'nothing' },
  over: { fires: 'fireAfter', holds: 'fire', ends: 'nothing' },
  crossed: { fires: 'fireAfter', holds: 'fireAfter', ends: 'nothing' },
};

/** What was told last of an open alert. */
interface LastTold {
  readonly startsAt: number;
  readonly correlationId: string;
  said: Said;
  at: number;
  /** By a process before this one: what is decided of an earlier time was decided there. */
  isAdopted: boolean;
  /** From another partition number, or from a rule that is evaluated elsewhere. */
  readonly isTaken: boolean;
  /** The identity of the rule that tells of it. */
  by: string;
}

interface Found {
  readonly standing: Standing;
  /** Of one that is open. */
  readonly last?: LastTold;
  /** Of one that was told elsewhere last. */
  readonly elsewhere?: KnownAlert;
}

/** It is in every log line of the episode. */
const MAX_CORRELATION_ID = 200;
/** From then on those are forgotten that are known to have ended. */
const MANY_ENDS = 1_000;

export function createAlertFollower(options: FollowerOptions): AlertFollower {
  const { known, partition, placeOf, besides, onAdopted = () => undefined } = options;
  const write = createTransitionWriter(options);
  const told = new Map<string, LastTold>();
  /** Until `gds.alerts` tells their ends back, it takes these for open. */
  const ends = new Map<string, number>();
  const fingerprints = new WeakMap<LabelSet, string>();

  const moves: Record<Move, (change: AlertChange, id: string, found: Found) => Transition | null> = {
    nothing: () => null,
    /** Also where it fires for long already: it did so when a process died before it could tell. */
    fire: (change, id) => {
      const end = endOf(id, change);
      if (end === undefined) return fired(change, id, change.alert.firedAt!);
      // One that this process told may lie ahead of the samples that it followed from.
      const isOwn = ends.get(id) === end.eventTime;
      if (!isOwn && !isOfOtherRule(end.last, change)) return null;
      return fired(change, id, after(change.alert.firedAt!, end));
    },
    fireAfter: (change, id, { elsewhere }) => fired(change, id, after(change.alert.firedAt!, elsewhere!)),
    take,
    repeat,
    end,
  };

  function follow(change: AlertChange): Transition | null {
    const id = fingerprintOf(change.alert.labels);
    const found = find(id);
    return moves[MOVES[found.standing][change.kind]](change, id, found);
  }

  function fingerprintOf(labels: LabelSet): string {
    let found = fingerprints.get(labels);
    if (found === undefined) fingerprints.set(labels, (found = fingerprint(labels.toLabels())));
    return found;
  }

  function find(id: string): Found {
    const elsewhere = toldElsewhere(id);
    const own = told.get(id);
    if (elsewhere === undefined) {
      const last = own ?? adopted(id);
      return last === undefined ? { standing: 'silent' } : { standing: 'open', last };
    }
    told.delete(id);
    if (elsewhere.firing) return { standing: 'away', elsewhere };
    const isCrossed = own?.isTaken === true || isOfOtherPlace(elsewhere.last);
    return { standing: isCrossed ? 'crossed' : 'over', elsewhere };
  }

  /** What was told of it last elsewhere, unless that is older than what is known here. */
  function toldElsewhere(id: string): KnownAlert | undefined {
    const newest = known(id);
    if (newest === undefined || !(isOfOtherPlace(newest.last) || isOfOtherPartition(newest.last)))
      return undefined;
    const { episode, firing, eventTime } = newest;
    const last = told.get(id);
    if (last === undefined) return eventTime > (ends.get(id) ?? -Infinity) ? newest : undefined;
    return episode < last.startsAt || (firing && eventTime < last.at) ? undefined : newest;
  }

  function isOfOtherPlace({ rule }: Transition): boolean {
    return rule !== null && placeOf(rule) === 'elsewhere';
  }

  function isOfOtherPartition({ rule }: Transition): boolean {
    const by = rule?.partition;
    return partition !== undefined && by !== undefined && by !== partition;
  }

  function adopted(id: string): LastTold | undefined {
    const before = openOf(id);
    if (before === undefined) return undefined;
    const last = toldOf(before);
    told.set(id, last);
    onAdopted(id);
    return last;
  }

  /** Undefined, too, where its end is on its way. */
  function openOf(id: string): KnownAlert | undefined {
    const before = known(id);
    const isOpen = before?.firing === true && before.eventTime > (ends.get(id) ?? -Infinity);
    return isOpen ? before : undefined;
  }

  /** Where it was resolved since it began to fire, by a person or by the process before this one. */
  function endOf(id: string, { alert: { firedAt } }: AlertChange): KnownAlert | undefined {
    const before = known(id);
    return before !== undefined && !before.firing && firedAt! <= before.eventTime ? before : undefined;
  }

  /** Of the rule as it was before it was changed: that one's end is no end of what fires now. */
  function isOfOtherRule({ source, rule, annotations }: Transition, change: AlertChange): boolean {
    if (source !== 'evaluator' || rule === null) return false;
    if (ENDS_OF_RULES.includes(annotations[RESOLVED_REASON] ?? '')) return true;
    const { hash, group } = options.about(change.rule);
    return rule.hash !== hash || rule.group !== group;
  }

  function fired(change: AlertChange, id: string, from: number): Transition {
    const startsAt = Math.max(from, (ends.get(id) ?? -Infinity) + 1);
    const { correlationId: given } = change.alert;
    const correlationId = given?.slice(0, MAX_CORRELATION_ID) ?? `${id}-${startsAt}`;
    const last = { startsAt, correlationId, said: saidOf(change), at: startsAt, by: ruleOf(change) };
    told.set(id, { ...last, isAdopted: false, isTaken: false });
    return write('firing', change, { id, startsAt, correlationId, time: startsAt });
  }

  function take(change: AlertChange, id: string, { elsewhere }: Found): Transition {
    const time = after(change.time, elsewhere!);
    const last = { ...toldOf(elsewhere!), ...toldNow(change, time), isTaken: true };
    told.set(id, last);
    onAdopted(id);
    return write('changed', change, { ...last, id, time });
  }

  function repeat(change: AlertChange, id: string, { last: open }: Found): Transition | null {
    const last = open!;
    const { time } = change;
    if (time < last.at || !isNews(last.said, last.at, change)) return null;
    if (last.by !== ruleOf(change) && besides(change).some((other) => ruleOf(other) === last.by)) return null;
    return changed(change, id, last, time);
  }

  function changed(change: AlertChange, id: string, last: LastTold, time: number): Transition {
    Object.assign(last, toldNow(change, time));
    return write('changed', change, { ...last, id, time });
  }

  const toldNow = (change: AlertChange, at: number) => ({
    ...{ said: saidOf(change), by: ruleOf(change), at, isAdopted: false },
  });

  const ruleOf = ({ rule }: AlertChange): string => options.about(rule).identity;

  /**
   * A good sample may be older than the evaluation that was last told, by this process or the one before it; the end is told
   * after it. What is older than the episode is no end of it.
   */
  function end(change: AlertChange, id: string, { last: open }: Found): Transition | null {
    const last = open!;
    if (change.time < last.startsAt && last.isAdopted) return null;
    const time = Math.max(change.time, last.at + 1);
    const others = besides(change);
    if (others.some((other) => ruleOf(other) === last.by) && ruleOf(change) !== last.by) return null;
    if (others.length > 0) return changed(others[0]!, id, last, time);
    told.delete(id);
    ends.set(id, time);
    if (ends.size > MANY_ENDS) for (const each of ends.keys()) if (!known(each)?.firing) ends.delete(each);
    return write('resolved', change, { ...last, id, time });
  }

  return { follow, isOpen: (id) => openOf(id) !== undefined };
}

/** The rule came to an end, not what it watches: it may be there again, changed or as it was. */
const ENDS_OF_RULES: readonly string[] = [RULE_CHANGED, RULE_REMOVED];

const after = (time: number, { eventTime }: KnownAlert): number => Math.max(time, eventTime + 1);

function toldOf({ episode, eventTime, last }: KnownAlert): LastTold {
  const { correlation_id: correlationId } = last;
  return {
    ...{ startsAt: episode, correlationId, said: saidIn(last), at: eventTime },
    ...{ isAdopted: true, isTaken: false, by: last.rule === null ? '' : identityOf(last.rule) },
  };
}
