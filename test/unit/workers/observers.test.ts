/** What the rooms tell becomes meters with few labels, and lines that name the alert. */
import { createLogger, createMetrics } from '../../../src/observe/observe';
import type { Artifact } from '../../../src/domain/artifact';
import type { ShardStatus } from '../../../src/collect/shard';
import {
  actObserver,
  enrichmentObserver,
  evaluateObserver,
  notifierObserver,
  refusalObserver,
  remediationObserver,
  shardObserver,
  slotObserver,
  streamObserver,
  timedChannel,
} from '../../../workers/observers';
import { outgoing, verified } from '../notify/test-notification';

function sinksOf() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level: 'debug',
    destination: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const metrics = createMetrics({ process: false });
  const shown = async (name: string) =>
    (await metrics.registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith(`tocsin_${name}`) && !line.includes('_bucket'));
  return { log, metrics, lines, shown };
}

const about = { fingerprint: 'f', episode: 1, correlationId: 'c-1' };

test('dead letters count by their reason alone, however their problems read', async () => {
  const sinks = sinksOf();
  const letter = { kind: 'dead_letter', topic: 'gds.metrics.pg', partition: 0, offset: '7' } as const;
  for (const name of ['a', 'b', 'c'])
    streamObserver(sinks)({ ...letter, reason: 'invalid_metric', problems: [`value: is "${name}"`] });
  expect(await sinks.shown('dead_letters_total')).toEqual([
    'tocsin_dead_letters_total{reason="invalid_metric"} 3',
  ]);
  expect(sinks.lines[1]).toMatchObject({ level: 'warn', problems: ['value: is "b"'] });
});

