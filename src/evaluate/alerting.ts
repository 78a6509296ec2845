/**
 * An alerting rule: what its expression yields at an evaluation, and the alerts that follow from it. A rule that compares
 * the samples of one metric is decided as they come, too: then an evaluation only finds what time has changed.
 */
import type { Labels } from '../domain/labels';
import type { AlertRule } from '../domain/rule-group';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import { momentAt, type Moment } from '../promql/moment';
import { COMPARISONS } from '../promql/operators';
import { parseExpr } from '../promql/parse';
import { LOOKBACK_MS, type Preparer } from '../promql/prepare';
import { Adoption, type OpenAlert } from './adoption';
import { AlertFindings, type Findings } from './alert-findings';
import {
  advance,
  isInterrupted,
  remember,
  type Alert,
  type ChangeKind,
  type Outcome,
  type Verdict,
  type Yielded,
} from './alert-state';
import { comparisonOf, decidesOnArrival, type Comparison } from './comparison';
import { FlapDetector } from './flapping';
import { LabelTexts, type External } from './label-texts';
import { checkLimit, vectorOf, type Made } from './made';
import { ALERTS, ALERTS_FOR_STATE } from './rule-series';
import { SparseMap } from './sparse-map';
import { elementIn, savedAlert, savedElement, stateIn, type SavedAlerting } from './saved-alerting';

export interface AlertingOptions extends External {
  readonly preparer: Preparer;
  /** Between evaluations. */
  readonly intervalMs: number;
  readonly onAlert?: (change: AlertChange) => void;
  /** When an alert of these labels was last ended, whoever did it; null where nobody knows. */
  readonly endedAt?: (labels: LabelSet, rule: AlertRule) => number | null;
  /** Whether the metric's samples are told as they come: those that rules make are not. Default: none are. */
  readonly arrives?: (metric: string) => boolean;
  /** Of the newest sample of a series, -Infinity where there is none. */
  readonly newestOf?: (series: LabelSet) => number;
  /** Told of a series that an alert begins to be about: its next sample matters, whatever it is. */
  readonly onAstir?: (series: LabelSet) => void;
}

export interface AlertChange {
  readonly kind: ChangeKind;
  readonly rule: AlertRule;
  readonly alert: ActiveAlert;
  /** Of the evaluation. */
  readonly time: number;
  /** What was found at its end; null where that is not known, and for what goes on. */
  readonly endValue: number | null;
  /** Why it ended, where it did not recover. */
  readonly reason: string | null;
}

export interface ActiveAlert extends Readonly<Omit<Alert, 'found' | 'remarks'>> {
  readonly remarks: Labels;
  /** Expanded when somebody asks: most evaluations tell nobody. */
  annotations(): LabelSet;
}

interface Texts {
  readonly labels: LabelTexts;
  readonly annotations: LabelTexts;
}

const ALERT_STATE = 'alertstate';
const NOTHING: Labels = {};
/** Beyond so many, what templates ask for is looked up anew each time and not kept. */
const MANY_QUERIES = 16;

export class Alerting {
  /** What it compares, where it is a comparison of one metric. */
  readonly comparison: Comparison | null;
  readonly hearsArrivals: boolean;
  private readonly findings: AlertFindings;
  private readonly active = new SparseMap<string, Alert>();
  private readonly flaps = new SparseMap<string, FlapDetector>();
  private readonly quietUntil = new SparseMap<string, number>();
  /** When alerts ended: what has to do with a time before that is over. */
  private readonly decidedUntil = new SparseMap<string, number>();
  /** Since a time that is still to come here: what was read is read again. */
  private readonly adoption = new Adoption();
  private texts: Texts | null = null;
  /** What its templates have asked for: most ask for the same each time, and some write a series' labels into it. */
  private readonly queried = new SparseMap<string, true>();
  /** Samples up to then came before the rule did, or in another process; -Infinity once they were compared. */
  private unheardUntil = -Infinity;

  constructor(
    readonly rule: AlertRule,
    private readonly options: AlertingOptions,
    private readonly inhibitor: Alerting | null = null,
  ) {
    this.comparison = comparisonOf(rule);
    const isPlain = this.comparison !== null && decidesOnArrival(rule, this.comparison);
    this.hearsArrivals = isPlain && (options.arrives?.(this.comparison.metric) ?? false);
    this.findings = new AlertFindings(rule, {
      ...{ preparer: options.preparer, comparison: this.comparison },
      labelsOf: (element) => this.labels.alertLabels(element),
    });
  }

  /** Made when an alert first needs them: most rules of a partition have none. */
  private get labels(): LabelTexts {
    return (this.texts ??= this.newTexts()).labels;
  }

  private get annotations(): LabelTexts {
    return (this.texts ??= this.newTexts()).annotations;
  }

