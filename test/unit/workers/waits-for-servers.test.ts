/** A role that waits for a server says so in its readiness, and can be told to stop. */
import { TocsinError } from '../../../src/domain/errors';
import { createHealth, type Health } from '../../../src/observe/observe';
import { openDependency } from '../../../workers/dependency';
import type { Part } from '../../../workers/run';
import { waitFor } from '../../harness/wait-for';

const scenes: { health: Health; stop: AbortController }[] = [];
afterEach(() => {
  for (const { health, stop } of scenes.splice(0)) {
    stop.abort();
    health.close();
  }
});

function sceneOf() {
  const health = createHealth({ cacheMs: 0, failureCacheMs: 0 });
  health.started();
  const stop = new AbortController();
  const parts: Part[] = [];
  const log = { info: jest.fn(), warn: jest.fn() };
  scenes.push({ health, stop });
  const server = { away: 'connect ECONNREFUSED' as string | null, opened: 0, closed: 0 };
  const around = { health, parts, signal: stop.signal, log } as unknown as Parameters<
    typeof openDependency
  >[0];
  const open = (openLink?: () => Promise<string>) =>
    openDependency(around, {
      name: 'postgres',
      open: openLink ?? (() => (server.away === null ? Promise.resolve('link') : failure(server.away))),
      check: async () => {
        if (server.away !== null) throw new Error(server.away);
      },
      close: async () => void server.closed++,
    });
  const shown = async () => (await health.readiness()).dependencies.postgres;
  return { health, stop, parts, log, server, open, shown };
}

const failure = (reason: string): Promise<never> =>
  Promise.reject(new TocsinError('TOC_DEPENDENCY_AWAY', reason));

it('is not ready while it waits, with the last reason; then by its own check', async () => {
  const { health, log, server, open, shown } = sceneOf();
  const opening = open();
  expect((await health.readiness()).status).toBe('not_ready');
  await waitFor(() => log.warn.mock.calls.length > 0, { what: 'a first try' });
  expect(await shown()).toMatchObject({ state: 'down', reason: 'connect ECONNREFUSED' });
  server.away = null;
  expect(await opening).toBe('link');
  expect((await health.readiness()).status).toBe('ready');
  server.away = 'connection terminated';
  expect(await shown()).toMatchObject({ state: 'down', reason: 'connection terminated' });
});

it('stops waiting when the process stops', async () => {
  const { stop, open, parts, log } = sceneOf();
  const opening = open();
  await waitFor(() => log.warn.mock.calls.length > 0, { what: 'a first try' });
  stop.abort();
  await expect(opening).rejects.toMatchObject({
    code: 'TOC_DEPENDENCY_AWAY',
    message: 'stopped while waiting for postgres',
  });
  expect(parts).toEqual([]);
});

it('closes a link that comes when nobody waits for it any more', async () => {
  const { stop, server, open } = sceneOf();
  let answer: (link: string) => void = () => undefined;
  const opening = open(() => new Promise((resolve) => (answer = resolve)));
  stop.abort();
  await expect(opening).rejects.toMatchObject({ code: 'TOC_DEPENDENCY_AWAY' });
  answer('late link');
  await waitFor(() => server.closed === 1, { what: 'the late link to be closed' });
});

it('is closed with the parts of the process', async () => {
  const { parts, server, open } = sceneOf();
  server.away = null;
  await open();
  expect(parts.map(({ name }) => name)).toEqual(['postgres']);
  await parts[0]!.stop();
  expect(server.closed).toBe(1);
});
