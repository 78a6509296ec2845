/**
 * An expression over what the running evaluators keep: finds them, asks each for the series of the expression's selectors, and
 * evaluates it here. An evaluator keeps only what rules ask for, and its partitions only, so an answer says of itself whether
 * it is that of everything that was asked for, and what is missing if not.
 */
import { messageOf, TocsinError } from '../domain/errors';
import type { Expr } from '../promql/ast';
import { momentAt } from '../promql/moment';
import { Preparer } from '../promql/prepare';
import type { Value } from '../promql/values';
import type { EvaluatorMember, EvaluatorPool } from '../stream/port';
import { GatheredSeries } from './gathered';
import { gapsOf, type Gap } from './gaps';
import type { Answer, AskedEvaluator, Evaluators } from './port';
import { selectorsOf, shortfallsOf, type Selector, type Shortfall } from './selectors';

export interface QueryOptions {
  readonly evaluators: Evaluators;
  /** When the expression is evaluated, in milliseconds since 1970; null: as of what evaluators know last. */
  readonly timeMs: number | null;
  readonly now: () => number;
  /** The step of subqueries that name none. */
  readonly stepMs: number;
}

export interface QueryResult {
  readonly value: Value;
  /** When it was evaluated. */
  readonly timeMs: number;
  readonly evaluators: readonly AskedEvaluator[];
  /** How many partition numbers there are, and which are not in the answer. */
  readonly partitions: number;
  readonly missingPartitions: readonly number[];
  /** Evaluators and partitions that are not in the answer, or not up to its time. */
  readonly gaps: readonly Gap[];
  /** Selectors of which evaluators do not have all, with each reason. */
  readonly shortfalls: readonly Shortfall[];
}

/**
 * Throws TOC_EVALUATORS_AWAY where nobody answers at all, and an EvaluationError where the expression has no answer. What
 * needs no series asks nobody.
 */
export async function query(expr: Expr, options: QueryOptions): Promise<QueryResult> {
  const { evaluators, now, stepMs } = options;
  const selectors = selectorsOf(expr, { timeMs: options.timeMs ?? now(), stepMs });
  const pool = selectors.length === 0 ? null : await evaluators.find();
  const asked = pool === null ? [] : await askAll(pool, selectors, evaluators);
  const gathered = new GatheredSeries();
  for (const { head: _, pieces } of asked.flatMap(({ answers }) => answers ?? []))
    pieces.forEach((piece) => gathered.take(piece));
  const nowMs = now();
  const timeMs = options.timeMs ?? Math.max(nowMs, newestOf(asked));
  const prepared = new Preparer({ source: gathered, defaultStepMs: stepMs }).prepare(expr);
  const value = prepared.evaluate(momentAt(timeMs));
  const { missing, gaps, slotGap } = gapsOf(pool, asked, { timeMs, nowMs });
  return {
    ...{ value, timeMs, evaluators: asked, gaps },
    ...{ partitions: pool?.partitions ?? 0, missingPartitions: missing },
    shortfalls: shortfallsOf(selectors, asked, { timeMs, nowMs, slotGap }),
  };
}

async function askAll(
  pool: EvaluatorPool,
  selectors: readonly Selector[],
  evaluators: Evaluators,
): Promise<AskedEvaluator[]> {
  if (pool.state === 'empty') throw away(`no evaluator runs: the group ${pool.group} has no members`);
  if (pool.state === 'rebalancing')
    throw away(`the evaluators of the group ${pool.group} are sharing out their partitions`);
  const members = pool.members.filter(({ partitions }) => partitions.length > 0);
  const asked = await Promise.all(members.map((member) => askOne(member, selectors, evaluators)));
  if (asked.every(({ answers }) => answers === null))
    throw away(`no evaluator answers: ${asked.map(reasonText).join('; ')}`);
  return asked;
}

/** Its selectors one after the other: an evaluator has other things to do. */
async function askOne(
  member: EvaluatorMember,
  selectors: readonly Selector[],
  { ask }: Evaluators,
): Promise<AskedEvaluator> {
  const answers: Answer[] = [];
  try {
    for (const { question } of selectors) answers.push(await ask(member, question));
    return { member, answers, reason: null };
  } catch (error) {
    if (error instanceof TocsinError) throw error;
    return { member, answers: null, reason: messageOf(error) };
  }
}

/** Of what rules make only the last is known: it must not lie after now, by the time that is asked, or by other clocks. */
function newestOf(asked: readonly AskedEvaluator[]): number {
  const heads = asked.flatMap(({ answers }) => answers?.map(({ head }) => head) ?? []);
  const reached = heads.flatMap(({ partitions, slots }) => [...partitions, ...slots]);
  return reached.reduce((newest, each) => Math.max(newest, each.reached ?? -Infinity), -Infinity);
}

const reasonText = ({ member, reason }: AskedEvaluator): string => `${evaluatorText(member)}: ${reason}`;

/** `evaluator 10.0.0.5:9464`. */
export function evaluatorText({ note, host }: EvaluatorMember): string {
  return `evaluator ${note === null ? `at ${host}` : note.http}`;
}

const away = (message: string): TocsinError => new TocsinError('TOC_EVALUATORS_AWAY', message);