  private newTexts(): Texts {
    const { name, labels, annotations, exportsHidden } = this.rule;
    const asked = { ...this.options, exportsHidden, query: this.query.bind(this) };
    return {
      labels: new LabelTexts(labels, name, asked),
      annotations: new LabelTexts(annotations, name, asked),
    };
  }

  alerts(): readonly ActiveAlert[] {
    return [...this.active.values()].map((alert) => this.shown(alert));
  }

  /** Its alert of these labels, while it fires. */
  firing({ key }: LabelSet): ActiveAlert | null {
    const alert = this.active.get(key);
    return alert?.state === 'firing' ? this.shown(alert) : null;
  }

  /** What it makes: the series of its alerts' states. */
  evaluate(moment: Moment, time: number, limit: number): readonly Made[] {
    this.adoptUntil(time);
    if (this.isCalm) return [];
    const at = this.rule.delayMs === 0 ? moment : momentAt(moment.time - this.rule.delayMs);
    const findings = this.findings.at(at);
    if (time >= this.unheardUntil) this.unheardUntil = -Infinity;
    this.forgetDecided(time);
    for (const [key, element] of findings.yielded)
      if (!this.decidedUntil.has(key)) this.take(key, element, time, null);
    const missing = findings.missing();
    for (const [key, element] of missing) this.take(key, element, time, null);
    const count = limit > 0 ? this.countOf(findings) : 0;
    if (count > limit) this.forgetPending();
    const made: Made[] = [];
    for (const [key, alert] of this.active) {
      const verdict = this.isSettled(alert, time) ? 'unknown' : findings.of(key);
      alert.remarks = remarked(alert.remarks, 'no_data', missing.has(key) ? sinceText(alert) : null);
      if (!this.hearsArrivals && verdict !== 'unknown') this.note(key, alert, verdict === 'holds', time);
      const endValue = verdict === 'recovered' ? findings.valueOf(key) : null;
      if (this.conclude(key, alert, verdict, time, endValue)) made.push(...seriesOf(alert));
    }
    if (!this.hearsArrivals) this.noteAbsent(time);
    checkLimit(limit, count, 'alerts');
    return this.rule.mode === 'shadow' ? [] : made;
  }

  /** Each sample was compared as it came, and none has left anything to be done: there is nothing to be found. */
  private get isCalm(): boolean {
    const { active, flaps, decidedUntil } = this;
    const isIdle = active.size === 0 && flaps.size === 0 && decidedUntil.size === 0;
    const hasHeardAll = this.hearsArrivals && this.unheardUntil === -Infinity;
    return hasHeardAll && isIdle && this.rule.noData !== 'alert';
  }

  /** A sample of a series that the comparison is about. Whether the next one matters, whatever it is. */
  arrived(series: LabelSet, value: number, time: number, correlationId: string | null): boolean {
    this.adoptUntil(time);
    const { operator, threshold } = this.comparison!;
    const breaches = COMPARISONS[operator](value, threshold);
    if (!breaches && this.active.size === 0 && this.flaps.size === 0) return false;
    const element = { series, value, moment: momentAt(time) };
    const labels = this.labels.alertLabels(element);
    const { key } = labels;
    const known = this.active.get(key);
    // Two series that make one alert: the next evaluation says so.
    if (known !== undefined && isOfAnother(known, series)) return true;
    // A breach that was on its way while the alert ended lasts since then.
    const ended = known === undefined ? this.decidedUntil.get(key) : undefined;
    const at = ended === undefined ? time : Math.max(time, ended + 1);
    if (breaches) this.take(key, { ...element, labels }, at, correlationId);
    const alert = this.active.get(key);
    if (alert === undefined) return this.noteCalm(key, time);
    if (at <= alert.settledUntil) return true;
    if (!Number.isNaN(value)) alert.value = value;
    this.note(key, alert, breaches, at);
    alert.settledUntil = at;
    const verdict = breaches ? 'holds' : this.findings.ofSample(value);
    return this.conclude(key, alert, verdict, at, value) || this.flaps.has(key);
  }

  /** The series is no more: what is about it ends, whatever else the rule says. */
  ended(series: LabelSet, time: number): void {
    this.adoptUntil(time);
    const { key } = this.labels.alertLabels({ series, value: NaN, moment: momentAt(time) });
    this.findings.forget(key);
    const alert = this.active.get(key);
    if (alert === undefined || time <= alert.settledUntil || isOfAnother(alert, series)) return;
    this.active.delete(key);
    this.decidedUntil.set(key, time);
    if (alert.state !== 'firing') return;
    this.coolDown(key, time);
    this.tell('ends', alert, time, null, 'series ended');
  }

