/** The group that every collector has, and the metrics that are made of how a collection went. */
import type { MetricGroup, MetricSpec, Sample, UpReason } from './port';
import { UP_REASONS } from './port';

export const AVAILABILITY = 'availability';

const PROBE_METRICS: readonly MetricSpec[] = [
  {
    name: 'up',
    unit: '1',
    description:
      '1 when the target answered its probe, 0 when it did not; then metadata.reason says why and metadata.error in the ' +
      "driver's words. The reason is no label, so that `up == 0` resolves when the same series becomes 1",
    source: 'probe',
  },
  {
    name: 'up_reason',
    unit: '1',
    description: `Why the target is not up: 0 it is up, ${UP_REASONS.map((reason, i) => `${i + 1} ${reason}`).join(', ')}`,
    source: 'probe',
  },
  {
    name: 'probe_duration_seconds',
    unit: 'seconds',
    description: 'How long a successful probe took',
    source: 'probe',
  },
];

/** Of every other group: whether its last collection succeeded. */
export const COLLECTION_SUCCESS: MetricSpec = {
  name: 'collection_success',
  unit: '1',
  description:
    '1 when the group was collected, 0 when it failed (metadata.reason and metadata.error) or was not tried',
  source: 'collector',
  labels: ['group'],
};

/** The availability group, with what its probe reads on the way. */
export function availabilityGroup(extra: readonly MetricSpec[] = [], intervalMs = 15_000): MetricGroup {
  return { name: AVAILABILITY, intervalMs, metrics: [...PROBE_METRICS, ...extra] };
}

/** The value of `up_reason`. */
export const reasonCode = (reason: UpReason | null): number =>
  reason === null ? 0 : UP_REASONS.indexOf(reason) + 1;

/** What a probe that ended says; `seconds` is how long it took when it succeeded. */
export function probeSamples(reason: UpReason | null, seconds: number): Sample[] {
  const samples = [
    { name: 'up', value: reason === null ? 1 : 0 },
    { name: 'up_reason', value: reasonCode(reason) },
  ];
  return reason === null ? [...samples, { name: 'probe_duration_seconds', value: seconds }] : samples;
}

export const successSamples = (group: string, success: boolean): Sample[] => [
  { name: COLLECTION_SUCCESS.name, value: success ? 1 : 0, labels: { group } },
];
