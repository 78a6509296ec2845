/** What the fatigue limit decides of a message, and how a digest reads. */
import type { Admission, DigestEnd } from '../../../src/history/port';
import { digestLine, digestSubject } from '../../../src/notify/digest';
import { buildPayload } from '../../../src/notify/payload';
import type { Notification } from '../../../src/notify/stages/stage';
import { throttleStage } from '../../../src/notify/stages/throttle';
import { alert, delivered, facts, fakeChannel, FIRED, NOW, queued, receiver } from './test-notification';

const LIMIT = { similar: 5, windowMs: 3_600_000, groupBy: ['alertname'], digestAfterMs: 900_000 };
const labels = { alertname: 'HighConnections', severity: 'warning', instance_id: 'pg-main' };
const context = { now: () => NOW, signal: new AbortController().signal };
const AT = new Date('2026-05-04T03:15:00.000Z');

interface Asked {
  readonly step?: string;
  readonly severity?: string;
  readonly admission?: Admission | null;
  readonly end?: DigestEnd;
}

async function decided({ step = 'fire', severity = 'warning', ...given }: Asked) {
  const { admission = { kind: 'single' }, end = { kind: 'none' } } = given;
  const admit = jest.fn(async () => admission);
  const digestEnd = jest.fn(async () => end);
  const notification: Notification = {
    ...{ queued: queued({ step }), facts: facts({ alert: alert({ labels: { ...labels, severity } }) }) },
    ...{ receiver: receiver('ops', fakeChannel('http://ops', () => delivered).channel) },
    ...{ outcome: null, notes: [] },
  };
  const after = await throttleStage({ admit, digestEnd }, LIMIT).exec(context, notification);
  return { after, asked: admit.mock.calls.length + digestEnd.mock.calls.length };
}

test.each(['escalate-1', 'remediated-1', 'acknowledged-1', 'silence-ends-s-1'])(
  '%s is not counted',
  async (step) => {
    const { after, asked } = await decided({ step, admission: null });
    expect([after.outcome, asked]).toEqual([null, 0]);
  },
);

test.each(['critical', 'high', 'gold'])('nor is the first message of severity %s', async (severity) => {
  const { after, asked } = await decided({ severity, admission: null });
  expect([after.outcome, asked]).toEqual([null, 0]);
});

test('within the limit it passes', async () => {
  const { after } = await decided({});
  expect([after.outcome, after.digest]).toEqual([null, undefined]);
});

test('beyond it waits for the digest, and says how many were told', async () => {
  const admission = { kind: 'digest', at: AT, inMs: 900_000, told: 5, isNew: true } as const;
  const { after } = await decided({ admission });
  expect(after.outcome).toEqual({
    ...{ kind: 'held', forMs: 900_000, reason: 'fatigue', digest: { of: 'fire', isNew: true } },
    detail:
      '5 like HighConnections were told in the last 1h, and the limit is 5: the digest of 2026-05-04T03:15:00.000Z tells of it',
    by: [
      {
        ...{ kind: 'fatigue limit', name: 'HighConnections', like: { alertname: 'HighConnections' } },
        ...{ told: 5, limit: 5, windowMs: 3_600_000, digestAt: AT.toISOString() },
      },
    ],
  });
});

test('when its digest leaves it passes as part of it', async () => {
  const { after } = await decided({ admission: { kind: 'due', at: AT } });
  expect(after).toMatchObject({
    ...{ outcome: null, digest: { like: { alertname: 'HighConnections' }, limit: 5 } },
    notes: ['in the digest of HighConnections, beyond 5 in 1h'],
  });
});

test('what another process has settled is not sent', async () => {
  expect((await decided({ admission: null })).after.outcome).toMatchObject({ kind: 'dropped' });
});

test.each([
  [{ kind: 'none' }, null],
  [{ kind: 'due' }, null],
  [
    { kind: 'waits', open: 1 },
    expect.objectContaining({
      kind: 'held',
      detail: expect.stringContaining('1 more of that digest is not over') as string,
    }),
  ],
] as [DigestEnd, unknown][])('the end of %j of a digest', async (end, outcome) => {
  const { after } = await decided({ step: 'resolved', end });
  expect(after.outcome).toEqual(outcome);
  expect(after.digest !== undefined).toBe(end.kind === 'due');
});

describe('a digest', () => {
  const digest = { like: { alertname: 'HighConnections' }, limit: 5, windowMs: 3_600_000 };
  const over = alert({
    ...{ labels, fingerprint: 'f'.repeat(16), state: 'RESOLVED', resolvedBy: 'evaluator' },
    endsAt: new Date(FIRED + 30_000).toISOString(),
  });
  const options = { messageId: 'm', step: 'fire', routingKey: null, onCallPerson: null, now: NOW };

  test('counts what fires and what is over, and lists both', () => {
    const payload = buildPayload(facts({ alert: alert({ labels }) }), {
      ...options,
      digest,
      fellows: [over],
    });
    expect(payload.subject).toBe('[WARNING, digest] 2 more like HighConnections: 1 firing, 1 over');
    expect(payload.body_text).toContain(
      'Digest: 2 more alerts like HighConnections, beyond the limit of 5 in 1h: 1 firing, 1 over\n\nHighConnections is FIRING on pg-main',
    );
    expect(payload.body_text).toContain(
      'Told with it:\n- HighConnections on pg-main (warning), RESOLVED, from 2026-05-04 03:00:00 UTC, lasted 30s',
    );
    expect(payload.digest_alerts?.map(({ state }) => state)).toEqual(['FIRING', 'RESOLVED']);
    expect(payload.escalated_alerts).toBeUndefined();
  });

  test('of one says so too, and so does its end', () => {
    expect(digestLine(digest, 'fire', [over])).toBe(
      'Digest: 1 more alert like HighConnections, beyond the limit of 5 in 1h: 1 over',
    );
    expect(digestSubject(digest, 'resolved', [over, over])).toBe(
      '[RESOLVED, digest] 2 like HighConnections are over',
    );
  });
});
