/** Reloads that come together end with the routes of the last one, in memory as in the rows. */
import { Registry } from 'prom-client';
import { createAlertmanagerMetrics, silentLogger } from '../../../src/observe/observe';
import type { InEffect } from '../../../workers/alertmanager';
import { reloading } from '../../../workers/groups';
import { route } from '../../harness/group-scene';

const turn = (): Promise<unknown> => new Promise(setImmediate);

const readAs = (receiver: string): InEffect =>
  ({
    ...{ file: 'alertmanager.yml', text: receiver, integrations: new Map() },
    config: { route: route({ receiver }), receivers: [], inhibitRules: [] },
  }) as unknown as InEffect;

/** Each change of routes waits, as for pages that are leaving, until it is let on. */
function reloads() {
  const file = { receiver: 'first' };
  const recorded: string[] = [];
  const changing: { readonly receiver: string; readonly end: (error?: Error) => void }[] = [];
  let routes = 'first';
  let current = readAs('first');
  const fakes = {
    shared: { id: 'one', log: silentLogger() },
    history: {
      records: { keepRouting: async (kept: InEffect['config']) => void recorded.push(kept.route.receiver) },
    },
    peers: { beat: async () => undefined },
    grouping: {
      ...{ known: { all: () => [] }, mend: async () => 0, forget: async () => undefined },
      reroute: ({ receiver }: { readonly receiver: string }) =>
        new Promise<void>((resolve, reject) => {
          let isOver = false;
          const end = (error?: Error): void => {
            if (isOver) return;
            isOver = true;
            if (error !== undefined) return reject(error);
            routes = receiver;
            resolve();
          };
          changing.push({ receiver, end });
        }),
    },
    metrics: createAlertmanagerMetrics(new Registry()),
    inEffect: () => current,
  };
  const reload = reloading(fakes as unknown as Parameters<typeof reloading>[0], {
    ...{ read: () => readAs(file.receiver), ofRules: false, mends: false, onTaken: () => undefined },
    take: (next) => void (current = next),
  });
  const now = (receiver: string): Promise<void> => {
    file.receiver = receiver;
    return reload.now();
  };
  return { now, tidy: reload.tidy, changing, recorded, routes: () => routes };
}

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
afterEach(() => jest.useRealTimers());

test('a reload waits for the one before, however long that waits for pages, and those between the two are one', async () => {
  const { now, changing, recorded, routes } = reloads();
  const all = [now('a'), now('b'), now('c')];
  await turn();
  changing.at(-1)!.end();
  await turn();
  changing.forEach(({ end }) => end());
  await turn();
  changing.forEach(({ end }) => end());
  await Promise.all(all);
  expect(routes()).toBe('c');
  expect(recorded.at(-1)).toBe('c');
  expect(changing.length).toBeLessThanOrEqual(2);
});

test('where rows could not be written, the routes change when somebody tidies, and not again after that', async () => {
  const { now, tidy, changing, routes } = reloads();
  const failed = now('a');
  await turn();
  changing[0]!.end(new Error('postgres is away'));
  await failed;
  expect(routes()).toBe('first');
  const tidied = tidy();
  await turn();
  changing[1]!.end();
  await tidied;
  await tidy();
  expect([routes(), changing.length]).toEqual(['a', 2]);
});

test('who tidies while a reload waits does not change the routes once more', async () => {
  const { now, tidy, changing } = reloads();
  const [reloaded, tidied] = [now('a'), tidy()];
  await turn();
  changing[0]!.end();
  await Promise.all([reloaded, tidied]);
  expect(changing).toHaveLength(1);
});
