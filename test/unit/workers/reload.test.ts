/** Rules are read again one reading at a time, however often and by how many it is asked for. */
import { appendFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../../../src/config/config';
import { ConfigInvalid, type Problem } from '../../../src/config/problems';
import { createReload, stateOf } from '../../../workers/reload';
import { waitFor } from '../../harness/wait-for';

const problemIn = (file: string): Problem => ({
  ...{ level: 'error', file, path: '', message: 'is not valid YAML', value: null, accepted: null },
  ...{ line: 1, column: 1, group: null, rule: null, suggestion: null },
});
const turn = (): Promise<unknown> => new Promise(setImmediate);

const configOf = (name: string): Config =>
  ({ file: null, ruleFiles: [], ruleGroups: [{ name }] }) as unknown as Config;

/** Readings find what `rules.name` then is; each taking waits until it is let on. */
function reloading() {
  const rules = { name: 'a' };
  const taking: { readonly name: string; readonly end: (error?: Error) => void }[] = [];
  let readings = 0;
  const reload = createReload({
    config: configOf('none'),
    reread: () => {
      readings += 1;
      return configOf(rules.name);
    },
    take: ({ ruleGroups }) =>
      new Promise((resolve, reject) =>
        taking.push({
          name: ruleGroups[0]!.name,
          end: (error) => (error === undefined ? resolve() : reject(error)),
        }),
      ),
    log: { info: () => undefined, error: () => undefined },
    onRead: () => undefined,
    lookEveryMs: 3_600_000,
  });
  return { reload, rules, taking, readings: () => readings };
}

let made: ReturnType<typeof reloading>;
beforeEach(() => (made = reloading()));
afterEach(() => made.reload.part.stop());

it('makes one of all that are asked for while one runs, and that one reads what there is then', async () => {
  const { reload, rules, taking, readings } = made;
  const first = reload.now('first');
  rules.name = 'b';
  const others = Array.from({ length: 1_000 }, (_, i) => reload.now(`${i}`));
  await turn();
  taking[0]!.end();
  expect(await first).toBe('changed');
  await turn();
  taking[1]!.end();
  expect(new Set(await Promise.all(others))).toEqual(new Set(['changed']));
  expect(taking.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(readings()).toBe(2);
});

it('takes rules anew that are as they were, where somebody asks for that', async () => {
  const { reload, rules, taking } = made;
  rules.name = 'none';
  expect(await reload.now('first')).toBe('unchanged');
  const anew = reload.anew('the clock');
  await turn();
  taking[0]!.end();
  expect(await anew).toBe('changed');
  expect(await reload.now('last')).toBe('unchanged');
});

it('goes on after one that failed, and tells those alone that asked for it', async () => {
  const { reload, taking } = made;
  const first = reload.now('first');
  const second = reload.now('second');
  await turn();
  taking[0]!.end(new Error('Kafka is away'));
  await expect(first).rejects.toThrow('Kafka is away');
  await turn();
  taking[1]!.end();
  expect(await second).toBe('changed');
});

it('takes one after the other where each is asked for when the last has ended', async () => {
  const { reload, taking, readings } = made;
  const first = reload.now('first');
  await turn();
  taking[0]!.end();
  expect(await first).toBe('changed');
  expect(await reload.now('second')).toBe('unchanged');
  expect(readings()).toBe(2);
});

it('takes the rules of before again, where new ones could not be taken and the file is put back', async () => {
  const { reload, rules, taking } = made;
  rules.name = 'none';
  expect(await reload.now('nothing new')).toBe('unchanged');
  rules.name = 'b';
  const failed = reload.now('new');
  await turn();
  taking[0]!.end(new Error('Kafka is away'));
  await expect(failed).rejects.toThrow('Kafka is away');
  rules.name = 'none';
  const back = reload.now('put back');
  await turn();
  taking[1]!.end();
  expect(await back).toBe('changed');
  expect(taking.map(({ name }) => name)).toEqual(['b', 'none']);
});

describe('files that are looked at', () => {
  let folder: string;
  let stop: () => Promise<void>;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-reload-'))));
  afterEach(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });

  function looking(read: (file: string, times: number) => void, seen?: (of: Config) => string) {
    const [file, rules] = [join(folder, 'tocsin.yaml'), join(folder, 'rules.yml')];
    writeFileSync(file, '');
    writeFileSync(rules, '');
    const config = { file, ruleFiles: [rules], ruleGroups: [] } as unknown as Config;
    let readings = 0;
    const reload = createReload({
      ...{ config, seen: seen?.(config), lookEveryMs: 5 },
      reread() {
        read(rules, ++readings);
        return config;
      },
      take: () => Promise.resolve(),
      log: { info: () => undefined, error: () => undefined },
      onRead: () => undefined,
    });
    stop = () => reload.part.stop();
    return {
      rules,
      read: (times: number) => waitFor(() => readings >= times, { what: `${times} readings`, intervalMs: 5 }),
    };
  }

  it('may become one that cannot even be looked at', async () => {
    const { rules, read } = looking(() => undefined);
    rmSync(rules);
    symlinkSync(rules, rules);
    await read(1);
    rmSync(rules);
    await read(2);
  });

  it.each([
    ['is taken', () => undefined],
    [
      'is refused',
      () => {
        throw new Error('it ends in the middle');
      },
    ],
  ])('are read again where one was written on while it was read, and %s', async (_, outcome) => {
    const { rules, read } = looking((file, times) => {
      if (times === 1) appendFileSync(file, 'the rest');
      if (times === 1) outcome();
    });
    appendFileSync(rules, 'a part, ');
    await read(2);
  });

  it('include a new one that was refused: it may be mended in place', async () => {
    const fresh = (rules: string) => join(dirname(rules), 'fresh.yml');
    let isMended = false;
    const { rules, read } = looking((file) => {
      if (existsSync(fresh(file)) && !isMended) throw new ConfigInvalid([problemIn(fresh(file))], null);
    });
    writeFileSync(fresh(rules), 'groups: [');
    // One more after the first, since that one could not know of the file before.
    await read(2);
    isMended = true;
    appendFileSync(fresh(rules), ']');
    await read(3);
  });

  it('are read again where one has changed since it was read at the start', async () => {
    const { read } = looking(
      () => undefined,
      (config) => {
        const seen = stateOf(config);
        appendFileSync(config.ruleFiles[0]!, 'a rule');
        return seen;
      },
    );
    await read(1);
  });
});