  /** An alert that fires, as others know: from when it began, as if it had begun here. */
  adopt(alert: OpenAlert): void {
    this.adoption.add(alert);
    if (alert.series !== null) this.options.onAstir?.(alert.series);
  }

  /** Samples up to this time are there that were not heard here: evaluations compare all series until one has seen them. */
  lookAround(until: number): void {
    this.unheardUntil = until;
  }

  private adoptUntil(time: number): void {
    for (const alert of this.adoption.until(time)) this.adoptNow(alert);
  }

  private adoptNow(open: OpenAlert): void {
    const { series: about, labels, startsAt, eventTime, keptSince, value, correlationId } = open;
    const own = LabelSet.of(labels);
    const known = this.active.get(own.key);
    if (known?.state === 'firing') return;
    const series = known?.series ?? about ?? own;
    this.options.onAstir?.(series);
    const moment = momentAt(eventTime);
    this.active.set(own.key, {
      ...this.newAlert({ series, labels: own, value, moment }, startsAt, correlationId, 'firing'),
      ...{ firedAt: startsAt, keptSince, settledUntil: eventTime, isAdopted: true },
    });
  }

  /**
   * An alert that a sample made may be known before that sample is read again: what an evaluation does not find is not
   * gone then, unless it would be stale by now.
   */
  private isSettled({ isAdopted, settledUntil, series }: Alert, time: number): boolean {
    if (time <= settledUntil) return true;
    if (!isAdopted || !this.hearsArrivals || time > settledUntil + LOOKBACK_MS) return false;
    return (this.options.newestOf?.(series) ?? Infinity) < settledUntil;
  }

  private forgetDecided(time: number): void {
    for (const [key, until] of this.decidedUntil) if (until <= time) this.decidedUntil.delete(key);
  }

  save(): SavedAlerting {
    return {
      alerts: [...this.active.values()].map(savedAlert),
      flaps: [...this.flaps].map(([key, detector]) => [key, detector.save()]),
      quietUntil: [...this.quietUntil],
      decidedUntil: [...this.decidedUntil],
      seen: [...this.findings.known()].map(savedElement),
    };
  }

  restore(saved: SavedAlerting): void {
    for (const each of saved.alerts) {
      const element = elementIn(each);
      const alert = this.newAlert(element, each.activeAt, each.correlationId, each.state);
      this.active.set(element.labels.key, { ...alert, ...stateIn(each) });
      this.options.onAstir?.(element.series);
    }
    const { flapping } = this.rule;
    if (flapping !== null)
      for (const [key, flaps] of saved.flaps) this.flaps.set(key, new FlapDetector(flapping, flaps));
    for (const [key, until] of saved.quietUntil) this.quietUntil.set(key, until);
    for (const [key, until] of saved.decidedUntil) this.decidedUntil.set(key, until);
    this.findings.restore(saved.seen.map(elementIn));
  }

  private firesFor(element: Yielded): boolean {
    return this.active.get(this.labels.alertLabels(element).key)?.state === 'firing';
  }

  private query(expr: string, moment: Moment) {
    const { preparer } = this.options;
    const parsed = parseExpr(expr);
    const isKept = this.queried.has(expr) || this.queried.size < MANY_QUERIES;
    if (isKept) this.queried.set(expr, true);
    const value = isKept ? preparer.prepare(parsed).evaluate(moment) : preparer.evaluateOnce(parsed, moment);
    const { labels, values } = vectorOf(value);
    return labels.map((each, i) => ({ labels: each.toLabels(), value: values[i]! }));
  }

  private take(key: string, element: Yielded, time: number, correlationId: string | null): void {
    const known = this.active.get(key);
    if (known !== undefined) {
      if (known.state === 'pending' && isInterrupted(known, time))
        Object.assign(known, { activeAt: time, found: [] });
      Object.assign(known, element, { heldAt: time, heldEvery: time - known.heldAt });
      return;
    }
    this.active.set(key, this.newAlert(element, time, correlationId, 'pending'));
    this.options.onAstir?.(element.series);
  }

  private newAlert(
    element: Yielded,
    activeAt: number,
    correlationId: string | null,
    state: Alert['state'],
  ): Alert {
    const base = this.seriesLabels(element.labels);
    return {
      ...element,
      ...{ activeAt, correlationId, state, firedAt: null, keptSince: null },
      ...{ heldAt: activeAt, heldEvery: this.options.intervalMs },
      ...{ found: [], settledUntil: -Infinity, isAdopted: false, remarks: NOTHING },
      stateSeries: base.with(METRIC_NAME, ALERTS).with(ALERT_STATE, state),
      forState: base.with(METRIC_NAME, ALERTS_FOR_STATE),
    };
  }

