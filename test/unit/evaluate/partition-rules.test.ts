/** What is told of the alerts of rule groups, also by a process that takes over. */
import type { Metric } from '../../../src/domain/metric';
import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { endedTransition } from '../../../src/evaluate/ended-transition';
import { createEvaluatorHost } from '../../../src/evaluate/host';
import type { KnownAlert } from '../../../src/stream/port';
import { createPartitionRules } from '../../../src/evaluate/partition-rules';
import { knowing, SECOND } from './sketches';

const BASE: AlertRule = {
  ...{ kind: 'alert', name: 'High', expr: 'x > 5', forMs: 2 * SECOND, keepFiringForMs: 0 },
  ...NO_EXTENSIONS,
  ...{ labels: { severity: 'critical' }, annotations: { summary: 'x is {{ $value }}' } },
};
const groupOf = (change: Partial<AlertRule> = {}): RuleGroup => ({
  ...{ file: 'r.yml', name: 'g', intervalMs: SECOND, queryOffsetMs: null, limit: 0 },
  rules: [{ ...BASE, ...change }],
});
const x = (value: Metric['value'], instance = 'a1'): Metric => ({
  ...{ timestamp: '', database_type: 'host', instance_id: instance, metric_name: 'x', value, tags: {} },
});

/** What `gds.alerts` knows: each alert's last transition. */
function wire(before: readonly Transition[] = []) {
  const last = new Map(before.map((each) => [each.fingerprint, each]));
  const known = (fingerprint: string): KnownAlert | undefined => {
    const transition = last.get(fingerprint);
    return transition && knowing([transition]).get(fingerprint);
  };
  const told: Transition[] = [];
  /** From second 0 on. */
  const rules = (groups: readonly RuleGroup[] = [groupOf()]) => {
    const partition = createPartitionRules({
      ...{ groups, intervalMs: SECOND, known },
      open: [...last.values()].filter(isOpen).map((each) => known(each.fingerprint)!),
      tell(transition) {
        told.push(transition);
        last.set(transition.fingerprint, transition);
      },
    });
    const reached = (time: number, replayed: boolean): void => {
      while (!partition.reached(time, replayed));
    };
    reached(0, true);
    return { ...partition, reached };
  };
  const story = () =>
    told.map(({ kind, starts_at: starts, event_time: at }) => `${kind} ${second(starts)} ${second(at)}`);
  return { rules, told, story };
}

const isOpen = ({ kind }: Transition): boolean => kind !== 'resolved';
const second = (time: string): number => Date.parse(time) / SECOND;

it('tells the beginning, a changed value and the end, of one episode', () => {
  const { rules, told, story } = wire();
  const partition = rules();
  partition.offer(x(9), 1 * SECOND, false);
  partition.reached(5 * SECOND, false);
  partition.offer(x(20), 14 * SECOND, false);
  partition.reached(16 * SECOND, false);
  partition.offer(x(1), 20 * SECOND, false);
  partition.reached(21 * SECOND, false);
  expect(story()).toEqual(['firing 3 3', 'changed 3 14', 'resolved 3 20']);
  expect(new Set(told.map(({ correlation_id: id }) => id)).size).toBe(1);
  expect(told[0]).toMatchObject({
    ...{ source: 'evaluator', value: 9, threshold: 5, ends_at: null, annotations: { summary: 'x is 9' } },
    labels: { alertname: 'High', severity: 'critical', instance_id: 'a1', database_type: 'host' },
    rule: { group: 'g', name: 'High' },
  });
});

it('tells nothing of what is read again, and goes on where it stood', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);

  const after = wire(before.told);
  const second = after.rules();
  second.offer(x(9), 1 * SECOND, false);
  second.reached(5 * SECOND, true);
  second.reached(9 * SECOND, false);
  expect(after.story()).toEqual([]);
  second.offer(x(1), 10 * SECOND, false);
  second.reached(11 * SECOND, false);
  expect(after.story()).toEqual(['resolved 3 10']);
  expect(after.told[0]!.correlation_id).toBe(before.told[0]!.correlation_id);
});

it('tells what a process decided that died before Kafka had it, as the same transition', () => {
  const dead = wire();
  const first = dead.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);

  const { rules, told } = wire();
  const second = rules();
  second.offer(x(9), 1 * SECOND, false);
  second.reached(5 * SECOND, true);
  second.reached(20 * SECOND, false);
  expect(told.map(({ transition_id: id }) => id)).toEqual(dead.told.map(({ transition_id: id }) => id));
});

