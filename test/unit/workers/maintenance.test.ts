/** The maintenances of tocsin.yaml follow the file; what depends on them hears of each that has come, gone or changed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load';
import type { Maintenance, MaintenanceScope } from '../../../src/domain/maintenance';
import { silentLogger } from '../../../src/observe/observe';
import type { Shared } from '../../../workers/compose';
import { followMaintenance } from '../../../workers/maintenance';
import { waitFor } from '../../harness/wait-for';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-maintenance-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const one = (name: string, environment: string, weekday = 'sunday'): string =>
  `  - { name: ${name}, environments: [${environment}], intervals: [{ weekdays: [${weekday}] }] }\n`;

function following(text: string) {
  const file = join(folder, 'tocsin.yaml');
  const write = (next: string): void => writeFileSync(file, `maintenance:\n${next}`);
  write(text);
  const told: string[][] = [];
  const store = {
    fails: false,
    begun: [] as string[][],
    async goBy(all: readonly Maintenance[], scopes: readonly MaintenanceScope[]) {
      if (store.fails) throw new Error('postgres is away');
      if (scopes.length === 0) return void store.begun.push(all.map(({ name }) => name));
      told.push(scopes.flatMap(({ environments }) => environments));
    },
  };
  const reread = () => loadConfig(file, {});
  const reloads: (() => Promise<string>)[] = [];
  const parts: Shared['parts'] = [];
  const shared = {
    ...{ config: reread(), reread, log: silentLogger(), parts },
    history: async () => ({ maintenances: store }),
    onReload: (reload: () => Promise<string>) => void reloads.push(reload),
  } as unknown as Shared;
  return { write, told, store, shared, reload: () => reloads[0]!(), parts };
}

it('what has come, gone and changed is told of, what is the same is not', async () => {
  const { write, told, shared, reload, parts } = following(one('a', 'blue') + one('b', 'red'));
  const configured = await followMaintenance(shared);
  expect(await reload()).toBe('maintenances unchanged');
  write(one('a', 'blue') + one('b', 'red', 'monday') + one('c', 'green'));
  expect(await reload()).toBe('maintenances changed');
  expect(configured().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  write(one('c', 'green'));
  await reload();
  expect(told).toEqual([
    ['red', 'red', 'green'],
    ['blue', 'red'],
  ]);
  await Promise.all(parts.map((part) => part.stop()));
});

it('SIGHUP reads it, and a file with errors changes nothing', async () => {
  const { write, told, shared, reload, parts } = following(one('a', 'blue'));
  const configured = await followMaintenance(shared);
  write('  - { name: a }\n');
  await expect(reload()).rejects.toThrow(/intervals/);
  expect(configured().map(({ name }) => name)).toEqual(['a']);
  write(one('b', 'red'));
  process.emit('SIGHUP', 'SIGHUP');
  await waitFor(() => told.length > 0, { what: 'the reading' });
  expect(configured().map(({ name }) => name)).toEqual(['b']);
  await Promise.all(parts.map((part) => part.stop()));
});

it('what could not be told holds all the same, and is told the next time', async () => {
  const { write, told, store, shared, reload, parts } = following(one('a', 'blue'));
  const configured = await followMaintenance(shared);
  store.fails = true;
  write(one('b', 'red'));
  await expect(reload()).rejects.toThrow('postgres is away');
  expect(configured().map(({ name }) => name)).toEqual(['b']);
  store.fails = false;
  write(one('c', 'green'));
  await reload();
  expect(told).toEqual([['blue', 'green']]);
  await Promise.all(parts.map((part) => part.stop()));
});

it('a process that cannot read its configuration again keeps what it has', async () => {
  const { shared, store } = following(one('a', 'blue'));
  const configured = await followMaintenance({ ...shared, reread: null });
  expect(store.begun).toEqual([['a']]);
  expect(configured().map(({ name }) => name)).toEqual(['a']);
});
