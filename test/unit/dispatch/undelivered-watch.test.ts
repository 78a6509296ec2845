/** What nobody could be told is told to lives: as long as it takes. */
import { createUndeliveredWatch } from '../../../src/dispatch/undelivered-watch';
import type { Undelivered, UndeliveredStore } from '../../../src/history/port';
import { oneTurn } from '../../harness/group-scene';

const step: Undelivered = { fingerprint: 'f', episode: 1, step: 'fire', reason: 'slack: HTTP 403' };

async function watched(tell: () => Promise<boolean>, hasGroups = false) {
  const asked: Parameters<UndeliveredStore['find']>[0][] = [];
  const told: Undelivered[] = [];
  const warned: string[] = [];
  const watch = createUndeliveredWatch({
    store: {
      find: async (options) => (asked.push(options), 0),
      take: async () => [step],
      told: async (heard) => void told.push(...heard),
    },
    ...{ tell, lateMs: 120_000, hasGroups, everyMs: 60_000 },
    log: { warn: (_: unknown, text?: string) => void warned.push(text ?? ''), debug: () => undefined },
  });
  await oneTurn(watch);
  return { asked, told, warned };
}

it('one whose life has heard of it is done', async () => {
  const { asked, told, warned } = await watched(async () => true);
  expect(told).toEqual([step]);
  expect(asked[0]).toEqual({ lateMs: 120_000, groupsMs: 0 });
  expect(warned).toEqual(['nobody could be told of fire: slack: HTTP 403']);
});

it('one that has no life yet, or while Temporal is away, waits for the next look', async () => {
  expect((await watched(async () => false)).told).toEqual([]);
  const away = await watched(async () => Promise.reject(new Error('temporal is away')));
  expect(away.told).toEqual([]);
  expect(away.warned).toEqual(['lives are told later of what nobody could be told: temporal is away']);
});

it('groups have a moment to tell of an alert', async () => {
  expect((await watched(async () => true, true)).asked[0]).toMatchObject({ groupsMs: 120_000 });
});
