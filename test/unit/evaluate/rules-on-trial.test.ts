/** What rules on trial would have told goes to a place of its own, survives a take-over, and holds no alert up. */
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { createEvaluatorHost, type EvaluateEvent } from '../../../src/evaluate/host';
import { createPool, x } from './pool-sketch';
import { groupOf, knowing, MINUTE, rule, sample, SECOND, T0 } from './sketches';

const PLACE = { topic: 'm', partition: 0, replayed: false };
const TRIAL = rule({ name: 'Trial', mode: 'shadow' });

/** A topic and the view of it. */
function createTopic(before: readonly Transition[] = []) {
  const told: Transition[] = [];
  const openAlerts = knowing(before);
  const topic = { told, isAway: false, openAlerts, publisher: { publish } };
  async function publish(transitions: readonly Transition[]): Promise<void> {
    if (topic.isAway) throw new Error('Kafka is away');
    told.push(...transitions);
    transitions.forEach(openAlerts.take);
  }
  return topic;
}

async function start(rules: readonly AlertRule[], before: readonly Transition[] = []) {
  const [alerts, trials] = [createTopic(), createTopic(before)];
  const events: EvaluateEvent[] = [];
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    ...{ groups: [groupOf(rules)], ...alerts, shadow: trials },
    partitionOf: () => 0,
    now: () => T0 + 10 * MINUTE,
    onEvent: (event) => void events.push(event),
  });
  await host.assigned([0], [0]);
  const offer = (at: number, value: number, replayed = false): void =>
    host.offer(sample(at, value), T0 + at * SECOND, { ...PLACE, replayed });
  return { host, alerts, trials, events, offer };
}

const inShort = ({ told }: { told: readonly Transition[] }): string[] =>
  told.map(({ kind, rule: of, event_time: at }) => `${of?.name} ${kind} ${(Date.parse(at) - T0) / SECOND}`);

test('they tell their own topic only, and others only that of the alerts', async () => {
  const { host, alerts, trials, events, offer } = await start([rule({ name: 'Active' }), TRIAL]);
  offer(0, 95);
  offer(10, 50);
  expect(host.stats().unsent).toBe(4);
  await host.flush(0);
  expect(inShort(alerts)).toEqual(['Active firing 0', 'Active resolved 10']);
  expect(inShort(trials)).toEqual(['Trial firing 0', 'Trial resolved 10']);
  expect(events.flatMap((event) => ('rule' in event ? [`${event.kind} ${event.rule}`] : []))).toEqual([
    ...['transition Active', 'transition Active', 'shadow_transition Trial', 'shadow_transition Trial'],
  ]);
});

test('without a place to tell, nothing waits and nothing is told', async () => {
  const alerts = createTopic();
  const host = createEvaluatorHost({ intervalMs: 15_000, groups: [groupOf([TRIAL])], ...alerts });
  await host.assigned([0], [0]);
  host.offer(sample(0, 95), T0, PLACE);
  await host.flush(0);
  expect([alerts.told, host.stats().unsent]).toEqual([[], 0]);
});

test('a topic of theirs that is away holds offsets, and no alert', async () => {
  const { host, alerts, trials, offer } = await start([rule({ name: 'Active' }), TRIAL]);
  trials.isAway = true;
  offer(0, 95);
  await expect(host.flush(0)).rejects.toThrow('Kafka is away');
  offer(10, 50);
  await expect(host.flush(0)).rejects.toThrow('Kafka is away');
  expect(inShort(alerts)).toEqual(['Active firing 0', 'Active resolved 10']);
  trials.isAway = false;
  await host.flush(0);
  expect(inShort(trials)).toEqual(['Trial firing 0', 'Trial resolved 10']);
});

describe('a process that takes over', () => {
  const before = async (): Promise<Transition[]> => {
    const { host, trials, offer } = await start([TRIAL]);
    offer(0, 95);
    await host.flush(0);
    return trials.told;
  };

  test('does not begin again what is open, and ends it', async () => {
    const { host, trials, offer } = await start([TRIAL], await before());
    offer(0, 95, true);
    offer(10, 95);
    offer(20, 50);
    await host.flush(0);
    expect(inShort(trials)).toEqual(['Trial resolved 20']);
    expect(trials.told[0]!.starts_at).toBe(new Date(T0).toISOString());
  });

  test('ends what recovered while nobody looked', async () => {
    const { host, trials, offer } = await start([TRIAL], await before());
    offer(30, 50);
    await host.flush(0);
    expect(inShort(trials)).toEqual(['Trial resolved 30']);
  });

  test.each([
    ['removed', [rule({ name: 'Active' })], 'rule removed'],
    ['changed', [rule({ name: 'Trial', mode: 'shadow', threshold: 99 })], 'rule changed'],
    ['made to page', [rule({ name: 'Trial' })], 'rule changed'],
  ])('ends those of a rule that was %s', async (_, rules, reason) => {
    const { alerts, trials } = await start(rules, await before());
    expect(trials.told.map(({ kind, annotations }) => [kind, annotations.resolved_reason])).toEqual([
      ['resolved', reason],
    ]);
    expect(alerts.told).toEqual([]);
  });
});

test('a cool-down counts from their own end', async () => {
  const quiet = rule({ name: 'Trial', mode: 'shadow', cooldownMs: MINUTE });
  const first = await start([quiet]);
  first.offer(0, 95);
  first.offer(10, 50);
  await first.host.flush(0);
  const { host, trials, offer } = await start([quiet], first.trials.told);
  offer(20, 95);
  offer(69, 95);
  await host.flush(0);
  expect(trials.told).toEqual([]);
  offer(70, 95);
  await host.flush(0);
  expect(inShort(trials)).toEqual(['Trial firing 70']);
});

test('rules across instances are on trial likewise', async () => {
  const across = { ...rule({ name: 'Fleet', mode: 'shadow' }), expr: 'sum(sessions) > 10' };
  const trials = createTopic();
  const pool = createPool([groupOf([across], { intervalMs: 10 * SECOND })], 2, 2, { shadow: trials });
  await pool.start();
  for (const at of [0, 10, 20]) {
    await pool.sample(at, x('sessions', 'i0', 6));
    await pool.sample(at, x('sessions', 'i1', 6));
    await pool.reached(at + 9);
  }
  expect(trials.told.map(({ kind }) => kind)).toContain('firing');
  expect(pool.told).toEqual([]);
});
