/** A process that takes over a partition goes on where `gds.alerts` says that the one before it stood. */
import type { AlertRule } from '../../../src/domain/rule-group';
import { createEvaluatorHost, type EvaluateEvent } from '../../../src/evaluate/host';
import type { Transition } from '../../../src/domain/transition';
import type { Metric } from '../../../src/domain/metric';
import { groupOf, knowing, isoAt, rule, sample, MINUTE } from './sketches';

/** A process with one partition, and everything that it sent. */
async function takeOver(rules: readonly AlertRule[], before: readonly Transition[]) {
  const sent: Transition[] = [];
  const events: EvaluateEvent[] = [];
  const openAlerts = knowing(before);
  const publisher = {
    publish: async (transitions: readonly Transition[]) => {
      sent.push(...transitions);
      transitions.forEach(openAlerts.take);
    },
  };
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    groups: [groupOf(rules)],
    openAlerts,
    publisher,
    partitionOf: () => 0,
    onEvent: (event) => void events.push(event),
  });
  await host.assigned([0], [0]);
  async function offer(metric: Metric, replayed = false): Promise<void> {
    host.offer(metric, Date.parse(metric.timestamp), { topic: 'm', partition: 0, replayed });
    await host.flush(0);
  }
  return { host, sent, events, openAlerts, offer, kinds: () => sent.map(({ kind }) => kind) };
}

async function historyOf(rules: readonly AlertRule[], metrics: readonly Metric[]): Promise<Transition[]> {
  const process = await takeOver(rules, []);
  for (const metric of metrics) await process.offer(metric);
  return process.sent;
}

describe('an alert that was open', () => {
  test('is resolved by the first sample when that has recovered, as the same episode', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], [fired!]);
    await next.offer(sample(20, 50));
    expect(next.sent).toEqual([
      expect.objectContaining({
        kind: 'resolved',
        fingerprint: fired!.fingerprint,
        starts_at: fired!.starts_at,
        ends_at: isoAt(20),
        correlation_id: fired!.correlation_id,
      }),
    ]);
    expect(next.host.stats().adopted).toBe(1);
    expect(next.events).toContainEqual({ kind: 'adopted', fingerprint: fired!.fingerprint });
  });

  test('is not fired again while it breaches', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], [fired!]);
    await next.offer(sample(20, 96));
    expect(next.sent).toEqual([]);
    await next.offer(sample(30, 50));
    expect(next.kinds()).toEqual(['resolved']);
  });

  test('is resolved although the rule before it on the same series has none open', async () => {
    const rules = [rule(), rule({ name: 'ConnectionsRising', severity: 'warning', threshold: 70 })];
    const before = await historyOf(rules, [sample(10, 75)]);
    expect(before.map(({ rule: of }) => of?.name)).toEqual(['ConnectionsRising']);
    const next = await takeOver(rules, before);
    await next.offer(sample(20, 50));
    expect(next.sent.map(({ kind, rule: of }) => [kind, of?.name])).toEqual([
      ['resolved', 'ConnectionsRising'],
    ]);
  });

  test('ends with its series when the first sample is the stale marker', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], [fired!]);
    await next.offer(sample(20, 'stale'));
    expect(next.sent).toMatchObject([{ kind: 'resolved', value: null, ends_at: isoAt(20) }]);
  });

  test('is found although a label of its rule hides the instance', async () => {
    const hiding = [rule({ labels: { instance_id: 'fleet' } })];
    const before = await historyOf(hiding, [sample(10, 95)]);
    const next = await takeOver(hiding, before);
    await next.offer(sample(20, 50));
    expect(next.kinds()).toEqual(['resolved']);
  });

  test('is left alone by samples that are read again, and decided by those that are new', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], [fired!]);
    await next.offer(sample(5, 50), true);
    await next.offer(sample(10, 95), true);
    expect(next.sent).toEqual([]);
    await next.offer(sample(20, 50));
    expect(next.kinds()).toEqual(['resolved']);
  });

  test('goes on between its thresholds, although its breach was too long ago to be read again', async () => {
    const rules = [rule({ recoveryThreshold: 60 })];
    const before = await historyOf(rules, [sample(10, 95)]);
    const next = await takeOver(rules, before);
    await next.offer(sample(7_200, 75), true);
    await next.offer(sample(7_210, 75));
    expect(next.kinds()).toEqual(['changed']);
    await next.offer(sample(7_220, 60));
    expect(next.kinds()).toEqual(['changed', 'resolved']);
  });
});

describe('an alert that is known to be closed', () => {
  const closed = (): Promise<Transition[]> => historyOf([rule()], [sample(10, 95), sample(20, 50)]);

  test('is not fired again by the sample that fired it, delivered a second time', async () => {
    const next = await takeOver([rule()], await closed());
    await next.offer(sample(10, 95));
    await next.offer(sample(20, 50));
    expect(next.sent).toEqual([]);
  });

  test('fires as a new episode by a breach after its end', async () => {
    const next = await takeOver([rule()], await closed());
    for (const again of [sample(10, 95), sample(20, 50)]) await next.offer(again);
    await next.offer(sample(30, 97));
    expect(next.sent).toMatchObject([{ kind: 'firing', starts_at: isoAt(30) }]);
  });

  test('keeps its cool-down', async () => {
    const rules = [rule({ cooldownMs: MINUTE })];
    const next = await takeOver(rules, await historyOf(rules, [sample(10, 95), sample(20, 50)]));
    await next.offer(sample(40, 97));
    await next.offer(sample(79, 97));
    expect(next.sent).toEqual([]);
    await next.offer(sample(80, 97));
    expect(next.sent).toMatchObject([{ kind: 'firing', starts_at: isoAt(80) }]);
  });
});

describe('an alert that keep_firing_for held when the process before it died', () => {
  const rules = [rule({ keepFiringForMs: MINUTE })];
  const held = () => historyOf(rules, [sample(10, 95), sample(20, 50)]);

  test('ends when it would have ended', async () => {
    const next = await takeOver(rules, await held());
    await next.offer(sample(79, 50));
    expect(next.kinds()).toEqual([]);
    await next.offer(sample(80, 50));
    expect(next.sent).toMatchObject([{ kind: 'resolved', event_time: isoAt(80) }]);
  });

  test('says nothing of being held when its rule is gone', async () => {
    const next = await takeOver([], await held());
    const [{ annotations, ...end }] = next.sent as [Transition];
    expect(end.kind).toBe('resolved');
    expect(end).not.toHaveProperty('kept_since');
    expect(annotations).toEqual({ summary: expect.any(String) as string, resolved_reason: 'rule removed' });
  });
});

describe('an alert that the process before it fired and did not commit', () => {
  test('is told again with the same id', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], []);
    await next.offer(sample(10, 95));
    expect(next.sent.map((one) => one.transition_id)).toEqual([fired!.transition_id]);
  });

  test('is adopted when its firing arrives after the takeover', async () => {
    const [fired] = await historyOf([rule()], [sample(10, 95)]);
    const next = await takeOver([rule()], []);
    next.openAlerts.take(fired!);
    await next.offer(sample(10, 95));
    expect(next.sent).toEqual([]);
    await next.offer(sample(20, 50));
    expect(next.kinds()).toEqual(['resolved']);
  });
});
