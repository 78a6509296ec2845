/** What the evaluators of a process decide waits until Kafka has it: nothing is lost, doubled or out of order. */
import { TocsinError } from '../../../src/domain/errors';
import type { AlertRule } from '../../../src/domain/rule-group';
import { lookbackOf } from '../../../src/evaluate/rule-series';
import { createEvaluatorHost, type EvaluateEvent } from '../../../src/evaluate/host';
import type { Metric } from '../../../src/domain/metric';
import type { Transition } from '../../../src/domain/transition';
import type { MetricPlace, TransitionPublisher } from '../../../src/stream/port';
import { groupOf, createEvaluator, isoAt, knowing, MINUTE, rule, sample, SECOND, T0 } from './sketches';

/** Lets everything go on that waits for nothing outside. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Publishing {
  readonly transitions: readonly Transition[];
  acknowledge(): void;
  fail(): void;
}

/** A publisher whose every call is answered by the test, or at once with what `answers` says. */
function fakePublisher() {
  const calls: Publishing[] = [];
  const arrived: Transition[] = [];
  const fake = {
    ...{ answers: 'late' as 'late' | 'yes' | 'no', calls, arrived, publish },
    refuses: (_: Transition): boolean => false,
  };
  function publish(transitions: readonly Transition[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (transitions.some(fake.refuses)) return reject(new TocsinError('TOC_MESSAGE_INVALID', 'too large'));
      const call: Publishing = {
        transitions: [...transitions],
        acknowledge() {
          arrived.push(...transitions);
          resolve();
        },
        fail: () => reject(new Error('Kafka is away')),
      };
      calls.push(call);
      if (fake.answers === 'yes') call.acknowledge();
      else if (fake.answers === 'no') call.fail();
    });
  }
  return fake satisfies TransitionPublisher;
}

async function start(
  options: {
    rules?: readonly AlertRule[];
    known?: readonly Transition[];
    partitions?: number[];
    removes?: boolean;
  } = {},
) {
  const { rules = [rule()], known = [], partitions = [0], removes = false } = options;
  const publisher = fakePublisher();
  publisher.answers = 'yes';
  const events: EvaluateEvent[] = [];
  const host = createEvaluatorHost({
    intervalMs: 15_000,
    groups: [groupOf(rules)],
    openAlerts: knowing(known),
    publisher,
    ...(removes && { partitionOf: (instanceId) => Number(instanceId.at(-1)) }),
    now: () => T0 + 100 * SECOND,
    onEvent: (event) => void events.push(event),
  });
  await host.assigned(partitions, partitions);
  publisher.answers = 'late';
  const offer = (metric: Metric, place: Partial<MetricPlace> = {}): void =>
    host.offer(metric, Date.parse(metric.timestamp), { topic: 'm', partition: 0, replayed: false, ...place });
  const arrived = () =>
    publisher.arrived.map(({ kind, event_time: at }) => `${kind} ${(Date.parse(at) - T0) / SECOND}`);
  return { host, publisher, events, offer, arrived };
}

