/** The slots that need a sample. Nearly all samples are needed by none, and their metric's name tells. */
import { compileMatchers } from '../domain/matchers';
import { METRIC_NAME } from '../promql/label-set';
import { nameOf } from '../promql/source';
import type { SharedSample } from '../stream/port';
import type { SlotPlan } from './global-groups';
import { labelsOf } from './metric-labels';

export function createInterest(slots: readonly SlotPlan[]) {
  const wants = slots.flatMap((plan) =>
    plan.selectors.map((matchers) => ({
      ...{ plan, metric: nameOf(matchers) },
      matches: compileMatchers(matchers.filter(({ name, op }) => name !== METRIC_NAME || op !== '=')),
    })),
  );
  const ofAny = wants.filter(({ metric }) => metric === null);
  const named = [...new Set(wants.map(({ metric }) => metric))].filter((metric) => metric !== null);
  const byMetric = new Map(
    named.map((name) => [name, wants.filter(({ metric }) => metric === null || metric === name)]),
  );

  /** What may need samples of the metric, whatever their other labels. */
  const asked = (name: string): typeof wants => byMetric.get(name) ?? ofAny;

  function slotsFor(sample: Omit<SharedSample, 'time'>): readonly SlotPlan[] {
    const here = asked(sample.metric_name);
    if (here.length === 0) return NONE;
    const labels = labelsOf(sample);
    return [...new Set(here.filter(({ matches }) => matches(labels)).map(({ plan }) => plan))];
  }

  return { asked, slotsFor };
}

const NONE: readonly SlotPlan[] = [];
