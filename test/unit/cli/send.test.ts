import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metric } from '../../../src/domain/metric';
import { NOW, run } from './fake-context';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-send-'));
afterAll(() => rmSync(folder, { recursive: true }));

const metric = (value: unknown, change: object = {}) => ({
  timestamp: new Date(NOW).toISOString(),
  database_type: 'app',
  instance_id: 'orders-1',
  metric_name: 'queue_length',
  value,
  tags: { environment: 'production' },
  ...change,
});

async function send(lines: readonly (string | object)[], publish?: () => Promise<void>) {
  const file = join(folder, 'metrics.jsonl');
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  const [published, closed] = [[] as Metric[], [] as true[]];
  const openPublisher = async () => ({
    publish: async (metrics: readonly Metric[]) => {
      published.push(...metrics);
      await publish?.();
    },
    close: async () => void closed.push(true),
  });
  const { code, err } = await run(['send', file], {}, { wire: { openPublisher } });
  return { code, err: err.replaceAll(file, 'FILE'), published, closed: closed.length };
}

describe('send', () => {
  it('publishes each line as it stands, also when they are more than may wait', async () => {
    const lines = Array.from({ length: 2_500 }, (_, value) => metric(value));
    const { code, err, published, closed } = await send(lines);
    expect(published).toEqual(lines);
    expect([code, err, closed]).toEqual([0, '2,500 metrics are in Kafka', 1]);
  });

  it('tells each line that is no metric with its number and why, and sends the others', async () => {
    const lines = [
      '\uFEFF' + JSON.stringify(metric(1)),
      '',
      metric('high'),
      'queue_length 42',
      metric('NaN'),
    ];
    const { code, err, published } = await send(lines);
    expect(published.map(({ value }) => value)).toEqual([1, 'NaN']);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^FILE:3: value: has to be a finite number/),
      'FILE:4: is no JSON object',
      '2 metrics are in Kafka',
      '2 lines are no metric: left out',
    ]);
    expect(code).toBe(1);
  });

  it('tells the first twenty of them', async () => {
    const { err } = await send([metric(1), ...Array<string>(30).fill('?')]);
    expect(err.split('\n')).toHaveLength(22);
    expect(err).toContain('\n30 lines are no metric');
  });

  it('says which ones rules will find late', async () => {
    const old = metric(1, { timestamp: new Date(NOW - 2 * 3_600_000).toISOString() });
    const { code, err } = await send([old, metric(2)]);
    expect([code, err]).toEqual([
      0,
      '2 metrics are in Kafka\n1 of 1h or more ago: late for rules (evaluate.max_late)',
    ]);
  });

  it('ends with 1 where there is nothing to send', async () => {
    expect(await send([''])).toMatchObject({ code: 1, err: '0 metrics are in Kafka', closed: 1 });
  });

  it('ends with 1 and the reason where Kafka does not take them, and does not call them sent', async () => {
    const { code, err, closed } = await send([metric(1)], () => Promise.reject(new Error('broker away')));
    expect([code, err, closed]).toEqual([1, 'tocsin send: broker away', 1]);
  });

  it('refuses a file that is not there', async () => {
    const openPublisher = async () => ({ publish: async () => undefined, close: async () => undefined });
    const { code, err } = await run(['send', join(folder, 'none')], {}, { wire: { openPublisher } });
    expect(err).toMatch(/^tocsin send: cannot read .*none: .*ENOENT/);
    expect(code).toBe(2);
  });
});
