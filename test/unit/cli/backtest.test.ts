import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wiring } from '../../../src/cli/port';
import type { KeptReading } from '../../../src/stream/kept-metrics';
import { NOW, run } from './fake-context';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-backtest-'));
  const lines = Array.from({ length: 20 }, (_, minute) =>
    JSON.stringify({
      timestamp: new Date(Date.UTC(2026, 10, 21, 10, minute)).toISOString(),
      ...{
        database_type: 'postgresql',
        instance_id: 'db-1',
        metric_name: 'locks',
        tags: { environment: 'test' },
      },
      value: minute >= 5 && minute < 12 ? 50 : 3,
    }),
  );
  writeFileSync(join(folder, 'metrics.jsonl'), [...lines, 'no metric'].join('\n'));
  for (const [name, limit] of [
    ['old', 10],
    ['new', 60],
  ] as const)
    writeFileSync(
      join(folder, `${name}.yml`),
      `groups:
  - name: g
    rules:
      - { alert: Locks, expr: locks > ${limit}, labels: { severity: critical } }
      - { alert: ManyLocks, expr: 'avg_over_time(locks[5m]) > 20', for: ${limit * 3}s, labels: { severity: warning } }
`,
    );
});
afterAll(() => rmSync(folder, { recursive: true }));

const backtest = (...args: string[]) =>
  run(
    ['backtest', join(folder, 'metrics.jsonl'), ...args.map((arg) => arg.replace('@', `${folder}/`))],
    {},
    { env: {} },
  );

