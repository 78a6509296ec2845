/** The machine itself: the test works it and sees the value follow. What a machine lacks (swap, disks) is left out. */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { collect, eventually, openSession, valueOf } from './harness';
import type { TargetSession } from '../../../src/collect/target-session';

const MEBIBYTE = 2 ** 20;

describe('the host', () => {
  let session: TargetSession;
  beforeAll(() => (session = openSession('host', null)));
  afterAll(() => session.close());

  it('is up, and tells since when', async () => {
    const metrics = await collect(session, 'availability');
    expect(valueOf(metrics, 'up')).toBe(1);
    expect(valueOf(metrics, 'uptime_seconds')).toBeGreaterThan(0);
  });

  it('cpu: work shows, in programs and in all', async () => {
    await collect(session, 'cpu');
    const until = performance.now() + 300;
    while (performance.now() < until) Math.sqrt(until);
    const metrics = await collect(session, 'cpu');
    // One core was busy all the time.
    const least = 50 / cpus().length;
    expect(valueOf(metrics, 'cpu_usage_percent')).toBeGreaterThan(least);
    expect(valueOf(metrics, 'cpu_user_percent')).toBeGreaterThan(least / 2);
    for (const name of ['cpu_usage_percent', 'cpu_user_percent', 'cpu_system_percent']) {
      expect(valueOf(metrics, name)).toBeGreaterThanOrEqual(0);
      expect(valueOf(metrics, name)).toBeLessThanOrEqual(100);
    }
    expect(valueOf(metrics, 'cpu_cores')).toBe(cpus().length);
  });

  it('memory: what is taken is no longer available', async () => {
    const before = await collect(session, 'memory');
    expect(valueOf(before, 'memory_total_bytes')).toBeGreaterThanOrEqual(totalmem() * 0.99);
    let available = -Infinity;
    let taken: Buffer[] = [];
    // Others take memory and give it back meanwhile, gigabytes where servers end: one look of many shows what was taken since
    // the one before.
    await eventually(session, 'memory', (metrics) => {
      const last = available;
      available = valueOf(metrics, 'memory_available_bytes')!;
      if (taken.length === 6) taken = [];
      taken.push(Buffer.alloc(64 * MEBIBYTE, 1));
      return available < last - 48 * MEBIBYTE;
    });
    const percent = valueOf(await collect(session, 'memory'), 'memory_usage_percent')!;
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThanOrEqual(100);
  });

  describe('with a file that grows', () => {
    let folder: string;
    let file: number;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tocsin-host-'));
      file = openSync(join(folder, 'file'), 'w');
    });
    afterAll(() => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    });
    const grow = (mebibytes: number): void => {
      for (let i = 0; i < mebibytes; i++) writeSync(file, Buffer.alloc(MEBIBYTE, i));
      fsyncSync(file);
    };

    it('disk: the file system that holds it has more in use', async () => {
      const usedOf = (metrics: Awaited<ReturnType<typeof collect>>): Map<string, number> =>
        new Map(
          metrics
            .filter(({ metric_name: name }) => name === 'disk_used_bytes')
            .map(({ tags, value }) => [tags['mount']!, Number(value)]),
        );
      const first = await collect(session, 'disk');
      let before = usedOf(first);
      expect(before.size).toBeGreaterThan(0);
      let written = 0;
      // Since the look before: others remove their files meanwhile.
      const grown = await eventually(session, 'disk', (metrics) => {
        const now = usedOf(metrics);
        const seen = [...now].some(([mount, used]) => used - before.get(mount)! >= 15 * MEBIBYTE);
        before = now;
        if (!seen && written++ < 16) grow(16);
        return seen;
      });
      for (const metric of grown.filter(({ metric_name: name }) => name === 'disk_usage_percent')) {
        expect(Number(metric.value)).toBeGreaterThanOrEqual(0);
        expect(Number(metric.value)).toBeLessThanOrEqual(100);
      }
    });

    it('disk io: none at first, then what is written, where the machine shows its disks', async () => {
      const fresh = openSession('host', null);
      expect((await collect(fresh, 'disk_io')).map(({ metric_name: name }) => name)).toEqual([
        'collection_success',
      ]);
      const shown = (await collect(fresh, 'disk_io')).some(({ metric_name: name }) =>
        name.startsWith('disk_'),
      );
      // A container without block devices answers nothing rather than zero.
      if (shown) {
        await eventually(fresh, 'disk_io', (metrics) => {
          grow(4);
          const rates = ['disk_write_bytes_per_second', 'disk_writes_per_second'];
          return rates.some((name) => (valueOf(metrics, name) ?? 0) > 0);
        });
      }
      await fresh.close();
    });
  });

  it('network: bytes over the loopback show in both directions', async () => {
    const server = net.createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    await new Promise((resolve) => client.once('connect', resolve));
    const started = performance.now();
    await collect(session, 'network');
    const bytes = 8 * MEBIBYTE;
    let echoed = 0;
    await new Promise<void>((resolve) => {
      client.on('data', (chunk) => (echoed += chunk.length) >= bytes && resolve());
      client.write(Buffer.alloc(bytes));
    });
    const loopback = { interface: 'lo' };
    // The library answers anew every half second at most. A rate is over a part of the seconds since the beginning, so
    // this is at least what was counted.
    const seen = (metrics: Parameters<typeof valueOf>[0], name: string): boolean =>
      (valueOf(metrics, name, loopback)! * (performance.now() - started)) / 1_000 > 2 * bytes;
    const metrics = await eventually(
      session,
      'network',
      (each) =>
        seen(each, 'network_receive_bytes_per_second') && seen(each, 'network_transmit_bytes_per_second'),
    );
    expect(valueOf(metrics, 'network_errors_per_second', loopback)).toBe(0);
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
