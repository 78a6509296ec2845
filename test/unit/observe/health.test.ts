import {
  createHealth,
  createMetrics,
  startObservability,
  waitForDependency,
  type Health,
} from '../../../src/observe/observe';
import { waitFor } from '../../harness/wait-for';
import type { HealthOptions } from '../../../src/observe/health';
import { TocsinError } from '../../../src/domain/errors';

function clock(start = 1_700_000_000_000) {
  let at = start;
  return { now: () => at, advance: (ms: number) => (at += ms) };
}

/** Of a process whose parts have all been started. */
function startedHealth(options?: HealthOptions): Health {
  const health = createHealth(options);
  health.started();
  return health;
}

describe('readiness', () => {
  it('is not there before the process has started, though every dependency that is known by then answers', async () => {
    const health = createHealth();
    expect((await health.readiness()).status).toBe('starting');
    health.register('kafka', async () => 'broker 1 of 1');
    expect(await health.readiness()).toMatchObject({
      status: 'starting',
      dependencies: { kafka: { state: 'up' } },
    });
    health.started();
    expect((await health.readiness()).status).toBe('ready');
    health.close();
  });

  it('is ready when every required dependency answers, and names state, since, age and reason of each', async () => {
    const { now, advance } = clock();
    const health = startedHealth({ now });
    health.register('kafka', async () => 'broker 1 of 1');
    health.register('temporal', async () =>
      Promise.reject(new Error('14 UNAVAILABLE: connect postgres://a:pw@h')),
    );
    const first = await health.readiness();
    expect(first.status).toBe('not_ready');
    expect(first.dependencies.kafka).toMatchObject({ state: 'up', reason: 'broker 1 of 1', age_ms: 0 });
    expect(first.dependencies.temporal).toMatchObject({
      state: 'down',
      reason: '14 UNAVAILABLE: connect postgres://a:***@h',
    });
    advance(1_000);
    expect((await health.readiness()).dependencies.kafka).toMatchObject({
      age_ms: 1_000,
      since: first.dependencies.kafka!.since,
    });
    health.close();
  });

  it('asks again only after 30 s, and after 5 s when the answer was a failure', async () => {
    const { now, advance } = clock();
    const health = startedHealth({ now });
    let asked = 0;
    let up = true;
    health.register('postgres', async () => {
      asked++;
      if (!up) throw new Error('away');
    });
    await health.readiness();
    advance(29_999);
    await health.readiness();
    expect(asked).toBe(1);
    up = false;
    advance(1);
    expect((await health.readiness()).status).toBe('not_ready');
    up = true;
    advance(4_999);
    expect((await health.readiness()).status).toBe('not_ready');
    advance(1);
    expect((await health.readiness()).status).toBe('ready');
    expect(asked).toBe(3);
    health.close();
  });

  it('says since when a dependency is down, across several failed checks', async () => {
    const { now, advance } = clock();
    const health = startedHealth({ now });
    health.register('postgres', () => Promise.reject(new Error('away')));
    const { since } = (await health.readiness()).dependencies.postgres!;
    advance(20_000);
    const later = (await health.readiness()).dependencies.postgres!;
    expect(later.since).toBe(since);
    expect(later.checked_at).not.toBe(since);
    health.close();
  });

  it('ends a check that hangs, says so, and tells the check by its signal', async () => {
    const health = startedHealth({ timeoutMs: 20 });
    let aborted = false;
    health.register(
      'kafka',
      (signal) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
    );
    const { status, dependencies } = await health.readiness();
    expect(status).toBe('not_ready');
    expect(dependencies.kafka).toMatchObject({
      state: 'down',
      reason: 'the check did not answer within 20 ms',
    });
    expect(aborted).toBe(true);
    health.close();
  });

  it('shares one running check between two askers', async () => {
    const health = startedHealth();
    let asked = 0;
    health.register('kafka', async () => void asked++);
    await Promise.all([health.readiness(), health.readiness()]);
    expect(asked).toBe(1);
    health.close();
  });

  it('stays ready when only a dependency that is not required is down', async () => {
    const health = startedHealth();
    health.register('target prod-db-01', () => Promise.reject(new Error('tcp')), { required: false });
    expect((await health.readiness()).status).toBe('ready');
    health.close();
  });
});

describe('liveness', () => {
  it('calls a process stuck whose event loop has not come round', () => {
    const { now, advance } = clock();
    const health = startedHealth({ now, stuckMs: 5_000 });
    expect(health.liveness().status).toBe('alive');
    advance(7_000);
    expect(health.liveness()).toMatchObject({ status: 'stuck', event_loop_late_ms: 6_000 });
    health.close();
  });
});

