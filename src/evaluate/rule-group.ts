/**
 * Evaluates a group's rules at a time, one after the other: what its recording rules yield and how its alerts stand is
 * written as series, so that later rules can ask for them. The life of one alert of a rule:
 *
 * - pending: the expression yields it, since `activeAt`, and `for` has not passed.
 * - firing: `for` has passed while the expression yielded it at every evaluation. When it no longer does, the alert goes on
 *   firing for `keep_firing_for`.
 * - gone: not yielded and not kept.
 *
 * A series that a rule made the last time and makes no more is ended with a stale marker.
 */
import { messageOf } from '../domain/errors';
import type { AlertRule, GroupRule, RecordRule, RuleGroup } from '../domain/rule-group';
import { EvaluationError } from '../promql/errors';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import { parseExpr } from '../promql/parse';
import type { Moment, Prepared, Preparer } from '../promql/prepare';
import type { Value, Vector } from '../promql/values';
import { LabelTexts } from './label-texts';

export interface GroupOptions {
  readonly preparer: Preparer;
  readonly write: SeriesWriter;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly onAlert?: (change: AlertChange) => void;
  /** Told when a rule cannot be evaluated, and when it can again: null. */
  readonly onError?: (rule: GroupRule, error: string | null) => void;
}

/** What became of an alert at an evaluation: it begins to fire, goes on firing, or has ceased to. */
export interface AlertChange {
  readonly kind: 'fires' | 'holds' | 'ends';
  readonly rule: AlertRule;
  readonly alert: ActiveAlert;
  /** Of the evaluation. */
  readonly time: number;
}

/** Takes a sample of a series that a rule makes; true when somebody may read it. */
export type SeriesWriter = (labels: LabelSet, time: number, sample: number | 'stale') => boolean;

export interface ActiveAlert {
  readonly labels: LabelSet;
  readonly activeAt: number;
  /** Expanded when somebody asks: most evaluations tell nobody. */
  annotations(): LabelSet;
  value: number;
  state: 'pending' | 'firing';
  /** When it began to fire; null while it is pending. */
  firedAt: number | null;
  /** When the expression ceased to yield it; null while it does. */
  keptSince: number | null;
}

export interface RuleState {
  readonly rule: GroupRule;
  /** What went wrong at the last evaluation; the rule's alerts then stay as they were. */
  readonly error: string | null;
  readonly alerts: readonly ActiveAlert[];
}

export interface EvaluatedGroup {
  readonly group: RuleGroup;
  evaluate(time: number): void;
  /** Of the last evaluation; -Infinity before the first. */
  evaluatedAt(): number;
  rules(): readonly RuleState[];
}

const ALERTS = 'ALERTS';
const ALERTS_FOR_STATE = 'ALERTS_FOR_STATE';
const ALERT_STATE = 'alertstate';

export function createGroup(group: RuleGroup, options: GroupOptions): EvaluatedGroup {
  const offset = group.queryOffsetMs ?? 0;
  const rules = group.rules.map((rule) => ({
    rule,
    evaluator: rule.kind === 'alert' ? new Alerting(rule, options) : new Recording(rule, options),
    made: new Map<string, LabelSet>(),
    error: null as string | null,
  }));

  let last = -Infinity;

  function evaluate(time: number): void {
    last = time;
    let moment = momentAt(time - offset);
    for (const each of rules) {
      try {
        const samples = each.evaluator.evaluate(moment, time, group.limit);
        became(each, null);
        // What somebody reads must be seen by the rules that follow: a moment is evaluated once.
        if (written(samples, each.made, moment.time)) moment = momentAt(moment.time);
      } catch (error) {
        became(each, messageOf(error));
      }
    }
  }

  function became(each: { rule: GroupRule; error: string | null }, error: string | null): void {
    if (each.error !== error) options.onError?.(each.rule, error);
    each.error = error;
  }

  function written(samples: readonly Made[], made: Map<string, LabelSet>, time: number): boolean {
    let read = false;
    const ended = new Map(made);
    made.clear();
    for (const { labels, value } of samples) {
      read = options.write(labels, time, value) || read;
      made.set(labels.key, labels);
      ended.delete(labels.key);
    }
    for (const labels of ended.values()) read = options.write(labels, time, 'stale') || read;
    return read;
  }

  return {
    group,
    evaluate,
    evaluatedAt: () => last,
    rules: () => rules.map(({ rule, error, evaluator }) => ({ rule, error, alerts: evaluator.alerts() })),
  };
}

const momentAt = (time: number): Moment => ({ time, start: time, end: time });

interface Made {
  readonly labels: LabelSet;
  readonly value: number;
}

/** A scalar is one element without labels. */
function vectorOf(value: Value): Vector {
  if (value.type === 'vector') return value.vector;
  if (value.type === 'scalar') return { labels: [LabelSet.EMPTY], values: [value.value] };
  throw new EvaluationError(`the result is a ${value.type}, not a vector or scalar`);
}

function checkLimit(limit: number, count: number, what: string): void {
  if (limit > 0 && count > limit)
    throw new EvaluationError(`exceeded limit of ${limit} with ${count} ${what}`);
}

class Recording {
  private readonly expr: Prepared;
  private readonly names = new WeakMap<LabelSet, LabelSet>();

  constructor(
    private readonly rule: RecordRule,
    { preparer }: GroupOptions,
  ) {
    this.expr = preparer.prepare(parseExpr(rule.expr));
  }

  alerts(): readonly ActiveAlert[] {
    return [];
  }

