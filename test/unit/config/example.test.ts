import { alertsIn, comparisonIn } from '../../builders/rules';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { checkConfig, loadConfig } from '../../../src/config/load';
import { allKeys } from '../../../src/config/schema-keys';
import { configSchema } from '../../../src/config/schema';
import { CATALOGUE } from '../../../src/collect/catalogue';

const EXAMPLE = 'examples/tocsin.yaml';
const text = readFileSync(EXAMPLE, 'utf8');

/** Whether `path` (`receivers[].smtp.host`, `tags.*`) leads anywhere in the parsed example. */
function present(value: unknown, path: string): boolean {
  if (path === '') return value !== undefined;
  if (value === null || typeof value !== 'object') return false;
  if (path.startsWith('[]'))
    return (value as unknown[]).some((item) => present(item, path.slice(2).replace(/^\./, '')));
  const [, key, rest] = /^\.?([^.[]+)(.*)$/.exec(path)!;
  const next = rest!.replace(/^\./, '');
  if (key === '*') return Object.values(value).some((item) => present(item, next));
  return key! in value && present((value as Record<string, unknown>)[key!], next);
}

describe('examples/tocsin.yaml', () => {
  it('loads with nothing set in the environment, and complains of nothing', () => {
    expect(checkConfig(EXAMPLE, {}).problems).toEqual([]);
  });

  it('shows every key of the schema', () => {
    const parsed: unknown = parse(text);
    const comments = text
      .split('\n')
      .map((line) => /#(.*)$/.exec(line)?.[1] ?? '')
      .join('\n');
    const missing = allKeys(configSchema).filter((path) => {
      const last = path.split('.').at(-1)!;
      return !present(parsed, path) && !new RegExp(`\\b${last}:`).test(comments);
    });
    expect(missing).toEqual([]);
    expect(allKeys(configSchema).length).toBeGreaterThan(100);
  });

  it('shows the defaults that hold', () => {
    const example = loadConfig(EXAMPLE, {});
    const empty = loadConfig({ text: '', path: null }, {});
    const same = [
      'instance',
      'environment',
      'kafka',
      'temporal',
      'history',
      'http',
      'log',
      'collect',
      'evaluate',
      'notify',
      'acknowledgeLeaseMs',
      'cooldownMs',
      'enrich',
    ] as const;
    for (const key of same) expect([key, example[key]]).toEqual([key, empty[key]]);
    expect(example.postgres.url.reveal()).toBe(empty.postgres.url.reveal());
    const { runbooks: _own, environments: _where, ...remediation } = example.remediation;
    expect(empty.remediation).toMatchObject(remediation);
    expect(example.notificationService).toMatchObject({
      host: '127.0.0.1',
      port: 9480,
      from: empty.notificationService.from,
    });
    expect(example.receivers.find(({ type }) => type === 'notification_service')).toMatchObject({
      notifyAfter: 'remediate',
      deadlineMs: 30_000,
    });
  });
});

describe('the shipped rules', () => {
  const config = loadConfig(EXAMPLE, {});

  it('are all loaded by the example', () => {
    const groups = new Set(config.ruleGroups.map(({ name }) => name));
    for (const file of readdirSync('examples/rules')) expect(groups).toContain(file.replace('.yaml', ''));
  });

  it('name metrics that are collected from the kind of target that they are about', () => {
    const groups = config.ruleGroups.filter(({ name }) => name === 'postgres' || name === 'host');
    const shipped = alertsIn({ ruleGroups: groups }).map(comparisonIn);
    expect(shipped.length).toBeGreaterThan(20);
    for (const rule of shipped) {
      const type = rule.matchers.find(({ name }) => name === 'database_type')!.value;
      expect(CATALOGUE.filter((entry) => entry.type === type).map(({ name }) => name)).toContain(rule.metric);
    }
  });

  it.each([
    ['HostCpuHigh', 70, 85],
    ['HostMemoryHigh', 75, 90],
    ['HostDiskFull', 80, 90],
    ['PostgresConnectionsHigh', 70, 85],
    ['PostgresReplicationLag', 1, 10],
  ])('%s warns at %d and is critical at %d', (name, warning, critical) => {
    const rules = alertsIn(config)
      .filter((rule) => rule.name === name)
      .map(comparisonIn);
    expect(rules.map(({ severity, threshold }) => [severity, threshold])).toEqual([
      ['critical', critical],
      ['warning', warning],
    ]);
  });
});
