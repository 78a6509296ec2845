/** Names that every process and every producer has to agree on. */
import { KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError, Partitioners } from 'kafkajs';
import { COMPRESSIONS, compressionType } from '../../../src/stream/compression';
import type { Kafka } from '../../../src/stream/kafka';
import { alertingGroup } from '../../../src/stream/metric-consumer';
import {
  alertsDlqTopic,
  alertsTopic,
  createTopics,
  isMetricTopic,
  lateMetricsTopic,
  METRIC_PARTITIONS,
  metricsDlqTopic,
  metricTopic,
  partitionOfKey,
} from '../../../src/stream/topics';

const metric = (environment: string | undefined, type = 'postgresql') => ({
  database_type: type,
  tags: environment === undefined ? {} : ({ environment } as Record<string, string>),
});

test('the default instance has the names of the requirements, another one its own before them', () => {
  expect([metricsDlqTopic(''), lateMetricsTopic(''), alertsTopic(''), alertsDlqTopic('')]).toEqual([
    'gds.metrics.dlq',
    'gds.metrics.late',
    'gds.alerts',
    'gds.alerts.dlq',
  ]);
  expect([alertsTopic('eu'), alertingGroup('eu', 'db')]).toEqual(['eu.gds.alerts', 'eu.gds-alerting-db']);
  expect(alertingGroup('', 'default')).toBe('gds-alerting-default');
});

describe('the topic of a metric', () => {
  test('is named by its kind of database and environment', () => {
    expect(metricTopic('', metric('production'))).toBe('gds.metrics.postgresql.production');
    expect(metricTopic('eu', metric('staging'))).toBe('eu.gds.metrics.postgresql.staging');
    expect(metricTopic('', metric(undefined))).toBe('gds.metrics.postgresql.default');
  });

  test('is one that Kafka takes, whatever the metric says', () => {
    const names = [
      metricTopic('', metric('a.b/c ü')),
      metricTopic('', metric('')),
      metricTopic('n'.repeat(40), metric('e'.repeat(500), 't'.repeat(500))),
    ];
    expect(names.slice(0, 2)).toEqual(['gds.metrics.postgresql.a-b-c--', 'gds.metrics.postgresql.default']);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9._-]{1,249}$/);
  });

  test('is told from dead letters, late ones, alerts and other instances', () => {
    const metrics = [
      'gds.metrics.postgresql.production',
      'gds.metrics.dlq.production',
      'gds.metrics.derived.x',
    ];
    expect(metrics.filter((topic) => isMetricTopic('', topic))).toEqual(metrics);
    const others = [
      'gds.metrics.dlq',
      'gds.metrics.late',
      'gds.metrics.',
      'gds.alerts',
      'eu.gds.metrics.a.b',
      'xgds.metrics.a',
    ];
    expect(others.filter((topic) => isMetricTopic('', topic))).toEqual([]);
    expect(isMetricTopic('eu', 'eu.gds.metrics.a.b')).toBe(true);
    expect(isMetricTopic('eu', 'gds.metrics.a.b')).toBe(false);
  });
});

test('the partition of a key is the one that kafkajs’ producers choose', () => {
  const partitionMetadata = Array.from({ length: METRIC_PARTITIONS }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 1,
    replicas: [1],
    isr: [1],
  }));
  const producers = Partitioners.DefaultPartitioner();
  const keys = Array.from({ length: 300 }, (_, at) => `prod-db-${at}`);
  const chosen = keys.map((key) => partitionOfKey('t', key, METRIC_PARTITIONS));
  expect(chosen).toEqual(
    keys.map((key) => producers({ topic: 't', partitionMetadata, message: { key, value: '' } })),
  );
  expect(new Set(chosen).size).toBe(METRIC_PARTITIONS);
});

test('the partition of a key is the one that Kafka’s Java client chooses', () => {
  // murmur2 of these keys, as Kafka's own UtilsTest has them; the sign bit is taken away before the remainder.
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of known)
    expect([key, partitionOfKey('t', key, 12)]).toEqual([key, (hash & 0x7fffffff) % 12]);
});

test('every compression has its type', () => {
  expect(COMPRESSIONS.map(compressionType)).toEqual([0, 1, 2, 3]);
});

/** A cluster whose brokers have not all heard of a new topic at the first questions. */
function kafkaThatIsSlow(answers: (Error | null)[]): Kafka {
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    listTopics: () => Promise.resolve([]),
    describeCluster: () => Promise.resolve({ brokers: [{}] }),
    createTopics: () => Promise.resolve(true),
    fetchTopicOffsets() {
      const answer = answers.shift();
      return answer ? Promise.reject(answer) : Promise.resolve([]);
    },
  };
  return { admin: () => admin } as unknown as Kafka;
}

describe('a topic that is made', () => {
  const spec = { topic: 't', partitions: 1, retentionMs: 1 };
  const unknown = Object.assign(new KafkaJSProtocolError('not hosted here'), { retriable: true });
  const gaveUp = new KafkaJSNumberOfRetriesExceeded(unknown, { retryCount: 2, retryTime: 1 });

  test('is waited for until it is led, however often that is asked', async () => {
    const answers = [unknown, gaveUp, gaveUp, null];
    await createTopics(kafkaThatIsSlow(answers), [spec], {});
    expect(answers).toEqual([]);
  });

  test('is not waited for where waiting cannot help', async () => {
    const refused = Object.assign(new KafkaJSProtocolError('no right to ask'), { retriable: false });
    await expect(createTopics(kafkaThatIsSlow([refused]), [spec], {})).rejects.toThrow('no right to ask');
  });
});
