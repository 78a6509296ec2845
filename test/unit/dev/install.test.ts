import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installed, type Install } from '../../../src/dev/install';
import { tryLock } from '../../../src/dev/lock';
import { waitFor } from '../../harness/wait-for';

let cache: string;
let fills: number;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'install-'));
  fills = 0;
});

afterEach(() => rm(cache, { recursive: true, force: true }));

function program(fill: (folder: string) => Promise<void> = () => Promise.resolve()): Install {
  return {
    name: 'program-1.0',
    what: 'the program',
    async fill(folder) {
      fills += 1;
      await fill(folder);
      await writeFile(join(folder, 'program'), 'whole');
    },
  };
}

const quiet = () => undefined;

test('an install is made once, and found by the next run', async () => {
  const lines: string[] = [];
  const first = await installed(cache, program(), (line) => lines.push(line));
  expect(await installed(cache, program(), (line) => lines.push(line))).toBe(first);
  expect(await readFile(join(first, 'program'), 'utf8')).toBe('whole');
  expect(fills).toBe(1);
  expect(lines).toEqual([`the program: installing into ${cache} (once)`]);
});

test('two that install at once make one install', async () => {
  const lines: string[] = [];
  // The first ends only when the second has met it.
  const slow = program(async () => {
    await waitFor(() => lines.some((line) => line.includes('waiting for process')), {
      what: 'the second run',
    });
  });
  const both = [
    installed(cache, slow, (line) => lines.push(line)),
    installed(cache, slow, (line) => lines.push(line)),
  ];
  const folders = await Promise.all(both);
  expect(new Set(folders).size).toBe(1);
  expect(fills).toBe(1);
});

test('what a killed run left half done is cleared away and never taken for whole', async () => {
  await mkdir(join(cache, 'program-1.0.partial-dead'));
  await writeFile(join(cache, 'program-1.0.partial-dead', 'program'), 'half');
  await writeFile(
    join(cache, 'program-1.0.lock'),
    JSON.stringify({ pid: process.pid, started: 'in another life' }),
  );
  const folder = await installed(cache, program(), quiet);
  expect(await readFile(join(folder, 'program'), 'utf8')).toBe('whole');
  expect(await readdir(cache)).toEqual(['program-1.0']);
});

test('a failed install leaves nothing, and the next run tries again', async () => {
  const failing = program(() => Promise.reject(new Error('the registry is away')));
  await expect(installed(cache, failing, quiet)).rejects.toThrow('the registry is away');
  expect(await readdir(cache)).toEqual([]);
  await installed(cache, program(), quiet);
  expect(fills).toBe(2);
});

test('somebody else installing is waited for, and named', async () => {
  const lock = await tryLock(join(cache, 'program-1.0.lock'));
  const lines: string[] = [];
  const waiting = installed(cache, program(), (line) => lines.push(line));
  await waitFor(() => lines.length > 0, { what: 'the line about waiting' });
  expect(fills).toBe(0);
  if ('release' in lock) await lock.release();
  await waiting;
  expect(lines[0]).toBe(`the program: waiting for process ${process.pid}, which is installing it`);
});
