/** Messages of one bundle leave as one, which tells of all alerts that nothing holds back; each has its own record. */
import type { NotificationOutcome, NotificationQueue, QueuedNotification } from '../../../src/history/port';
import { createNotifier } from '../../../src/notify/notify';
import type { Delivery, OutgoingMessage } from '../../../src/notify/port';
import { waitFor } from '../../harness/wait-for';
import { alert, facts, FIRED } from './test-notification';

const HOSTS = ['a', 'b', 'c', 'd'];
const silent = () => undefined;

const queued = (host: string, more: Partial<QueuedNotification> = {}): QueuedNotification => ({
  ...{ id: host, messageId: `${host}:${FIRED}:escalate-1`, receiver: 'ops', fingerprint: host },
  ...{ episode: FIRED, step: 'escalate-1', dueAt: new Date(FIRED), attempts: 0, ageMs: 0, told: false },
  ...{ waitedMs: 0, lastError: null },
  ...{ heldUntil: null, onCallPerson: null, unlessAcknowledged: false, bundle: 'g:escalate-1', memories: {} },
  ...more,
});

interface Scene {
  readonly taken?: readonly QueuedNotification[];
  readonly resolved?: readonly string[];
  readonly silenced?: readonly string[];
  readonly delivery?: Delivery;
}

/** What left, and what became of each. */
async function sent({ taken = HOSTS.map((host) => queued(host)), ...scene }: Scene) {
  const { resolved = [], silenced = [], delivery = { kind: 'delivered', detail: 'ok' } } = scene;
  const messages: OutgoingMessage[] = [];
  const outcomes = new Map<string, NotificationOutcome>();
  let isTaken = false;
  const queue: Partial<NotificationQueue> = {
    take(_limit, _leaseMs, filter) {
      if (isTaken || !('only' in filter!)) return Promise.resolve([]);
      isTaken = true;
      return Promise.resolve([...taken]);
    },
    finish: async (id, outcome) => void outcomes.set(id, outcome),
    renew: async () => undefined,
    nextDueInMs: async () => null,
    listen: async () => async () => undefined,
    facts: async (fingerprint) =>
      facts({
        alert: alert({
          fingerprint,
          labels: { alertname: 'Down', instance_id: fingerprint, severity: 'critical' },
          state: resolved.includes(fingerprint) ? 'RESOLVED' : 'FIRING',
        }),
      }),
  };
  const notifier = createNotifier({
    queue: queue as NotificationQueue,
    mutes: {
      verdict: async ({ instance_id: host }) =>
        silenced.includes(host!)
          ? {
              muted: true,
              reason: 'silence',
              by: 's',
              until: new Date(FIRED * 2).toISOString(),
              detail: 'a silence',
              holder: { kind: 'silence', id: 's1' },
            }
          : { muted: false },
    },
    receivers: [
      {
        ...{ name: 'ops', routingKey: null, timeoutMs: 1_000, fallback: null },
        channel: {
          ...{ kind: 'webhook', destination: 'there', close: async () => undefined },
          send: async (message) => (messages.push(message), delivery),
        },
      },
    ],
    now: () => new Date(FIRED),
    log: { info: silent, warn: silent, error: silent, debug: silent } as never,
    maxSleepMs: 5,
  });
  await notifier.start();
  await waitFor(() => outcomes.size === taken.length, { what: 'an outcome of each' });
  await notifier.stop();
  const kinds = HOSTS.map((host) => outcomes.get(host)?.kind);
  return { messages, outcomes, kinds };
}

const toldOf = ({ payload }: OutgoingMessage): unknown =>
  payload.escalated_alerts?.map(({ resource }) => resource);

test('one message lists them all', async () => {
  const { messages, outcomes, kinds } = await sent({});
  expect(messages).toHaveLength(1);
  const [{ payload }] = messages as [OutgoingMessage];
  expect(toldOf(messages[0]!)).toEqual(HOSTS);
  expect(payload.message_id).toBe(`a:${FIRED}:escalate-1`);
  expect(payload.subject).toContain('Down on a and 3 more');
  expect(payload.body_text).toContain('Escalated with it:\n- Down on b (critical), FIRING, since');
  expect(kinds).toEqual(['sent', 'sent', 'sent', 'sent']);
  expect(outcomes.get('a')).toMatchObject({ detail: 'ok' });
  expect(outcomes.get('b')).toMatchObject({ detail: `ok; in the message a:${FIRED}:escalate-1` });
});

test('what is silenced or over is not in it, and the first of the others leads', async () => {
  const { messages, kinds } = await sent({ silenced: ['a'], resolved: ['c'] });
  expect(messages.map(toldOf)).toEqual([['b', 'd']]);
  expect(kinds).toEqual(['held', 'sent', 'dropped', 'sent']);
});

test('where it fails, all are tried again', async () => {
  const { kinds } = await sent({ delivery: { kind: 'retry', error: 'away', retryAfterMs: null } });
  expect(kinds).toEqual(['retry', 'retry', 'retry', 'retry']);
});

test('other bundles, other people and messages of no bundle are messages of their own', async () => {
  const { messages } = await sent({
    taken: [
      queued('a'),
      queued('b', { bundle: 'g:escalate-2' }),
      queued('c', { onCallPerson: 'ana' }),
      queued('d', { bundle: null }),
    ],
  });
  expect(messages.map(toldOf)).toEqual([undefined, undefined, undefined, undefined]);
});

test('all of them know the message that told of them, unless they have one of their own', async () => {
  const delivery: Delivery = { kind: 'delivered', detail: 'ok', memory: { ts: '1' } };
  const taken = HOSTS.map((host) => queued(host, host === 'c' ? { memories: { ops: { ts: '0' } } } : {}));
  const { outcomes } = await sent({ taken, delivery });
  const memories = HOSTS.map((host) => (outcomes.get(host) as { memory?: object }).memory);
  const shared = { ts: '1', of: `a:${FIRED}:escalate-1` };
  expect(memories).toEqual([{ ts: '1' }, shared, undefined, shared]);
});