it('tells each alert that would have been, and lines that are no metrics', async () => {
  const { code, out, err } = await backtest('--rules', '@old.yml');
  expect(out).toMatch(/2026-11-21T10:05:00Z +7m +critical +g +Locks +50 +\{database_type="postgresql"/);
  expect(out).toMatch(/2 alerts from 20 metrics \(1 series that the rules ask for\)$/);
  expect(err).toMatch(/^1 line of .*metrics.jsonl is no metric: left out; line 21: message: is neither JSON/);
  expect(code).toBe(0);
});

it('refuses a file without metrics, above all a rule file that a shell has put there', async () => {
  const rules = ['--rules', join(folder, 'old.yml')];
  const asMetrics = await run(['backtest', ...rules, join(folder, 'new.yml')], {}, { env: {} });
  expect(asMetrics.err).toMatch(/new\.yml holds no metrics: line 1: message: is neither JSON nor Avro/);
  expect(asMetrics.err).toContain(
    "looks like a rule file: put a pattern in quotes (--rules '*.yml'), or repeat",
  );
  expect(asMetrics.code).toBe(2);
  const two = [join(folder, 'metrics.jsonl'), join(folder, 'new.yml')];
  const tooMany = await run(['backtest', ...rules, ...two], {}, { env: {} });
  expect(tooMany.err).toMatch(/too many arguments.*put a pattern in quotes/);
  expect(tooMany.code).toBe(2);
  writeFileSync(join(folder, 'empty.jsonl'), '\n');
  const empty = await run(['backtest', join(folder, 'empty.jsonl'), ...rules], {}, { env: {} });
  expect([empty.code, empty.err]).toEqual([2, expect.stringContaining('holds no metrics: it is empty')]);
});

it('says how many metrics are not in the order of time', async () => {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').split('\n').slice(0, 20);
  writeFileSync(join(folder, 'reversed.jsonl'), lines.reverse().join('\n'));
  const { code, err } = await run(
    ['backtest', join(folder, 'reversed.jsonl'), '--rules', join(folder, 'old.yml')],
    {},
    { env: {} },
  );
  expect(err).toMatch(
    /^19 metrics of .*reversed.jsonl came after one of their series .*: sort the lines by time$/,
  );
  expect(code).toBe(0);
});

it('tells only what begins in the time that is asked for', async () => {
  const { out } = await backtest('--rules', '@old.yml', '--from', '2026-11-21T10:07:00Z', '--json');
  expect((JSON.parse(out) as { alerts: { rule: string }[] }).alerts.map(({ rule }) => rule)).toEqual([
    'ManyLocks',
  ]);
});

it('tells how two rule sets differ', async () => {
  const { out } = await backtest('--rules', '@new.yml', '--against', '@old.yml');
  expect(out).toContain('Only with --against:');
  expect(out).toMatch(/At another time:\n {2}g\/ManyLocks/);
  expect(out).toMatch(/0 more, 1 fewer, 1 at another time, 0 the same$/);
});

it('refuses rules that cannot be evaluated, files that are not there, and times that are none', async () => {
  writeFileSync(join(folder, 'bad.yml'), 'groups: [{ name: g, rules: [{ alert: A, expr: "1 +" }] }]');
  const bad = await backtest('--rules', '@bad.yml');
  expect(bad.err).toContain('bad.yml:1:41: group "g", rule "A": groups[0].rules[0].expr');
  expect(bad.code).toBe(2);
  expect((await backtest('--rules', '@none*.yml')).code).toBe(2);
  expect((await backtest('--rules', '@old.yml', '--from', 'yesterday')).code).toBe(2);
  const { err } = await run(['backtest', '-'], {}, { env: {} });
  expect(err).toContain('name the rules: --rules FILE');
  const past = await backtest('--rules', '@old.yml', '--from', '1h', '--to', '2h');
  expect(past.err).toContain('--from 1h is not before --to 2h');
  expect(past.code).toBe(2);
});

it('refuses what evaluators refuse: a time that no stream keeps, a group of a name twice', async () => {
  const at = 'groups: [{ name: g, rules: [{ alert: A, expr: "locks @ 1 > 1" }] }]';
  writeFileSync(join(folder, 'at.yml'), at);
  expect((await backtest('--rules', '@at.yml')).err).toContain('what a stream has passed is not kept');
  const twice = await backtest('--rules', '@old.yml', '--rules', '@new.yml');
  expect(twice.err).toMatch(/new\.yml:2:\d+: .*is in .*old\.yml already/);
});

describe('over what Kafka holds', () => {
  const MINUTE = 60_000;
  const WHOLE: KeptReading = {
    ...{ isWhole: true, records: 20, invalid: 0, late: 0, rejected: 0, corrected: 0 },
    heldSince: null,
  };
  const CONFIG = `
kafka: { brokers: ["127.0.0.1:1"] }
temporal: { address: "127.0.0.1:1" }
postgres: { url: "postgres://a@127.0.0.1:1/c" }
evaluate: { interval: 30s }
rules:
  - { name: LocksHigh, metric: locks, threshold: "\${LIMIT}", severity: warning }
`;
  const SHORT = 'rules: [{ name: LocksHigh, metric: locks, threshold: "${LIMIT}", severity: warning }]';

  /** 50 locks from 12 to 5 minutes ago. */
  const asLocks: Wiring['readMetrics'] = async (_config, _between, take) => {
    for (let minute = 20; minute > 0; minute--) {
      const time = NOW - minute * MINUTE;
      const metric = {
        ...{ timestamp: new Date(time).toISOString(), database_type: 'postgresql', instance_id: 'db-1' },
        ...{ metric_name: 'locks', tags: {}, value: minute <= 12 && minute > 5 ? 50 : 3 },
      };
      take({ metric, time, recorded: time + 500, partition: 0, isDerived: false });
    }
    return WHOLE;
  };

  async function overKafka(args: readonly string[], readMetrics = asLocks, limit = '10') {
    writeFileSync(join(folder, 'tocsin.yaml'), CONFIG);
    writeFileSync(join(folder, 'short.yml'), SHORT);
    const asked: { fromMs: number; toMs: number }[] = [];
    const at = args.map((arg) => arg.replace('@', `${folder}/`));
    const ran = await run(
      ['backtest', '--config', join(folder, 'tocsin.yaml'), ...at],
      {},
      {
        env: { LIMIT: limit },
        wire: {
          readMetrics(config, between, ...more) {
            asked.push(between);
            return readMetrics(config, between, ...more);
          },
        },
      },
    );
    return { ...ran, asked };
  }

  it('takes the rules of the configuration and the last day, and reads as far before as they look back', async () => {
    const { code, out, err, asked } = await overKafka([]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/2026-11-21T12:00:00Z +7m +warning +default +LocksHigh +50 /);
    // Five minutes of look-back, five that a sample may be ahead, an interval.
    const lookbackMs = 10.5 * MINUTE;
    expect(asked).toEqual([{ fromMs: NOW - 24 * 60 * MINUTE - lookbackMs, toMs: NOW }]);
  });

  it('takes times as how long ago, and tells programs what was read', async () => {
    const { out } = await overKafka(['--from', '6h', '--to', '1h', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      alerts: [],
      kafka: {
        ...{ from: '2026-11-21T06:12:00Z', to: '2026-11-21T11:12:00Z', read_from: '2026-11-21T06:01:30Z' },
        ...{ held_since: null, records: 20, late: 0 },
      },
    });
  });

  it('tells how rules differ from those that are configured, whatever their form', async () => {
    const same = await overKafka(['--rules', '@short.yml', '--against', 'configured']);
    expect(same.out).toBe('0 more, 0 fewer, 0 at another time, 1 the same');
    const fewer = await overKafka(['--rules', '@new.yml', '--against', 'configured']);
    expect(fewer.out).toMatch(/Only with --against:[^]*LocksHigh[^]* 1 fewer/);
  });

  it('says what was left out, and since when Kafka has all of it', async () => {
    const counts = { invalid: 1, late: 2_000, rejected: 3, corrected: 4 };
    const deleted = await overKafka([], async (...args) => {
      await asLocks(...args);
      return { ...WHOLE, ...counts, heldSince: NOW - 60 * MINUTE };
    });
    expect(deleted.err).toContain(
      'Kafka has deleted what was recorded before 2026-11-21T11:12:00Z: of the time',
    );
    expect(deleted.err).toContain('1 record is no metric: left out');
    expect(deleted.err).toContain('2,000 metrics came more than 1h late: left out');
    expect(deleted.err).toContain('3 metrics of a clock that is ahead: left out');
    expect(deleted.err).toContain('4 metrics of a clock that is ahead: evaluated for the record time');
    const early = await overKafka(['--from', '55m'], async () => ({
      ...WHOLE,
      heldSince: NOW - 60 * MINUTE,
    }));
    expect(early.err).toContain('their windows were not full at 2026-11-21T11:17:00Z');
    const none = await overKafka([], async () => ({ ...WHOLE, records: 0 }));
    expect(none.err).toBe('Kafka holds no metrics of this time');
  });

  it('tells nothing when it is stopped before the end', async () => {
    const { code, out, err } = await overKafka([], async (...args) => {
      await asLocks(...args);
      return { ...WHOLE, isWhole: false };
    });
    expect([code, out, err]).toEqual([1, '', 'stopped before all had been read: nothing is told']);
  });

  it('refuses a configuration without rules', async () => {
    const none = join(folder, 'none.yaml');
    writeFileSync(none, CONFIG.slice(0, CONFIG.indexOf('rules:')));
    const { code, err } = await run(['backtest', '--config', none], {}, { env: {} });
    expect([code, err]).toEqual([2, expect.stringContaining('has no rules; name some: --rules FILE')]);
  });
});
