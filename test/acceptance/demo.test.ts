/** What the README promises of `npm run demo`, on servers that the demo starts itself. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeRunFolder } from '../harness/run-folder';

const ENTRY = join(__dirname, '..', '..', 'dist', 'src', 'cli', 'tocsin.js');
const STEPS = [
  /sample/,
  /fired/,
  /notified \(webhook\)/,
  /remediated/,
  /verified/,
  /resolved/,
  /level 1 told/,
  /level 2 told/,
  /acknowledged/,
];

test('both acts happen, each step with its time, in under 3 minutes', async () => {
  const data = await makeRunFolder();
  const began = Date.now();
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, 'demo', '--data', data]);
    const [, table] = stdout.split('┌');
    for (const step of STEPS) expect(table).toMatch(step);
    expect(stdout).toMatch(/fired: ConnectionsNearlyUsedUp on orders-db/);
    expect(stdout).toMatch(/terminate idle sessions: answered \d+ rows/);
    expect(stdout).toMatch(/level 3 was not told/);
    expect(stdout).toMatch(/Web UI.*http:\/\/127\.0\.0\.1:\d+/);
    expect(stdout).not.toMatch(/The demo failed/);
    expect(Date.now() - began).toBeLessThan(180_000);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}, 240_000);