describe('a flush', () => {
  test('ends when Kafka has acknowledged what followed, and not before', async () => {
    const { host, publisher, offer } = await start();
    offer(sample(0, 95));
    let flushed = false;
    const flush = host.flush(0).then(() => (flushed = true));
    await turn();
    expect([flushed, host.stats().unsent, publisher.calls.length]).toEqual([false, 1, 1]);
    publisher.calls[0]!.acknowledge();
    await flush;
    expect(host.stats().unsent).toBe(0);
  });

  test('asks nothing of Kafka when nothing followed', async () => {
    const { host, publisher, offer } = await start();
    offer(sample(0, 50));
    await host.flush(0);
    expect(publisher.calls).toEqual([]);
  });

  test('that fails keeps what was to be sent, and the next one sends it', async () => {
    const { host, publisher, offer, arrived } = await start();
    publisher.answers = 'no';
    offer(sample(0, 95));
    await expect(host.flush(0)).rejects.toThrow('Kafka is away');
    offer(sample(10, 50));
    await expect(host.flush(0)).rejects.toThrow('Kafka is away');
    expect(host.stats().unsent).toBe(2);
    publisher.answers = 'yes';
    await host.flush(0);
    await host.flush(0);
    expect(arrived()).toEqual(['firing 0', 'resolved 10']);
    expect(host.stats().unsent).toBe(0);
  });

  test('that fails does not evaluate its samples again', async () => {
    const { host, publisher, offer, arrived } = await start({ rules: [rule({ consecutiveFailures: 2 })] });
    publisher.answers = 'no';
    offer(sample(0, 95));
    offer(sample(10, 95));
    await expect(host.flush(0)).rejects.toThrow();
    publisher.answers = 'yes';
    await host.flush(0);
    expect(host.stats().samples).toBe(2);
    expect(arrived()).toEqual(['firing 10']);
  });

  test('sends also what was decided while it was under way, in order and once', async () => {
    const { host, publisher, offer, arrived } = await start();
    offer(sample(0, 95));
    const first = host.flush(0);
    await turn();
    offer(sample(10, 50), { topic: 'other' });
    const second = host.flush(0);
    offer(sample(20, 95));
    const third = host.flush(0);
    await turn();
    publisher.answers = 'yes';
    publisher.calls[0]!.acknowledge();
    await Promise.all([first, second, third]);
    expect(publisher.calls[0]!.transitions).toHaveLength(1);
    expect(arrived()).toEqual(['firing 0', 'resolved 10', 'firing 20']);
  });

  test('that waits for one that fails sends everything itself', async () => {
    const { host, publisher, offer, arrived } = await start();
    offer(sample(0, 95));
    const first = host.flush(0);
    await turn();
    offer(sample(10, 50), { topic: 'other' });
    const others = [host.flush(0), host.flush(0)];
    await turn();
    publisher.answers = 'yes';
    publisher.calls[0]!.fail();
    await expect(first).rejects.toThrow();
    await Promise.all(others);
    expect(arrived()).toEqual(['firing 0', 'resolved 10']);
  });

  test('of one partition does not wait for another', async () => {
    const { host, publisher, offer } = await start({ partitions: [0, 1] });
    offer(sample(0, 95));
    const blocked = host.flush(0);
    offer(sample(0, 95, { instance_id: 'prod-db-02' }), { partition: 1 });
    const free = host.flush(1);
    await turn();
    publisher.calls[1]!.acknowledge();
    await free;
    expect(host.stats().unsent).toBe(1);
    publisher.calls[0]!.acknowledge();
    await blocked;
  });

  test('leaves out what is refused for good, says so, and sends the others in their order', async () => {
    const { host, publisher, offer, events, arrived } = await start();
    publisher.refuses = ({ event_time: at }) => at === isoAt(20);
    publisher.answers = 'yes';
    for (const [at, value] of [
      [0, 95],
      [10, 50],
      [20, 95],
      [30, 50],
      [40, 95],
    ] as const)
      offer(sample(at, value));
    await host.flush(0);
    expect(arrived()).toEqual(['firing 0', 'resolved 10', 'resolved 30', 'firing 40']);
    expect(host.stats().unsent).toBe(0);
    expect(events.filter(({ kind }) => kind === 'transition')).toHaveLength(4);
    expect(events.filter(({ kind }) => kind === 'transition_refused')).toEqual([
      {
        ...{ kind: 'transition_refused', transition: 'firing', group: 'postgres', rule: 'ConnectionsHigh' },
        ...{ fingerprint: publisher.arrived[0]!.fingerprint, correlationId: 'c-20', problem: 'too large' },
      },
    ]);
  });

  test('that finds Kafka away beside something refused sends all of it again', async () => {
    const { host, publisher, offer, events, arrived } = await start();
    publisher.refuses = ({ event_time: at }) => at === isoAt(20);
    publisher.answers = 'no';
    for (const [at, value] of [
      [0, 95],
      [10, 50],
      [20, 95],
    ] as const)
      offer(sample(at, value));
    await expect(host.flush(0)).rejects.toThrow('Kafka is away');
    expect([host.stats().unsent, events.some(({ kind }) => kind === 'transition_refused')]).toEqual([
      3,
      false,
    ]);
    publisher.answers = 'yes';
    await host.flush(0);
    expect(arrived()).toEqual(['firing 0', 'resolved 10']);
  });

  test('tells of each transition once, with its way from the sample to the acknowledgement', async () => {
    const { host, publisher, offer, events } = await start();
    publisher.answers = 'no';
    offer(sample(40, 95));
    await expect(host.flush(0)).rejects.toThrow();
    publisher.answers = 'yes';
    await host.flush(0);
    expect(events.filter(({ kind }) => kind === 'transition')).toEqual([
      {
        kind: 'transition',
        transition: 'firing',
        rule: 'ConnectionsHigh',
        fingerprint: publisher.arrived[0]!.fingerprint,
        correlationId: 'c-40',
        latencyMs: 60_000,
      },
    ]);
  });
});