it('resolves what ended while nobody looked, but not before it has judged later than what is known', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);

  const { rules, story } = wire(before.told);
  const second = rules();
  second.offer(x(1), 2 * SECOND, false);
  second.reached(3 * SECOND, false);
  expect(story()).toEqual([]);
  second.offer(x(1), 3.5 * SECOND, true);
  second.reached(4 * SECOND, false);
  expect(story()).toEqual(['resolved 3 4']);
});

it('does not end what a sample has begun before that sample is read again', () => {
  const before = wire();
  const first = before.rules();
  // Recorded after the evaluation of second 2, and sampled before it.
  first.reached(2 * SECOND, false);
  for (const at of [1_500, 3_600]) first.offer(x(9), at, false);
  expect(before.story()).toEqual(['firing 3.6 3.6']);

  const { rules, story } = wire(before.told);
  const second = rules();
  second.reached(4 * SECOND, false);
  for (const at of [1_500, 3_600]) second.offer(x(9), at, false);
  second.reached(6 * SECOND, false);
  expect(story()).toEqual([]);
  second.offer(x(1), 7 * SECOND, false);
  expect(story()).toEqual(['resolved 3.6 7']);
});

it('keeps open what is pending again because its windows were not read far enough', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);

  const { rules, story } = wire(before.told);
  const second = rules();
  second.offer(x(9), 60 * SECOND, true);
  second.reached(60 * SECOND, true);
  second.reached(61 * SECOND, false);
  second.reached(70 * SECOND, false);
  expect(story()).toEqual([]);
  second.offer(x(1), 71 * SECOND, false);
  second.reached(72 * SECOND, false);
  expect(story()).toEqual(['resolved 3 71']);
});

it('tells an alert that begins again before its end has come back', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);
  const told: Transition[] = [];
  const late = createPartitionRules({
    ...{ groups: [groupOf()], intervalMs: SECOND, open: [], known: knowing(before.told).get },
    tell: (transition) => told.push(transition),
  });
  while (!late.reached(0, true));
  late.offer(x(9), 1 * SECOND, true);
  while (!late.reached(5 * SECOND, true));
  late.offer(x(1), 6 * SECOND, false);
  while (!late.reached(7 * SECOND, false));
  late.offer(x(9), 10 * SECOND, false);
  while (!late.reached(20 * SECOND, false));
  const story = told.map(
    ({ kind, starts_at: from, event_time: at }) => `${kind} ${second(from)} ${second(at)}`,
  );
  expect(story).toEqual(['resolved 3 6', 'firing 12 12']);
});

it('leaves alone what a person has resolved, until it has ended and begins anew', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);
  const byHand: Transition = {
    ...before.told[0]!,
    kind: 'resolved',
    source: 'person',
    event_time: new Date(6_000).toISOString(),
  };

  const { rules, story } = wire([byHand]);
  const second = rules();
  second.offer(x(9), 1 * SECOND, false);
  second.reached(5 * SECOND, true);
  second.reached(9 * SECOND, false);
  expect(story()).toEqual([]);
  second.offer(x(1), 10 * SECOND, false);
  second.reached(11 * SECOND, false);
  second.offer(x(9), 12 * SECOND, false);
  second.reached(20 * SECOND, false);
  expect(story()).toEqual(['firing 14 14']);
});

it('fires anew where its rule has changed and still holds: nobody is left untold until it recovers', () => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);
  const { rules, story } = wire([endedTransition(before.told[0]!, 10 * SECOND, 'rule changed')]);
  const second = rules([groupOf({ expr: 'x > 6' })]);
  second.offer(x(9), 1 * SECOND, false);
  second.reached(9 * SECOND, true);
  second.reached(12 * SECOND, false);
  expect(story()).toEqual(['firing 10.001 10.001']);
});

it.each([
  ['of a group that has another name now', 'rule removed', { ...groupOf(), name: 'renamed' }],
  ['that was changed and is as it was again', 'rule changed', groupOf()],
])('fires anew for a rule %s', (_, reason, group) => {
  const before = wire();
  const first = before.rules();
  first.offer(x(9), 1 * SECOND, false);
  first.reached(5 * SECOND, false);
  const { rules, story } = wire([endedTransition(before.told[0]!, 10 * SECOND, reason)]);
  const second = rules([group]);
  second.offer(x(9), 1 * SECOND, false);
  second.reached(9 * SECOND, true);
  second.reached(12 * SECOND, false);
  expect(story()).toEqual(['firing 10.001 10.001']);
});

