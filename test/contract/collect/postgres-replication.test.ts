import { collect, eventually, openSession, valueOf } from './harness';
import { startPair, type OwnPair } from './own-postgres';

describe('PostgreSQL replication', () => {
  let pair: OwnPair;
  beforeAll(async () => (pair = await startPair()));
  afterAll(() => pair.stop());

  it('lag follows a replica that stops replaying and goes on, seen from both ends', async () => {
    const primary = openSession('postgresql', pair.primary.url);
    const replica = openSession('postgresql', pair.replica.url);
    const mirror = (name: string, metrics: Parameters<typeof valueOf>[0]) =>
      metrics.find((metric) => metric.metric_name === name && metric.tags['replica']?.startsWith('mirror'))
        ?.value as number;
    const seen = await eventually(
      primary,
      'replication',
      (metrics) => valueOf(metrics, 'replicas_connected') === 1,
    );
    expect(valueOf(seen, 'replication_is_replica')).toBe(0);
    expect(valueOf(seen, 'replication_slots_inactive')).toBe(0);
    expect(valueOf(seen, 'replica_replay_lag_seconds')).toBeUndefined();

    const [writer, control] = [await pair.primary.connect(), await pair.replica.connect()];
    await control.query('select pg_wal_replay_pause()');
    await writer.query(
      'create table far as select repeat(md5(n::text), 20) as filler from generate_series(1, 5000) n',
    );
    await eventually(
      primary,
      'replication',
      (metrics) => mirror('replication_lag_bytes', metrics) > 1_000_000,
    );
    const behind = await eventually(
      replica,
      'replication',
      (metrics) => valueOf(metrics, 'replica_replay_lag_bytes')! > 1_000_000,
    );
    expect(valueOf(behind, 'replication_is_replica')).toBe(1);
    expect(valueOf(behind, 'replica_receiving')).toBe(1);

    await control.query('select pg_wal_replay_resume()');
    await eventually(primary, 'replication', (metrics) => mirror('replication_lag_bytes', metrics) === 0);
    await eventually(
      replica,
      'replication',
      (metrics) => valueOf(metrics, 'replica_replay_lag_seconds') === 0,
    );
    await primary.close();
    await replica.close();
  });

  it('all groups can be read from a replica', async () => {
    const replica = openSession('postgresql', pair.replica.url);
    for (const group of replica.collector.groups) await collect(replica, group.name);
    await replica.close();
  });

  it('a replica that leaves is missing, and its slot keeps WAL', async () => {
    const primary = openSession('postgresql', pair.primary.url);
    await pair.replica.stop();
    const left = await eventually(
      primary,
      'replication',
      (metrics) =>
        valueOf(metrics, 'replicas_connected') === 0 && valueOf(metrics, 'replication_slots_inactive') === 1,
    );
    const retained = valueOf(left, 'replication_slot_retained_bytes', { slot: 'mirror_slot' })!;
    const writer = await pair.primary.connect();
    await writer.query(
      'create table kept as select repeat(md5(n::text), 20) as filler from generate_series(1, 2000) n',
    );
    await eventually(
      primary,
      'replication',
      (metrics) =>
        valueOf(metrics, 'replication_slot_retained_bytes', { slot: 'mirror_slot' })! > retained + 500_000,
    );
    await primary.close();
  });
});
