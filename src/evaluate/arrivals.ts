/**
 * The rules of a series that are decided when its samples come. While no alert of the series is astir, samples within the
 * calm band cost one comparison, however many rules there are.
 */
import type { Labels } from '../domain/labels';
import { compileMatchers } from '../domain/matchers';
import type { LabelSet } from '../promql/label-set';
import type { Alerting } from './alerting';
import { calmBand, NO_BAND, type CalmBand } from './calm-band';
import type { EvaluatedGroup } from './rule-group';

export interface Arrival {
  readonly series: LabelSet;
  readonly value: number;
  readonly time: number;
  readonly correlationId: string | null;
}

interface Listener {
  readonly rule: Alerting;
  readonly matches: (labels: Labels) => boolean;
}

/** The rules that compare samples, as new series ask for them. */
export class Listeners {
  private readonly byMetric = new Map<string, Listener[]>();

  constructor(groups: readonly EvaluatedGroup[]) {
    for (const { alerting } of groups) for (const rule of alerting) this.add(rule);
  }

  private add(rule: Alerting): void {
    if (rule.comparison === null) return;
    const { metric, matchers } = rule.comparison;
    const listener = { rule, matches: compileMatchers(matchers) };
    this.byMetric.set(metric, [...(this.byMetric.get(metric) ?? []), listener]);
  }

  /** Null where no rule compares samples of the series. */
  of(metric: string, labels: Labels): SeriesListeners | null {
    const found = this.byMetric.get(metric)?.filter(({ matches }) => matches(labels)) ?? [];
    return found.length === 0 ? null : new SeriesListeners(found);
  }
}

export class SeriesListeners {
  private readonly band: CalmBand;
  private readonly hearing: readonly Listener[];
  /** Whether the next sample matters, whatever it is. The first one does: an alert may be open from before. */
  private isAstir = true;

  constructor(private readonly all: readonly Listener[]) {
    this.hearing = all.filter(({ rule }) => rule.hearsArrivals);
    const mindsAll = this.hearing.some(({ rule }) => rule.rule.flapping !== null);
    this.band = mindsAll ? NO_BAND : calmBand(this.hearing.map(({ rule }) => rule.comparison!));
  }

  stir(): void {
    this.isAstir = true;
  }

  arrived({ series, value, time, correlationId }: Arrival): void {
    if (!this.isAstir && value > this.band.above && value < this.band.below) return;
    this.isAstir = false;
    for (const { rule } of this.hearing)
      if (rule.arrived(series, value, time, correlationId)) this.isAstir = true;
  }

  ended(series: LabelSet, time: number): void {
    for (const { rule } of this.all) rule.ended(series, time);
  }
}