  private note(key: string, alert: Alert, holds: boolean, time: number): void {
    remember(alert, this.rule, holds);
    if (this.rule.flapping === null) return;
    let detector = this.flaps.get(key);
    if (detector === undefined) this.flaps.set(key, (detector = new FlapDetector(this.rule.flapping)));
    const before = detector.isFlapping;
    detector.note(holds, time);
    if (before !== detector.isFlapping)
      alert.remarks = remarked(alert.remarks, 'flapping', detector.isFlapping ? detector.describe() : null);
  }

  /** An evaluation that found nothing counts, too, while an earlier change does. */
  private noteAbsent(time: number): void {
    for (const key of this.flaps.keys()) if (!this.active.has(key)) this.noteCalm(key, time);
  }

  private noteCalm(key: string, time: number): boolean {
    const detector = this.flaps.get(key);
    detector?.note(false, time);
    if (detector?.isQuiet) this.flaps.delete(key);
    return this.flaps.has(key);
  }

  /** Whether the alert is still there. */
  private conclude(
    key: string,
    alert: Alert,
    verdict: Verdict,
    time: number,
    endValue: number | null,
  ): boolean {
    const outcome: Outcome = advance(alert, verdict, this.rule, time, {
      mayFire: () => this.mayFire(key, alert, time),
      flaps: this.flaps.get(key)?.isFlapping ?? false,
    });
    const isOver = outcome === 'ends' || outcome === 'gone';
    if (outcome === 'fires') alert.stateSeries = alert.stateSeries.with(ALERT_STATE, 'firing');
    if (isOver) {
      this.active.delete(key);
      this.decidedUntil.set(key, time);
    }
    if (outcome === 'ends') this.coolDown(key, time);
    if (outcome !== null && outcome !== 'gone') this.tell(outcome, alert, time, isOver ? endValue : null);
    return !isOver;
  }

  private coolDown(key: string, time: number): void {
    const { cooldownMs } = this.rule;
    if (cooldownMs === null || cooldownMs === 0) return;
    for (const [other, until] of this.quietUntil) if (until <= time) this.quietUntil.delete(other);
    this.quietUntil.set(key, time + cooldownMs);
  }

  private mayFire(key: string, alert: Alert, time: number): boolean {
    if (this.inhibitor?.firesFor(alert)) return false;
    const { cooldownMs } = this.rule;
    if (cooldownMs === null || cooldownMs === 0) return true;
    const ended = this.options.endedAt?.(alert.labels, this.rule) ?? -Infinity;
    return time >= Math.max(this.quietUntil.get(key) ?? -Infinity, ended + cooldownMs);
  }

  private tell(
    kind: ChangeKind,
    alert: Alert,
    time: number,
    endValue: number | null,
    reason: string | null = null,
  ): void {
    const { rule } = this;
    this.options.onAlert?.({ kind, rule, alert: this.shown(alert), time, endValue, reason });
  }

  private shown(alert: Alert): ActiveAlert {
    return {
      ...alert,
      annotations: () =>
        Object.entries(alert.remarks).reduce(
          (so, [name, value]) => so.with(name, value),
          this.annotations.over(LabelSet.EMPTY, alert),
        ),
    };
  }

  /** How many alerts there are after an evaluation. */
  private countOf({ of }: Findings): number {
    const stays = ([key, { state }]: readonly [string, Alert]): boolean =>
      state === 'pending' ? of(key) === 'holds' : of(key) !== 'recovered' || this.rule.keepFiringForMs > 0;
    return [...this.active].filter(stays).length;
  }

  /** Beyond a limit nothing begins. What was told already goes on, for its end has to be told. */
  private forgetPending(): void {
    for (const [key, { state }] of this.active) if (state === 'pending') this.active.delete(key);
  }

  /** A label whose template came out empty stands in the series as it is written, as in Prometheus. */
  private seriesLabels(labels: LabelSet): LabelSet {
    return Object.entries(this.rule.labels).reduce(
      (so, [name, value]) => (so.has(name) ? so : so.with(name, value)),
      labels,
    );
  }
}

function remarked(remarks: Labels, name: string, text: string | null): Labels {
  if ((remarks[name] ?? null) === text) return remarks;
  const { [name]: _, ...others } = remarks;
  return text === null ? others : { ...others, [name]: text };
}

const sinceText = ({ moment }: Alert): string => `no data since ${new Date(moment.time).toISOString()}`;

/** What a window is looked at for has no name. */
const isOfAnother = (alert: Alert, series: LabelSet): boolean =>
  !alert.isAdopted && alert.series.withoutName().key !== series.withoutName().key;

const seriesOf = ({ stateSeries, forState, activeAt }: Alert): Made[] => [
  { labels: stateSeries, value: 1 },
  { labels: forState, value: Math.floor(activeAt / 1_000) },
];