test('dead letters of a topic are said once a minute for each reason, with the first problem in one short line', async () => {
  const sinks = sinksOf();
  let now = 0;
  const observe = streamObserver(sinks, () => now);
  const letter = { kind: 'dead_letter', partition: 0, offset: '7', reason: 'invalid_metric' } as const;
  const long = `value: is "a\n\u001b[2J${'x'.repeat(10_000)}"`;
  for (const at of [0, 30_000, 60_000]) {
    now = at;
    for (const topic of ['a', 'b']) observe({ ...letter, topic, problems: [long, 'tags: are none'] });
  }
  observe({ ...letter, reason: 'invalid_transition', topic: 'a', problems: [] });
  const said = sinks.lines.filter(({ level }) => level === 'warn');
  expect(said.map(({ topic }) => topic)).toEqual(['a', 'b', 'a', 'b', 'a']);
  expect(said[0]!.msg).toMatch(/^a message of a became a dead letter: value: is "a \[2Jx+…$/);
  expect((said[0]!.msg as string).length).toBeLessThan(250);
  expect(said[0]!.problems).toEqual([expect.stringMatching(/^value: is "a \[2Jx+…$/), 'tags: are none']);
  expect(said[4]!.msg).toBe('a message of a became a dead letter: invalid_transition');
  expect(await sinks.shown('dead_letters_total')).toContain(
    'tocsin_dead_letters_total{reason="invalid_metric"} 6',
  );
});

test('wrong clocks and late metrics are all counted, and said once a minute for each instance', async () => {
  const sinks = sinksOf();
  let now = 0;
  const observe = streamObserver(sinks, () => now);
  const place = { topic: 'gds.metrics.pg', partition: 0, samples: 2 };
  for (const at of [0, 30_000, 60_000]) {
    now = at;
    for (const instanceId of ['a', 'b']) {
      observe({ kind: 'clock_skew', action: 'corrected', ...place, instanceId, aheadMs: 400_000 });
      observe({ kind: 'late_metrics', ...place, instanceId, lateMs: 4_000_000 });
    }
  }
  observe({ kind: 'clock_skew', action: 'rejected', ...place, instanceId: 'a', aheadMs: 400_000 });
  expect(await sinks.shown('clock_skew_total')).toEqual([
    'tocsin_clock_skew_total{action="corrected"} 12',
    'tocsin_clock_skew_total{action="rejected"} 2',
  ]);
  expect(await sinks.shown('late_metrics_total')).toEqual(['tocsin_late_metrics_total 12']);
  expect(sinks.lines).toHaveLength(9);
  expect(sinks.lines.slice(0, 2)).toMatchObject([
    { level: 'warn', instanceId: 'a', msg: expect.stringContaining('a is 400 s ahead') },
    { level: 'warn', instanceId: 'a', msg: expect.stringContaining('a are up to 4000 s late') },
  ]);
});

test('a topic whose records do not say when they came has a line a minute', () => {
  const sinks = sinksOf();
  let now = 0;
  const observe = streamObserver(sinks, () => now);
  for (const at of [0, 30_000, 60_000]) {
    now = at;
    observe({ kind: 'records_undated', topic: 'theirs', partition: 3, records: 5 });
  }
  expect(sinks.lines).toHaveLength(2);
  expect(sinks.lines[0]).toMatchObject({ level: 'warn', records: 5, msg: expect.stringContaining('theirs') });
});

test('a refusal has its reason in a meter and in a line, with the correlation id', async () => {
  const sinks = sinksOf();
  refusalObserver(sinks)({ runbook: 'mend', reason: 'kill_switch', detail: 'by ada', correlationId: 'c-1' });
  expect(await sinks.shown('guard_refusals_total')).toEqual([
    'tocsin_guard_refusals_total{runbook="mend",reason="kill_switch"} 1',
  ]);
  expect(sinks.lines).toMatchObject([
    { level: 'warn', reason: 'kill_switch', detail: 'by ada', correlation_id: 'c-1' },
  ]);
});

test('a remediation counts with its outcome; it and each change have a line', async () => {
  const sinks = sinksOf();
  const { remediation_id: remediationId, runbook, target } = verified;
  actObserver(sinks)(
    {
      ...about,
      remediationId,
      runbook,
      target,
      statement: { name: 'end sessions', text: 'select 1', values: [] },
      lease: { holder: remediationId, fences: [] },
    },
    { rows: [{ pid: 1 }], actedAt: 5, attempts: 1 },
  );
  remediationObserver(sinks)(verified, about);
  expect(await sinks.shown('remediations_total')).toEqual([
    'tocsin_remediations_total{runbook="terminate-idle-sessions",outcome="verified"} 1',
  ]);
  expect(sinks.lines).toMatchObject([
    { level: 'info', correlation_id: 'c-1', remediation_id: remediationId, rows: 1 },
    { level: 'info', correlation_id: 'c-1', outcome: 'verified', reason: verified.reason },
  ]);
});

test('enrichment counts by provider; what was not found out is a warning', async () => {
  const sinks = sinksOf();
  const artifact = { provider: 'recent_window', status: 'ok', duration_ms: 20, error: null } as Artifact;
  const late = {
    provider: 'postgres_sessions',
    status: 'late',
    duration_ms: 3_000,
    error: 'no answer',
  } as Artifact;
  enrichmentObserver(sinks)(about, [artifact, late]);
  expect(await sinks.shown('enrichments_total')).toEqual([
    'tocsin_enrichments_total{provider="recent_window",status="ok"} 1',
    'tocsin_enrichments_total{provider="postgres_sessions",status="late"} 1',
  ]);
  expect(await sinks.shown('enrichment_seconds_sum')).toContain(
    'tocsin_enrichment_seconds_sum{provider="postgres_sessions"} 3',
  );
  expect(sinks.lines).toMatchObject([
    { level: 'debug', correlation_id: 'c-1' },
    { level: 'warn', correlation_id: 'c-1', reason: 'no answer' },
  ]);
});

test('samples that a shard loses are counted once, with why', async () => {
  const sinks = sinksOf();
  const status: ShardStatus = {
    targets: 1,
    collections: 1,
    failures: 0,
    queued: 10,
    published: 0,
    dropped: 0,
    refused: 0,
    refusal: null,
    error: null,
  };
  const observe = shardObserver(sinks, 'default');
  observe(status);
  observe({ ...status, dropped: 5, error: new Error('no broker at kafka://u:pw@h') });
  observe({ ...status, dropped: 5, refused: 1, refusal: new Error('a value of 2 MiB') });
  expect(await sinks.shown('samples_dropped_total')).toEqual([
    'tocsin_samples_dropped_total{reason="no_room"} 5',
    'tocsin_samples_dropped_total{reason="refused"} 1',
  ]);
  expect(sinks.lines).toMatchObject([
    { level: 'warn', samples: 5, reason: 'no broker at kafka://u:***@h' },
    { level: 'warn', samples: 1, reason: 'a value of 2 MiB' },
  ]);
});

test('late samples are counted without a line each; a transition has a line with its correlation id', async () => {
  const sinks = sinksOf();
  const observe = evaluateObserver(sinks);
  observe({ kind: 'late' });
  observe({
    kind: 'transition',
    transition: 'firing',
    rule: 'High',
    fingerprint: 'f',
    correlationId: 'c-1',
    latencyMs: 40,
  });
  expect(await sinks.shown('samples_late_total')).toEqual(['tocsin_samples_late_total 1']);
  expect(sinks.lines).toMatchObject([{ level: 'info', msg: 'High: firing', correlation_id: 'c-1' }]);
});

test('deliveries count by outcome, and each attempt has its time', async () => {
  const sinks = sinksOf();
  const told = { receiver: 'ops', step: 'fire', reason: 'ops', latencyMs: 30, messageId: 'm' };
  notifierObserver(sinks)({ kind: 'sent', ...told });
  notifierObserver(sinks)({ kind: 'retry', ...told });
  const channel = timedChannel(sinks, 'ops', {
    kind: 'webhook',
    destination: 'http://ops',
    send: async () => Promise.reject(new Error('refused')),
    close: async () => undefined,
  });
  await expect(channel.send(outgoing(), AbortSignal.timeout(1_000))).rejects.toThrow('refused');
  expect(channel.destination).toBe('http://ops');
  expect(await sinks.shown('notification')).toEqual([
    'tocsin_notifications_total{receiver="ops",outcome="sent"} 1',
    'tocsin_notification_retries_total{receiver="ops"} 1',
    expect.stringMatching(/^tocsin_notification_seconds_sum\{receiver="ops"\}/) as string,
    'tocsin_notification_seconds_count{receiver="ops"} 1',
    'tocsin_notification_delay_seconds_sum{receiver="ops"} 0.03',
    'tocsin_notification_delay_seconds_count{receiver="ops"} 1',
  ]);
});

test('how far slots are behind is shown, and said once while one waits for a partition', async () => {
  const sinks = sinksOf();
  const observe = slotObserver(sinks);
  const said = () => sinks.lines.map(({ msg }) => msg);
  observe([{ slot: 3, time: -Infinity, slowest: 7 }], 100_000);
  expect(await sinks.shown('global_lag_seconds')).toEqual(['tocsin_global_lag_seconds{slot="3"} 0']);
  for (const now of [150_000, 161_000, 170_000]) observe([{ slot: 3, time: -Infinity, slowest: 7 }], now);
  expect(await sinks.shown('global_lag_seconds')).toEqual(['tocsin_global_lag_seconds{slot="3"} 70']);
  expect(said()).toEqual(['global groups wait for partition 7']);
  observe([{ slot: 3, time: 169_000, slowest: 7 }], 170_000);
  observe([{ slot: 3, time: 169_000, slowest: 8 }], 270_000);
  expect(said()).toEqual(['global groups wait for partition 7', 'global groups wait for partition 8']);
  observe([], 280_000);
  expect(await sinks.shown('global_lag_seconds')).toEqual([]);
});

test('what rules on trial would have told is counted by rule, and is none of the transitions', async () => {
  const sinks = sinksOf();
  const observe = evaluateObserver(sinks);
  const event = { kind: 'shadow_transition', rule: 'Slow', fingerprint: 'f' } as const;
  for (const transition of ['firing', 'resolved', 'firing'] as const) observe({ ...event, transition });
  expect(await sinks.shown('shadow_transitions_total')).toEqual([
    'tocsin_shadow_transitions_total{rule="Slow",kind="firing"} 2',
    'tocsin_shadow_transitions_total{rule="Slow",kind="resolved"} 1',
  ]);
  expect(await sinks.shown('transitions_published_total')).toEqual([]);
});

test('an alert of which nobody is told is an error with its rule and what to do, once a minute', async () => {
  const sinks = sinksOf();
  const clock = { now: 0 };
  const observe = evaluateObserver(sinks, () => clock.now);
  const event = {
    kind: 'transition_refused',
    transition: 'firing',
    group: 'db',
    rule: 'Slow',
    correlationId: 'c-1',
    problem: 'message: is longer than 524288 bytes',
  } as const;
  for (const fingerprint of ['f', 'f', 'g']) observe({ ...event, fingerprint });
  clock.now = 60_000;
  observe({ ...event, fingerprint: 'f' });
  expect(await sinks.shown('transitions_refused_total')).toEqual([
    'tocsin_transitions_refused_total{rule="Slow",kind="firing"} 4',
  ]);
  expect(sinks.lines.map(({ level, fingerprint }) => [level, fingerprint])).toEqual([
    ...[
      ['error', 'f'],
      ['error', 'g'],
      ['error', 'f'],
    ],
  ]);
  expect(sinks.lines[0]).toMatchObject({
    msg: expect.stringMatching(
      /^db\/Slow: nobody is told .*firing: message: is longer .*\. Shorten .*/,
    ) as string,
    correlation_id: 'c-1',
  });
});

test('that further topics are not made is a line', () => {
  const sinks = sinksOf();
  streamObserver(sinks)({ kind: 'topics_bounded', topic: 'd.x', most: 20, rest: 'd.other' });
  expect(sinks.lines).toMatchObject([
    { level: 'warn', msg: 'd.x is not made: there are 20 like it. d.other takes the rest' },
  ]);
});

test('that a topic lacks a leader is said once a minute', () => {
  const sinks = sinksOf();
  const observe = streamObserver(sinks, () => 0);
  for (let n = 0; n < 3; n++) observe({ kind: 'topic_unled', topic: 'theirs' });
  expect(sinks.lines.map(({ msg }) => msg)).toEqual([
    expect.stringContaining('theirs lacks a leader: it is not read, and what goes by time waits for it'),
  ]);
});

test('each try to make a topic that fails is counted, and said once a minute', async () => {
  const sinks = sinksOf();
  const clock = { now: 0 };
  const observe = streamObserver(sinks, () => clock.now);
  const event = { kind: 'topic_not_made', topic: 'd.x', rest: 'd.other', reason: 'Kafka: no right' } as const;
  for (const topic of ['d.x', 'd.x', 'd.y']) observe({ ...event, topic });
  expect(await sinks.shown('topics_not_made_total')).toEqual(['tocsin_topics_not_made_total 3']);
  expect(sinks.lines.map(({ msg }) => msg)).toEqual([
    'd.x cannot be made: Kafka: no right. d.other takes what is for it',
    'd.y cannot be made: Kafka: no right. d.other takes what is for it',
  ]);
  clock.now = 60_000;
  observe(event);
  expect(sinks.lines).toHaveLength(3);
});

test('what was made and not published is counted', async () => {
  const sinks = sinksOf();
  evaluateObserver(sinks)({ kind: 'derived_dropped', metrics: 5, problem: 'too large' });
  expect(await sinks.shown('derived_dropped_total')).toEqual(['tocsin_derived_dropped_total 5']);
});

test('samples that rules across instances lack are counted, and an error once a minute for each slot', async () => {
  const sinks = sinksOf();
  const clock = { now: 0 };
  const observe = evaluateObserver(sinks, () => clock.now);
  const event = { kind: 'shared_refused', partition: 3, samples: 5, problem: 'too large' } as const;
  for (const slot of [1, 1, 2]) observe({ ...event, slot });
  clock.now = 60_000;
  observe({ ...event, slot: 1 });
  expect(await sinks.shown('shared_samples_refused_total')).toEqual([
    'tocsin_shared_samples_refused_total 20',
  ]);
  expect(sinks.lines.map(({ level, slot }) => [level, slot])).toEqual([
    ['error', 1],
    ['error', 2],
    ['error', 1],
  ]);
  expect(sinks.lines[0]!.msg).toMatch(/lack 5 samples of partition 3: too large\. Raise/);
});