describe('an assignment', () => {
  const lasting = [rule({ forMs: MINUTE })];

  test('refuses metrics of other partitions', async () => {
    const { host, offer } = await start();
    expect(() => offer(sample(0, 95), { partition: 1 })).toThrow('partition 1 is not assigned here');
    await host.flush(1);
  });

  test('keeps the state of a partition that stays', async () => {
    const { host, publisher, offer, arrived } = await start({ rules: lasting });
    offer(sample(0, 95));
    await host.assigned([0, 1], [1]);
    publisher.answers = 'yes';
    offer(sample(60, 95));
    await host.flush(0);
    expect(arrived()).toEqual(['firing 60']);
  });

  test.each([
    [
      'is fresh',
      async (host: { assigned(p: number[], f: number[]): Promise<void> }) => host.assigned([0, 1], [0]),
    ],
    [
      'was away',
      async (host: { assigned(p: number[], f: number[]): Promise<void> }) => {
        await host.assigned([1], [1]);
        await host.assigned([0, 1], [0]);
      },
    ],
  ])('drops the state of a partition that %s', async (_, reassign) => {
    const { host, publisher, offer } = await start({ rules: lasting });
    offer(sample(0, 95));
    expect(host.stats().series).toBe(1);
    await reassign(host);
    expect(host.stats()).toMatchObject({ series: 0, partitions: 2 });
    publisher.answers = 'yes';
    offer(sample(60, 95));
    await host.flush(0);
    expect(publisher.arrived).toEqual([]);
  });

  test('is told, and asks for as much as the rules look back', async () => {
    const { host, events } = await start({ rules: lasting, partitions: [3, 5] });
    expect(events).toEqual([{ kind: 'assigned', partitions: [3, 5], fresh: [3, 5] }]);
    expect(host.lookbackMs).toBe(lookbackOf([groupOf(lasting)], 15 * SECOND));
  });

  test('waits until the open alerts are known', async () => {
    const [fired] = createEvaluator({ rules: [rule()] }).offer(sample(0, 95));
    const alerts = knowing([]);
    let catchUp = (): void => undefined;
    const caughtUp = new Promise<void>((resolve) => {
      catchUp = () => {
        alerts.take(fired!);
        resolve();
      };
    });
    const publisher = fakePublisher();
    publisher.answers = 'yes';
    const openAlerts = { ...alerts, caughtUp: () => caughtUp };
    const host = createEvaluatorHost({
      intervalMs: 15_000,
      groups: [groupOf([rule()])],
      openAlerts,
      publisher,
      partitionOf: () => 0,
    });
    const assigned = host.assigned([0], [0]);
    await turn();
    const place = { topic: 'm', partition: 0, replayed: false };
    expect(() => host.offer(sample(10, 50), T0 + 10_000, place)).toThrow('not assigned');
    catchUp();
    await assigned;
    host.offer(sample(10, 50), T0 + 10_000, place);
    await host.flush(0);
    expect(publisher.arrived).toMatchObject([{ kind: 'resolved', starts_at: isoAt(0) }]);
  });

  test('counts what is kept over all partitions', async () => {
    const { host, offer } = await start({ partitions: [0, 1] });
    offer(sample(0, 95));
    offer(sample(0, 95), { partition: 1 });
    offer(sample(0, 95), { partition: 1 });
    expect(host.stats()).toEqual({ samples: 3, late: 1, adopted: 0, series: 2, partitions: 2, unsent: 2 });
  });
});