describe('the HTTP server', () => {
  it('serves metrics, liveness and readiness, and nothing else', async () => {
    const metrics = createMetrics({ process: false });
    const health = startedHealth({
      onCheck: (dependency, up) => metrics.dependencyUp.set({ dependency }, up ? 1 : 0),
    });
    let fail = false;
    health.register('kafka', async () => {
      if (fail) throw new Error('no broker');
    });
    const server = await startObservability({ port: 0, metrics, health });
    try {
      metrics.notifications.inc({ receiver: 'hook', outcome: 'sent' });
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      const ready = await fetch(`${server.url}/readyz`);
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({ status: 'ready', dependencies: { kafka: { state: 'up' } } });
      const text = await (await fetch(`${server.url}/metrics`)).text();
      expect(text).toContain('tocsin_notifications_total{receiver="hook",outcome="sent"} 1');
      expect(text).toContain('tocsin_dependency_up{dependency="kafka"} 1');
      expect((await fetch(`${server.url}/`)).status).toBe(404);
      expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
      fail = true;
      health.register('temporal', () => Promise.reject(new Error('away')));
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    } finally {
      await server.close();
      health.close();
    }
  });

  it('asks the dependencies when metrics are scraped, and lets no scrape wait for one that hangs', async () => {
    const metrics = createMetrics({ process: false });
    const health = startedHealth({
      timeoutMs: 20,
      onCheck: (dependency, up) => metrics.dependencyUp.set({ dependency }, up ? 1 : 0),
    });
    health.register('kafka', () => new Promise(() => undefined));
    const server = await startObservability({ port: 0, metrics, health });
    const scrape = async () => (await fetch(`${server.url}/metrics`)).text();
    try {
      expect(await scrape()).not.toContain('tocsin_dependency_up{');
      await waitFor(async () => (await scrape()).includes('tocsin_dependency_up{dependency="kafka"} 0'), {
        what: 'the gauge of a dependency that hangs',
      });
    } finally {
      await server.close();
      health.close();
    }
  });

  it('outlives a question that cannot be understood, and does nothing for a web page', async () => {
    const health = createHealth();
    let reloads = 0;
    const server = await startObservability({
      ...{ port: 0, metrics: createMetrics(), health },
      actions: new Map([['/-/reload', async () => `${(reloads += 1)}`]]),
      answers: new Map([
        [
          '/api',
          () => {
            throw new TocsinError('TOC_USAGE', 'since is no time');
          },
        ],
      ]),
    });
    try {
      const refused = await fetch(`${server.url}/api`);
      expect([refused.status, await refused.json()]).toEqual([400, { error: 'since is no time' }]);
      const page = { method: 'POST', headers: { origin: 'https://example.com' } };
      expect((await fetch(`${server.url}/-/reload`, page)).status).toBe(403);
      expect(reloads).toBe(0);
      expect((await fetch(`${server.url}/-/reload`, { method: 'POST' })).status).toBe(200);
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    } finally {
      await server.close();
      health.close();
    }
  });

  it('listens on the loopback address by default and explains a port that is taken', async () => {
    const parts = { metrics: createMetrics({ process: false }), health: createHealth() };
    const server = await startObservability({ port: 0, ...parts });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await expect(startObservability({ port: server.port, ...parts })).rejects.toMatchObject({
      code: 'TOC_CANNOT_LISTEN',
      message: expect.stringMatching(/cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*http\.port/) as string,
    });
    await server.close();
    parts.health.close();
  });
});

describe('a server that is away at start', () => {
  const quiet = { info: jest.fn(), warn: jest.fn() };
  beforeEach(() => jest.clearAllMocks());

  it('is waited for with a visible reason', async () => {
    let tries = 0;
    const check = async (): Promise<string> => {
      if (++tries < 3) throw new Error('connect ECONNREFUSED kafka://u:pw@h');
      return 'connected';
    };
    const value = await waitForDependency('kafka', check, { log: quiet, firstDelayMs: 1 });
    expect(value).toBe('connected');
    expect(quiet.warn).toHaveBeenCalledTimes(2);
    expect(quiet.warn.mock.calls[0]![1]).toMatch(
      /^waiting for kafka: connect ECONNREFUSED kafka:\/\/u:\*\*\*@h; trying again in \d+ ms$/,
    );
    expect(quiet.info).toHaveBeenCalledTimes(1);
  });

  it('that refuses us is waited for, and it is said what has to be done', async () => {
    const refused = new TocsinError('TOC_ACCESS_REFUSED', 'postgres asks for a password');
    let tries = 0;
    const check = async (): Promise<string> => (++tries === 1 ? Promise.reject(refused) : 'in');
    await waitForDependency('postgres', check, { log: quiet, firstDelayMs: 1 });
    expect(quiet.warn.mock.calls[0]![1]).toMatch(
      /^waiting for postgres: postgres asks for a password; trying again in \d+ ms\. Correct `postgres\.url` of the file or TOCSIN_POSTGRES/,
    );
  });

  it('is not waited for when trying again cannot help', async () => {
    const newer = new TocsinError('TOC_SCHEMA_NEWER', 'schema "tocsin" is at version 999');
    await expect(waitForDependency('postgres', () => Promise.reject(newer), { log: quiet })).rejects.toBe(
      newer,
    );
    expect(quiet.warn).not.toHaveBeenCalled();
  });

  it('does not wait on a try that hangs', async () => {
    let tries = 0;
    const check = (): Promise<string> =>
      ++tries === 1 ? new Promise(() => undefined) : Promise.resolve('up');
    await waitForDependency('temporal', check, { log: quiet, firstDelayMs: 1, tryTimeoutMs: 20 });
    expect(quiet.warn.mock.calls[0]![1]).toContain('temporal did not answer within 20 ms');
  });

  it('is given up as soon as the signal says so, also in the middle of a try', async () => {
    const stop = new AbortController();
    const waiting = waitForDependency('postgres', () => new Promise(() => undefined), {
      log: quiet,
      signal: stop.signal,
    });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({
      code: 'TOC_DEPENDENCY_AWAY',
      message: 'stopped while waiting for postgres',
    });
  });
});
