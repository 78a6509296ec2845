/** Which evaluators and partitions are not in an answer, or not up to its time. */
import type { EvaluatorMember, EvaluatorPool } from '../stream/port';
import type { AnswerHead, AskedEvaluator, At, PartClock } from './port';

export type Gap =
  | {
      readonly kind: 'evaluator';
      readonly member: EvaluatorMember;
      readonly reason: string;
      /** Its partitions that nobody else has answered for. */
      readonly partitions: readonly number[];
    }
  /** Those who have them have answered, but not for these. */
  | { readonly kind: 'moving'; readonly partitions: readonly number[] }
  | { readonly kind: 'unread'; readonly topic: string; readonly partitions: readonly number[] }
  /** What was recorded after `reached` is not in the answer; null: nothing has been read yet. */
  | { readonly kind: 'behind'; readonly partitions: readonly number[]; readonly reached: number | null };

export interface Gaps {
  /** Partition numbers that nobody answered for. */
  readonly missing: readonly number[];
  readonly gaps: readonly Gap[];
  /** Why not all that rules across instances keep is there; null where it is. */
  readonly slotGap: string | null;
}

/** An answer is one to two seconds behind where all is well, and machines' clocks differ. */
const BEHIND_MS = 10_000;

export function gapsOf(pool: EvaluatorPool | null, asked: readonly AskedEvaluator[], at: At): Gaps {
  if (pool === null) return { missing: [], gaps: [], slotGap: null };
  const heads = asked.flatMap(({ answers }) => answers?.map(({ head }) => head) ?? []);
  const answered = asked.flatMap(partitionsOf);
  const numbers = new Set(answered.map(({ number }) => number));
  const missing = Array.from({ length: pool.partitions }, (_, number) => number).filter(
    (number) => !numbers.has(number),
  );
  const silent = asked.filter(({ answers }) => answers === null);
  const ofSilent = new Set(silent.flatMap(({ member }) => member.partitions));
  const unread = pool.unread.map((each) => ({ kind: 'unread' as const, ...each }));
  const unreadNumbers = new Set(unread.flatMap(({ partitions }) => partitions));
  const moving = missing.filter((number) => !ofSilent.has(number) && !unreadNumbers.has(number));
  const gaps: Gap[] = [
    ...silent.flatMap(({ member, reason }) => {
      const partitions = member.partitions.filter((number) => missing.includes(number));
      return partitions.length === 0
        ? []
        : [{ kind: 'evaluator' as const, member, reason: reason ?? '', partitions }];
    }),
    ...(moving.length === 0 ? [] : [{ kind: 'moving' as const, partitions: moving }]),
    ...unread,
    ...behind(answered, at),
  ];
  return { missing, gaps, slotGap: slotGapOf(heads, at) };
}

/** The partitions that each of an evaluator's answers is about, as far as the slowest of them has come. */
function partitionsOf({ answers }: AskedEvaluator): PartClock[] {
  const [first, ...others] = (answers ?? []).map(({ head }) => head.partitions);
  return (first ?? []).flatMap(({ number, reached }) => {
    const all = others.map((partitions) => partitions.find((each) => each.number === number));
    return all.includes(undefined) ? [] : [{ number, reached }];
  });
}

const isBehind = ({ reached }: PartClock, { timeMs, nowMs }: At): boolean =>
  (reached ?? -Infinity) < Math.min(timeMs, nowMs) - BEHIND_MS;

/** Those that stand at the same time together: a process that has just started has many of them. */
function behind(clocks: readonly PartClock[], at: At): Gap[] {
  const newest = new Map<number, PartClock>();
  for (const clock of clocks) {
    const other = newest.get(clock.number);
    if (other === undefined || (clock.reached ?? -Infinity) > (other.reached ?? -Infinity))
      newest.set(clock.number, clock);
  }
  const byTime = new Map<number | null, number[]>();
  for (const clock of newest.values())
    if (isBehind(clock, at)) byTime.set(clock.reached, [...(byTime.get(clock.reached) ?? []), clock.number]);
  return [...byTime].map(([reached, partitions]) => ({ kind: 'behind', partitions, reached }));
}

function slotGapOf(heads: readonly AnswerHead[], at: At): string | null {
  const here = new Map(heads.flatMap(({ slots }) => slots).map((slot) => [slot.number, slot]));
  const planned = [...new Set(heads.flatMap(({ plannedSlots }) => plannedSlots))].sort((a, b) => a - b);
  const away = planned.filter((slot) => !here.has(slot));
  if (away.length > 0) return `nobody answered for slot ${away.join(', ')}`;
  const late = planned.filter((slot) => isBehind(here.get(slot)!, at));
  return late.length > 0 ? `slot ${late.join(', ')} waits for a partition, or catches up` : null;
}
