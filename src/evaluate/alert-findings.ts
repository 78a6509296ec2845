/**
 * What the expressions of an alerting rule find of its alerts at an evaluation, or of a sample that is compared: whether the
 * condition holds, has ceased to hold, has recovered, or nothing is known. What follows from that is the alert's.
 */
import type { AlertRule } from '../domain/rule-group';
import type { Expr } from '../promql/ast';
import { EvaluationError } from '../promql/errors';
import type { LabelSet } from '../promql/label-set';
import { COMPARISONS } from '../promql/operators';
import type { Moment, Prepared, Preparer } from '../promql/prepare';
import type { Vector } from '../promql/values';
import type { Verdict, Yielded } from './alert-state';
import type { Comparison } from './comparison';
import { vectorOf } from './made';
import { exprsOf } from './rule-exprs';
import { SparseMap } from './sparse-map';

export interface FindingsOptions {
  readonly preparer: Preparer;
  /** What it compares, where it is a comparison of one metric. */
  readonly comparison: Comparison | null;
  /** Of the alert that is about an element. */
  readonly labelsOf: (element: Omit<Yielded, 'labels'>) => LabelSet;
}

/** What is asked of a rule's alerts only, and prepared when it has one: most rules of a partition never have. */
interface Asked {
  readonly expr: Expr;
  prepared: Prepared | null;
}

/** By the keys of alerts' labels. */
type Elements = ReadonlyMap<string, Yielded>;

/** Of one evaluation. What needs other expressions than the rule's own is evaluated when it is asked for. */
export interface Findings {
  /** Of which the condition holds. */
  readonly yielded: Elements;
  /** Of which there was data before and none now, where that is an alert. */
  missing(): Elements;
  of(key: string): Verdict;
  /** Of what has recovered; null where it is not known. */
  valueOf(key: string): number | null;
}

export class AlertFindings {
  private readonly expr: Prepared;
  private readonly recovery: Asked | null;
  private readonly presence: Asked | null;
  private readonly noData: AlertRule['noData'];
  /** Of rules for which missing data is an alert: what has been there. */
  private readonly seen = new SparseMap<string, Yielded>();

  constructor(
    rule: AlertRule,
    private readonly options: FindingsOptions,
  ) {
    const { preparer } = options;
    const { expr, recovery, presence } = exprsOf(rule);
    this.expr = preparer.prepare(expr);
    this.recovery = recovery && { expr: recovery, prepared: null };
    const about = recovery === null && rule.noData === 'ok' ? null : presence;
    this.presence = about && { expr: about, prepared: null };
    this.noData = about === null ? 'ok' : rule.noData;
  }

  at(moment: Moment): Findings {
    const yielded = this.keyed(vectorOf(this.expr.evaluate(moment)), moment);
    const recovered = this.lazily(this.recovery, moment);
    const present = this.lazily(this.presence, moment);
    const of = (key: string): Verdict => {
      if (yielded.has(key)) return 'holds';
      if (this.recovery === null && this.noData === 'ok') return 'recovered';
      if (recovered()?.has(key)) return 'recovered';
      if (this.presence === null) return 'fails';
      const found = present()?.get(key);
      if (found !== undefined) return this.unbreached(found.value, this.recovery === null);
      return ({ ok: 'recovered', keep: 'unknown', alert: 'holds' } as const)[this.noData];
    };
    const missing = (): Elements => {
      if (this.noData !== 'alert') return new Map();
      for (const [key, element] of present()!) this.seen.set(key, element);
      const gone = [...this.seen].filter(([key]) => !yielded.has(key) && !present()!.has(key));
      return new Map(gone.map(([key, element]) => [key, { ...element, value: NaN }]));
    };
    const valueOf = (key: string): number | null => {
      const found = this.recovery === null ? this.presence && present() : recovered();
      return found?.get(key)?.value ?? null;
    };
    return { yielded, of, missing, valueOf };
  }

  /** Of a sample that is compared, and does not breach. */
  ofSample(value: number): Verdict {
    const { operator, recoveryThreshold } = this.options.comparison!;
    const isBetween = recoveryThreshold !== null && COMPARISONS[operator](value, recoveryThreshold);
    return this.unbreached(value, !isBetween);
  }

  /** It is missed no more. */
  forget(key: string): void {
    this.seen.delete(key);
  }

  known(): Iterable<Yielded> {
    return this.seen.values();
  }

  restore(known: Iterable<Yielded>): void {
    for (const each of known) this.seen.set(each.labels.key, each);
  }

  /** What is not a number says nothing of a recovery, but where missing data does. */
  private unbreached(value: number, hasRecovered: boolean): Verdict {
    return hasRecovered && (this.noData === 'ok' || !Number.isNaN(value)) ? 'recovered' : 'fails';
  }

  private lazily(asked: Asked | null, at: Moment): () => Elements | null {
    let found: Elements | null = null;
    return () => (found ??= asked && this.keyed(vectorOf(this.prepared(asked).evaluate(at)), at));
  }

  private prepared(asked: Asked): Prepared {
    return (asked.prepared ??= this.options.preparer.prepare(asked.expr));
  }

  private keyed({ labels, values }: Vector, moment: Moment): Elements {
    const found = new Map<string, Yielded>();
    labels.forEach((series, i) => {
      const element = { series, value: values[i]!, moment };
      const own = this.options.labelsOf(element);
      if (found.has(own.key))
        throw new EvaluationError(
          'vector contains metrics with the same labelset after applying alert labels',
        );
      found.set(own.key, { ...element, labels: own });
    });
    return found;
  }
}
