/** Labels may be of any length: their group is told as any other, and the groups that are looked at with it are. */
import { randomBytes } from 'node:crypto';
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import { waitFor } from '../../harness/wait-for';
import { groupProcesses, routeTo } from './group-process';

const DAY = 86_400_000;
const scene = groupProcesses(
  routeTo('team', { groupBy: ['host'], groupIntervalMs: 300, repeatIntervalMs: DAY }),
);

const posted = (host: string, endsIn = DAY): Transition => {
  const at = Date.now();
  const iso = (ms: number): string => new Date(ms).toISOString();
  return transitionOf(
    {
      ...{ labels: { alertname: 'Down', host }, annotations: {}, generatorUrl: '' },
      ...{ updatedAt: iso(at), startsAt: iso(at - 1), endsAt: iso(at + endsIn), timedOut: endsIn > 0 },
    },
    at,
    () => false,
  );
};
const heard = (status: string): (string | undefined)[] =>
  scene.heard
    .flatMap(({ message }) => message.alerts)
    .filter((alert) => alert.status === status)
    .map(({ labels }) => labels['host']);

test('one that no index of Postgres takes, of which two differ in the end alone', async () => {
  const long = randomBytes(6_000).toString('base64');
  const hosts = [`${long}1`, `${long}2`, 'a', 'b'];
  const one = await scene.start();
  await one.apply(...hosts.map((host) => posted(host)));
  await waitFor(() => heard('firing').length >= hosts.length, { what: 'four pages', timeoutMs: 20_000 });
  await one.apply(...hosts.map((host) => posted(host, 0)));
  await waitFor(() => heard('resolved').length >= hosts.length, { what: 'four ends', timeoutMs: 20_000 });
  expect(heard('firing').sort()).toEqual([...hosts].sort());
  expect(heard('resolved').sort()).toEqual([...hosts].sort());
  expect(new Set(scene.heard.map(({ message }) => message.groupKey)).size).toBe(hosts.length);
});
