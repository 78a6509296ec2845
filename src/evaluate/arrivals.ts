/**
 * The rules of a series that are decided when its samples come. While no alert of the series is astir, samples within the
 * calm band cost one comparison, however many rules there are.
 */
import type { Labels } from '../domain/labels';
import { compiledMatchers } from '../domain/matchers';
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

/** The rules of series that have the same ones. */
interface Audience {
  readonly all: readonly Alerting[];
  readonly hearing: readonly Alerting[];
  readonly band: CalmBand;
}

/** The rules that compare samples, as new series ask for them. */
export class Listeners {
  private readonly byMetric = new Map<string, Listener[]>();
  /** By the places of the rules among those of the metric: many series have the same. */
  private readonly audiences = new Map<string, Audience>();

  constructor(groups: readonly EvaluatedGroup[]) {
    for (const { alerting } of groups) for (const rule of alerting) this.add(rule);
  }

  private add(rule: Alerting): void {
    if (rule.comparison === null) return;
    const { metric, matchers } = rule.comparison;
    const listener = { rule, matches: compiledMatchers(matchers) };
    this.byMetric.set(metric, [...(this.byMetric.get(metric) ?? []), listener]);
  }

  /** Null where no rule compares samples of the series. */
  of(metric: string, labels: Labels): SeriesListeners | null {
    const places: number[] = [];
    const asked = this.byMetric.get(metric) ?? [];
    asked.forEach(({ matches }, place) => matches(labels) && places.push(place));
    if (places.length === 0) return null;
    const key = `${metric}\0${places.join()}`;
    let audience = this.audiences.get(key);
    if (audience === undefined)
      this.audiences.set(key, (audience = audienceOf(places.map((place) => asked[place]!.rule))));
    return new SeriesListeners(audience);
  }
}

function audienceOf(all: readonly Alerting[]): Audience {
  const hearing = all.filter(({ hearsArrivals }) => hearsArrivals);
  const mindsAll = hearing.some(({ rule }) => rule.flapping !== null);
  return { all, hearing, band: mindsAll ? NO_BAND : calmBand(hearing.map(({ comparison }) => comparison!)) };
}

export class SeriesListeners {
  /** Whether the next sample matters, whatever it is. The first one does: an alert may be open from before. */
  private isAstir = true;

  constructor(private readonly audience: Audience) {}

  stir(): void {
    this.isAstir = true;
  }

  arrived({ series, value, time, correlationId }: Arrival): void {
    const { band, hearing } = this.audience;
    if (!this.isAstir && value > band.above && value < band.below) return;
    this.isAstir = false;
    for (const rule of hearing) if (rule.arrived(series, value, time, correlationId)) this.isAstir = true;
  }

  ended(series: LabelSet, time: number): void {
    for (const rule of this.audience.all) rule.ended(series, time);
  }
}