describe('an open alert of a rule that is gone', () => {
  const of = (instance: string) =>
    createEvaluator({ rules: [rule()] }).offer(sample(10, 95, { instance_id: instance }))[0]!;
  const gone = { rules: [rule({ name: 'Another' })], removes: true };

  test('is resolved at once by the process that has its partition', async () => {
    const { publisher, events } = await start({ ...gone, known: [of('db-0'), of('db-1')], partitions: [1] });
    const open = of('db-1');
    expect(publisher.arrived).toEqual([
      expect.objectContaining({
        kind: 'resolved',
        fingerprint: open.fingerprint,
        starts_at: open.starts_at,
        ends_at: isoAt(100),
        event_time: isoAt(100),
        value: null,
        recent: [],
        annotations: { ...open.annotations, resolved_reason: 'rule removed' },
      }),
    ]);
    expect(publisher.arrived[0]!.transition_id).not.toBe(open.transition_id);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'transition', transition: 'resolved' }));
  });

  test('is not resolved before its last event', async () => {
    const ahead = createEvaluator({ rules: [rule()] }).offer(sample(200, 95, { instance_id: 'db-1' }));
    const { publisher } = await start({ ...gone, known: ahead, partitions: [1] });
    expect(publisher.arrived).toMatchObject([{ ends_at: isoAt(200) }]);
  });

  test('is resolved when its rule means something else, and left alone when only its texts do', async () => {
    const { publisher } = await start({
      rules: [rule({ threshold: 10 })],
      removes: true,
      known: [of('db-0')],
    });
    expect(publisher.arrived).toMatchObject([{ annotations: { resolved_reason: 'rule changed' } }]);
    const rules = [rule({ annotations: { summary: 'other words' }, runbook: 'r' })];
    const same = await start({ rules, removes: true, known: [of('db-0')] });
    expect(same.publisher.arrived).toEqual([]);
  });

  test('is left alone where several pools share the topic, and so is one that somebody else sent', async () => {
    const several = await start({ ...gone, removes: false, known: [of('db-0')] });
    const sent = await start({ ...gone, known: [{ ...of('db-0'), source: 'api' }] });
    expect([several.publisher.arrived, sent.publisher.arrived]).toEqual([[], []]);
  });

  test('does not stop the assignment when its end is refused for good', async () => {
    const publisher = fakePublisher();
    publisher.refuses = ({ labels }) => labels.instance_id === 'db-0';
    publisher.answers = 'yes';
    const openAlerts = knowing([of('db-0'), of('db-1')]);
    const events: EvaluateEvent[] = [];
    const onEvent = (event: EvaluateEvent): void => void events.push(event);
    const host = createEvaluatorHost({
      intervalMs: 15_000,
      groups: [],
      openAlerts,
      publisher,
      partitionOf: () => 0,
      onEvent,
    });
    await host.assigned([0], [0]);
    expect(publisher.arrived).toMatchObject([{ kind: 'resolved', labels: { instance_id: 'db-1' } }]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'transition_refused', transition: 'resolved' }),
    );
  });

  test('stops the assignment when Kafka does not take its end, so that it is tried again', async () => {
    const publisher = fakePublisher();
    publisher.answers = 'no';
    const openAlerts = knowing([of('db-0')]);
    const host = createEvaluatorHost({
      intervalMs: 15_000,
      groups: [],
      openAlerts,
      publisher,
      partitionOf: () => 0,
    });
    await expect(host.assigned([0], [0])).rejects.toThrow('Kafka is away');
    publisher.answers = 'yes';
    await host.assigned([0], [0]);
    expect(publisher.arrived).toMatchObject([{ kind: 'resolved' }]);
  });
});

test('metrics are wanted by name, all of them where a rule may read any', () => {
  const wants = (...exprs: string[]) => {
    const rules = exprs.map((expr) => ({ ...rule(), expr }));
    const options = { openAlerts: knowing([]), publisher: fakePublisher() };
    return createEvaluatorHost({ intervalMs: 15_000, groups: [groupOf(rules)], ...options }).wants;
  };
  const named = wants('connections_used > 90', 'avg_over_time(lag[5m]) / locks > 2');
  expect(['connections_used', 'lag', 'locks', 'others'].map(named)).toEqual([true, true, true, false]);
  expect(wants('lag > 1', '{team="dba"} > 1')('others')).toBe(true);
});