  evaluate(moment: Moment, _time: number, limit: number): readonly Made[] {
    const { labels, values } = vectorOf(this.expr.evaluate(moment));
    const named = labels.map((each) => this.named(each));
    if (new Set(named.map(({ key }) => key)).size < named.length)
      throw new EvaluationError('vector contains metrics with the same labelset after applying rule labels');
    checkLimit(limit, named.length, 'series');
    return named.map((each, i) => ({ labels: each, value: values[i]! }));
  }

  private named(labels: LabelSet): LabelSet {
    let made = this.names.get(labels);
    if (made === undefined) {
      const { name, labels: own } = this.rule;
      made = Object.entries(own).reduce(
        (so, [label, value]) => so.with(label, value),
        labels.with(METRIC_NAME, name),
      );
      this.names.set(labels, made);
    }
    return made;
  }
}

/** An element that the expression yields, as an alert. */
interface Yielded {
  readonly series: LabelSet;
  readonly labels: LabelSet;
  readonly value: number;
  readonly moment: Moment;
}

interface Alert extends Yielded {
  readonly activeAt: number;
  readonly forState: LabelSet;
  /** The series of its state. */
  stateSeries: LabelSet;
  state: 'pending' | 'firing';
  firedAt: number | null;
  keptSince: number | null;
}

class Alerting {
  private readonly expr: Prepared;
  private readonly labels: LabelTexts;
  private readonly annotations: LabelTexts;
  private readonly active = new Map<string, Alert>();

  constructor(
    private readonly rule: AlertRule,
    private readonly options: GroupOptions,
  ) {
    this.expr = options.preparer.prepare(parseExpr(rule.expr));
    const asked = { ...options, query: this.query.bind(this) };
    this.labels = new LabelTexts(rule.labels, rule.name, asked);
    this.annotations = new LabelTexts(rule.annotations, rule.name, asked);
  }

  alerts(): readonly ActiveAlert[] {
    return [...this.active.values()].map((alert) => this.shown(alert));
  }

  private shown(alert: Alert): ActiveAlert {
    return { ...alert, annotations: () => this.annotations.over(LabelSet.EMPTY, alert) };
  }

  evaluate(moment: Moment, time: number, limit: number): readonly Made[] {
    const yielded = this.yielded(vectorOf(this.expr.evaluate(moment)), moment);
    for (const [key, element] of yielded) this.take(key, element, time);
    const made: Made[] = [];
    for (const [key, alert] of this.active) {
      const kind = this.advance(key, alert, yielded.has(key), time);
      if (kind !== null) this.tell(kind, alert, time);
      if (!this.active.has(key)) continue;
      made.push({ labels: alert.stateSeries, value: 1 });
      made.push({ labels: alert.forState, value: Math.floor(alert.activeAt / 1_000) });
    }
    this.checkLimit(limit);
    return made;
  }

  /** By their labels. */
  private yielded({ labels, values }: Vector, moment: Moment): Map<string, Yielded> {
    const found = new Map<string, Yielded>();
    labels.forEach((series, i) => {
      const element = { series, value: values[i]!, moment };
      const own = this.labels.alertLabels(element);
      if (found.has(own.key))
        throw new EvaluationError(
          'vector contains metrics with the same labelset after applying alert labels',
        );
      found.set(own.key, { ...element, labels: own });
    });
    return found;
  }

  private query(expr: string, moment: Moment) {
    const { labels, values } = vectorOf(this.options.preparer.prepare(parseExpr(expr)).evaluate(moment));
    return labels.map((each, i) => ({ labels: each.toLabels(), value: values[i]! }));
  }

  private take(key: string, element: Yielded, time: number): void {
    const known = this.active.get(key);
    if (known !== undefined) {
      Object.assign(known, element);
      return;
    }
    const base = this.seriesLabels(element.labels);
    this.active.set(key, {
      ...element,
      activeAt: time,
      state: 'pending',
      firedAt: null,
      keptSince: null,
      stateSeries: base.with(METRIC_NAME, ALERTS).with(ALERT_STATE, 'pending'),
      forState: base.with(METRIC_NAME, ALERTS_FOR_STATE),
    });
  }

  private tell(kind: AlertChange['kind'], alert: Alert, time: number): void {
    this.options.onAlert?.({ kind, rule: this.rule, alert: this.shown(alert), time });
  }

  private advance(key: string, alert: Alert, isYielded: boolean, time: number): AlertChange['kind'] | null {
    const wasFiring = alert.state === 'firing';
    if (isYielded) {
      alert.keptSince = null;
      if (!wasFiring && time - alert.activeAt < this.rule.forMs) return null;
      if (wasFiring) return 'holds';
      alert.state = 'firing';
      alert.firedAt = time;
      alert.stateSeries = alert.stateSeries.with(ALERT_STATE, 'firing');
      return 'fires';
    }
    if (wasFiring) alert.keptSince ??= time;
    if (alert.keptSince !== null && time - alert.keptSince < this.rule.keepFiringForMs) return 'holds';
    this.active.delete(key);
    return wasFiring ? 'ends' : null;
  }

  private checkLimit(limit: number): void {
    const count = this.active.size;
    if (limit > 0 && count > limit) this.active.clear();
    checkLimit(limit, count, 'alerts');
  }

  /** A label whose template came out empty stands in the series as it is written, as in Prometheus. */
  private seriesLabels(labels: LabelSet): LabelSet {
    return Object.entries(this.rule.labels).reduce(
      (so, [name, value]) => (so.has(name) ? so : so.with(name, value)),
      labels,
    );
  }
}
