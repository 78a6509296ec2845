/**
 * A critical alert whose page and first level are refused for good: the second level hears of it at once, people read why, and
 * have what was given up sent again when the receiver is mended.
 */
import type { NotificationPayload } from '../../src/domain/notification';
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { startHttpCatcher, type HttpCatcher } from '../harness/http-catcher';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 240_000;
let system: System;
let catcher: HttpCatcher;

const told = (): string[] =>
  catcher.requests.map(
    ({ path, json }) => `${path} ${(json as NotificationPayload).message_id.split(':').at(-1)}`,
  );

beforeAll(async () => {
  catcher = await startHttpCatcher();
  catcher.answerAlways(({ path }) => ({ status: path === '/phone' ? 200 : 400 }));
  const receiver = (name: string) => ({ name, type: 'webhook', url: `${catcher.url}/${name}` });
  const level = (name: string) => ({ name, receivers: [name], timeout: '1h' });
  system = await startSystem({
    servers: testServers(),
    more: {
      log: { level: 'debug' },
      receivers: ['chat', 'pager', 'phone'].map(receiver),
      route: { receivers: ['chat'] },
      escalation: [{ name: 'default', delay: '1h', levels: ['pager', 'phone'].map(level) }],
    },
  });
  const { kafka, instance } = system;
  await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-1', 0, 0))], { development: true });
  const [evaluator] = await Promise.all([
    system.start('evaluator'),
    system.start('dispatcher'),
    system.start('effects'),
  ]);
  await waitFor(() => evaluator.output().includes('evaluate: assigned'), {
    what: 'its partitions',
    timeoutMs: 30_000,
  });
});
afterAll(async () => {
  await system.close();
  await catcher.close();
});

test(
  'the next level that can be told is told at once, each message once; what was given up can be sent again',
  async () => {
    await system.sample('db-1', 90);
    await waitFor(() => told().some((line) => line.startsWith('/phone')), {
      what: 'the second level, an hour before its time',
      timeoutMs: 60_000,
    });
    expect(told()).toEqual(['/chat fire', '/pager escalate-1', '/phone escalate-2']);

    const [row] = await system.history.lists.list({});
    const { fingerprint } = row!;
    const why = await system.command('why', fingerprint);
    expect(why).toMatch(
      /nobody could be told that it fires \(chat: HTTP 400 .*\): level 1, pager, is told at once/,
    );
    expect(why).toMatch(/by level 1, pager \(pager: HTTP 400 .*\): level 2, phone, is told at once/);

    const dead = JSON.parse(await system.command('receivers', 'dead', '--json')) as { receiver: string }[];
    expect(dead.map(({ receiver }) => receiver).sort()).toEqual(['chat', 'pager']);
    catcher.answerAlways({ status: 200 });
    expect(await system.command('receivers', 'resend', '--receiver', 'chat', '--owner', 'ana')).toContain(
      'chat is told of fire again',
    );
    await waitFor(() => told().filter((line) => line === '/chat fire').length === 2, {
      what: 'the chat, now that it is mended',
      timeoutMs: 30_000,
    });
    const ids = catcher.requests
      .filter(({ path }) => path === '/chat')
      .map(({ json }) => (json as NotificationPayload).message_id);
    expect(new Set(ids).size).toBe(1);

    await system.sample('db-1', 10);
    await waitFor(() => told().filter((line) => line.endsWith('resolved')).length === 2, {
      what: 'the end, to both who have heard of it',
      timeoutMs: 60_000,
    });
    expect(told().filter((line) => line.includes('escalate'))).toHaveLength(2);
  },
  STORY_MS,
);