it('fires again where the end that it told lies ahead of the samples that follow', () => {
  const { rules, story } = wire();
  const partition = rules([groupOf({ forMs: 0 })]);
  partition.offer(x(9), 50 * SECOND, false);
  partition.reached(50 * SECOND, false);
  partition.offer(x(12), 55 * SECOND, false);
  partition.reached(60 * SECOND, false);
  expect(story()).toEqual(['firing 50 50', 'changed 50 60']);
  partition.offer(x(1), 57 * SECOND, false);
  partition.offer(x(9), 58 * SECOND, false);
  partition.reached(300 * SECOND, false);
  expect(story().slice(2)).toEqual(['resolved 50 60.001', 'firing 60.002 60.002']);
});

it('ends what it has taken over by a sample that is older than what was told last', () => {
  const before = wire();
  const first = before.rules([groupOf({ forMs: 0 })]);
  first.offer(x(9), 50 * SECOND, false);
  first.reached(50 * SECOND, false);
  first.offer(x(12), 55 * SECOND, false);
  first.reached(60 * SECOND, false);
  const { rules, story } = wire([before.told.at(-1)!]);
  const second = rules([groupOf({ forMs: 0 })]);
  second.offer(x(9), 50 * SECOND, true);
  second.offer(x(12), 55 * SECOND, true);
  second.reached(60 * SECOND, true);
  second.offer(x(1), 58 * SECOND, false);
  second.reached(61 * SECOND, false);
  second.offer(x(1), 70 * SECOND, false);
  second.reached(600 * SECOND, false);
  expect(story()).toEqual(['resolved 50 60.001']);
});

describe('rules that are not as they were', () => {
  async function reasonsAfter(groups: readonly RuleGroup[]): Promise<(string | undefined)[]> {
    const before = wire();
    const first = before.rules();
    first.offer(x(9), 1 * SECOND, false);
    first.reached(5 * SECOND, false);
    const published: Transition[] = [];
    const host = createEvaluatorHost({
      intervalMs: 15_000,
      ...{
        groups,
        openAlerts: knowing(before.told),
        now: () => 10 * SECOND,
        partitionOf: () => 3,
      },
      publisher: { publish: (transitions) => Promise.resolve(void published.push(...transitions)) },
    });
    await host.assigned([1], [1]);
    expect(published).toEqual([]);
    await host.assigned([1, 3], [3]);
    return published.map(({ kind, annotations }) => `${kind} ${annotations.resolved_reason}`);
  }

  it.each([
    ['the same', [groupOf()], []],
    ['another limit', [groupOf({ expr: 'x > 6' })], ['resolved rule changed']],
    ['another name', [groupOf({ name: 'Higher' })], ['resolved rule removed']],
    ['no group', [], ['resolved rule removed']],
  ])('%s', async (_, groups, reasons) => {
    expect(await reasonsAfter(groups)).toEqual(reasons);
  });
});

it('sends what time alone decides, and tries again as time passes', async () => {
  const published: Transition[] = [];
  let isAway = true;
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    ...{ groups: [groupOf()], openAlerts: knowing([]), now: () => 0 },
    publisher: {
      publish(transitions) {
        if (isAway) return Promise.reject(new Error('Kafka is away'));
        published.push(...transitions);
        return Promise.resolve();
      },
    },
  });
  expect(host.lookbackMs).toBeGreaterThanOrEqual(302_000);
  await host.assigned([0], [0]);
  while (!host.reached(0, 0, false));
  host.offer(x(9), SECOND, { topic: 't', partition: 0, replayed: false });
  while (!host.reached(0, 5 * SECOND, false));
  await new Promise((resolve) => setImmediate(resolve));
  expect([published.length, host.stats().unsent, host.stats().series]).toEqual([0, 1, 1]);
  isAway = false;
  while (!host.reached(0, 6 * SECOND, false));
  while (!host.reached(7, 6 * SECOND, false));
  await new Promise((resolve) => setImmediate(resolve));
  expect([published.length, host.stats().unsent]).toEqual([1, 0]);
});
