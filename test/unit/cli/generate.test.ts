import type { Metric } from '../../../src/domain/metric';
import type { SyntheticOptions } from '../../../src/cli/port';
import { NOW, run } from './fake-context';

const asked: SyntheticOptions[] = [];
jest.mock(
  '../../../src/collect/synthetic',
  () => ({
    FAULTS: ['connections', 'down'],
    *syntheticTicks(options: SyntheticOptions) {
      asked.push(options);
      for (let tick = 0; tick < options.ticks; tick++) {
        const atMs = options.startMs + tick * options.intervalMs;
        yield { atMs, metrics: [{ metric_name: 'm', value: tick, timestamp: new Date(atMs).toISOString() }] };
      }
    },
  }),
  { virtual: true },
);
beforeEach(() => (asked.length = 0));

describe('generate', () => {
  it('prints one JSON object a line, the series ending now', async () => {
    const { code, out, err } = await run(['generate', '--for', '45s']);
    const lines = out.split('\n').map((line) => JSON.parse(line) as Metric);
    expect(lines.map(({ value }) => value)).toEqual([0, 1, 2]);
    expect(asked).toEqual([
      {
        seed: 1,
        instances: 3,
        environment: 'development',
        startMs: NOW - 45_000,
        intervalMs: 15_000,
        ticks: 3,
        faults: [],
      },
    ]);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('takes seed, size, start and faults', async () => {
    await run([
      'generate',
      '--seed',
      '7',
      '--instances',
      '2',
      '--interval',
      '500ms',
      '--for',
      '1',
      '--start',
      '2026-01-01T00:00:00Z',
      '--environment',
      'test',
      '--fault',
      'down',
      '--fault',
      'Connections:2@500ms+90',
    ]);
    expect(asked).toEqual([
      {
        seed: 7,
        instances: 2,
        environment: 'test',
        startMs: Date.parse('2026-01-01T00:00:00Z'),
        intervalMs: 500,
        ticks: 2,
        faults: [
          { kind: 'down', instance: null, fromMs: 0, lengthMs: null },
          { kind: 'connections', instance: 2, fromMs: 500, lengthMs: 90_000 },
        ],
      },
    ]);
  });

  it('publishes to Kafka, closes the publisher, and says how many there are', async () => {
    const published: Metric[] = [];
    let closed = 0;
    const sink = {
      publish: async (metrics: readonly Metric[]) => void published.push(...metrics),
      close: async () => void closed++,
    };
    const { out, err, code } = await run(
      ['generate', '--kafka', '--for', '30s'],
      {},
      { wire: { openPublisher: async () => sink } },
    );
    expect([published.length, closed, out, err, code]).toEqual([2, 1, '', '2 metrics are in Kafka', 0]);
  });

  it('closes the publisher also when Kafka fails', async () => {
    let closed = 0;
    const sink = { publish: () => Promise.reject(new Error('no broker')), close: async () => void closed++ };
    const { err, code } = await run(
      ['generate', '--kafka'],
      {},
      { wire: { openPublisher: async () => sink } },
    );
    expect([closed, err, code]).toEqual([1, 'tocsin generate: no broker', 1]);
  });

  it.each([
    [
      ['--fault', 'conections'],
      '"conections" is no fault; did you mean "connections"? accepted: connections, down',
    ],
    [['--fault', 'down:0'], '--fault: the instance: "0" is not accepted'],
    [['--fault', '???'], 'give kind[:instance][@from][+length], such as connections:1@5m+2m'],
    [['--seed', 'x'], '--seed: "x" is not accepted; give a whole number'],
    [['--for', '0s'], '--for: "0s" is not accepted'],
    [['--start', 'soon'], '--start: "soon" is no time; give ISO 8601'],
    [['--for', '10y', '--interval', '1ms'], 'at most 1000000'],
  ])('%j: exit 2 with the reason', async (args, reason) => {
    const { code, err, out } = await run(['generate', ...args]);
    expect(err).toContain(reason);
    expect([code, out]).toEqual([2, '']);
  });

  it('names the faults in its help', async () => {
    const { out } = await run(['generate', '--help']);
    expect(out).toContain('--fault connections:1@5m+2m');
    expect(out).toContain('Faults: connections, down');
  });

  it.each([
    ['down:4', '--fault: the instance: "4" is not accepted; give a whole number from 1 to 3'],
    ['down@15m', '--fault: "down@15m" begins when the series is over: it is 15m long'],
  ])('refuses the fault %s of something that the series does not have', async (fault, reason) => {
    const { code, err } = await run(['generate', '--fault', fault]);
    expect(err).toBe(`tocsin generate: ${reason}. See \`tocsin generate --help\`.`);
    expect([code, asked]).toEqual([2, []]);
  });

  it('names the help of the command that was mistyped', async () => {
    expect((await run(['generate', '--fautl', 'x'])).err).toContain('See `tocsin generate --help`.');
  });
});
