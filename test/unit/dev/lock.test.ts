import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '../../../src/dev/lock';
import { identify, isAlive, ownIdentity, parseIdentity } from '../../../src/dev/process-identity';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  file = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const isHeld = async () => 'heldBy' in (await tryLock(file));

test('free => held => free', async () => {
  const lock = await tryLock(file);
  expect(await tryLock(file)).toEqual({ heldBy: ownIdentity() });
  if ('release' in lock) await lock.release();
  expect(await isHeld()).toBe(false);
});

test.each([
  ['a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' })],
  ['an earlier process with the pid of a living one', JSON.stringify({ pid: process.pid, started: 'x' })],
  ['nobody, being cut short', '{"pid":1'],
])('a lock of %s is taken over', async (_who, content) => {
  await writeFile(file, content);
  expect(await isHeld()).toBe(false);
  expect(await isHeld()).toBe(true);
});

test('of many that take over a dead lock at once, one gets it', async () => {
  await writeFile(file, JSON.stringify({ pid: process.pid, started: 'x' }));
  const answers = await Promise.all(Array.from({ length: 20 }, () => tryLock(file)));
  expect(answers.filter((answer) => 'release' in answer)).toHaveLength(1);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a process is known until it ends', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const identity = identify(child.pid ?? 0);
  expect(identity).toEqual({ pid: child.pid, started: expect.any(String) });
  if (identity === null) return;
  expect(isAlive(identity)).toBe(true);
  expect(parseIdentity(JSON.stringify(identity))).toEqual(identity);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(isAlive(identity)).toBe(false);
});
