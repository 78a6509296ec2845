import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceDev, runningDev } from '../../../src/dev/running';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-running-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dev = {
  file: '/etc/tocsin.yaml',
  environment: { TOCSIN_KAFKA: 'k:1', TOCSIN_TEMPORAL: 't:2', TOCSIN_POSTGRES: 'postgres://p:pw@db/x' },
};

test('a running dev is found by its account alone, until it takes its record back', async () => {
  expect(runningDev(folder)).toBeNull();
  const conceal = await announceDev(folder, dev);
  expect(runningDev(folder)).toEqual(dev);
  expect(statSync(join(folder, 'dev.json')).mode & 0o777).toBe(0o600);
  await conceal();
  expect(runningDev(folder)).toBeNull();
});

test.each([
  ['of another life of the pid', JSON.stringify({ pid: process.pid, started: 'before', ...dev })],
  ['cut short', '{"pid":'],
])('a record %s is nobody', (_name, text) => {
  writeFileSync(join(folder, 'dev.json'), text);
  expect(runningDev(folder)).toBeNull();
});
