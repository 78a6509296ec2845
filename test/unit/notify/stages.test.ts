/** Each stage's decisions, with the reason that it records. */
import { TocsinError } from '../../../src/domain/errors';
import type { NotificationOutcome, QueuedNotification } from '../../../src/history/port';
import type { MuteVerdict } from '../../../src/mute/port';
import { RETRY_DEFAULTS } from '../../../src/notify/backoff';
import { createDestination, type Destination } from '../../../src/notify/destination';
import type { Delivery, Receiver } from '../../../src/notify/port';
import { dedupStage } from '../../../src/notify/stages/dedup';
import { recordStage } from '../../../src/notify/stages/record';
import { sendStage } from '../../../src/notify/stages/send';
import { createSentMemory } from '../../../src/notify/stages/sent-memory';
import { silenceStage } from '../../../src/notify/stages/silence';
import { runStages, type Notification, type Stage } from '../../../src/notify/stages/stage';
import { timelyStage } from '../../../src/notify/stages/timely';
import {
  alert,
  delivered,
  facts,
  failed,
  fakeChannel,
  FIRED,
  NOW,
  queued,
  receiver,
  refused,
} from './test-notification';

const context = { now: () => NOW, signal: new AbortController().signal };
const nobody = receiver('ops', fakeChannel('http://ops', () => delivered).channel);
const notification = (change: Partial<Notification> = {}): Notification => ({
  queued: queued(),
  receiver: nobody,
  facts: facts(),
  outcome: null,
  notes: [],
  ...change,
});
const decide = async (stage: Stage, change: Partial<Notification> = {}) =>
  stage.exec(context, notification(change));
const taken = facts({
  alert: alert({
    state: 'ACKNOWLEDGED',
    acknowledgement: { owner: 'eve', at: NOW.toISOString(), until: null, comment: null },
  }),
});
const over = facts({ alert: alert({ state: 'RESOLVED', resolvedBy: 'evaluator' }) });

const telephone = receiver('ana-call', {
  ...fakeChannel('http://telephones', () => delivered).channel,
  interrupts: true,
});

describe('timely', () => {
  test.each<[string, Partial<Notification>, string | null]>([
    ['a fire', {}, null],
    ['a fire of what is over by now', { facts: over }, null],
    ['an escalation', { queued: queued({ step: 'escalate-1' }) }, null],
    ['an escalation of what is over', { queued: queued({ step: 'escalate-1' }), facts: over }, 'ended'],
    ['an escalation of what is taken', { queued: queued({ step: 'escalate-1' }), facts: taken }, null],
    [
      'another way to a person, of what is taken',
      { queued: queued({ step: 'escalate-1', unlessAcknowledged: true }), facts: taken },
      'acknowledged',
    ],
    [
      'another way to a person, of what nobody has taken',
      { queued: queued({ step: 'escalate-1', unlessAcknowledged: true }) },
      null,
    ],
    [
      'a resolve for somebody who was told',
      { queued: queued({ step: 'resolved', told: true }), facts: over },
      null,
    ],
    [
      'a resolve for somebody who was told nothing',
      { queued: queued({ step: 'resolved' }), facts: over },
      'never_told',
    ],
    [
      'what somebody did about what is open',
      { queued: queued({ step: 'acknowledged-1', told: true }), facts: taken },
      null,
    ],
    [
      'what somebody did about what is over',
      { queued: queued({ step: 'acknowledged-1', told: true }), facts: over },
      'ended',
    ],
    ['a call at the fire', { receiver: telephone }, null],
    ['a call at the fire of what is taken', { receiver: telephone, facts: taken }, 'no_action_needed'],
    [
      'a call at an escalation of what is taken',
      { receiver: telephone, queued: queued({ step: 'escalate-2' }), facts: taken },
      null,
    ],
    [
      'a call about a repair',
      { receiver: telephone, queued: queued({ step: 'remediated-1' }) },
      'no_action_needed',
    ],
    [
      'a call about the end',
      { receiver: telephone, queued: queued({ step: 'resolved', told: true }), facts: over },
      'no_action_needed',
    ],
  ])('%s', async (_, change, reason) => {
    const { outcome } = await decide(timelyStage, change);
    expect(outcome === null ? null : outcome.kind === 'dropped' && outcome.reason).toBe(reason);
  });
});

describe('silence', () => {
  const muted: MuteVerdict = {
    muted: true,
    reason: 'silence',
    by: 'ann',
    until: new Date(NOW.getTime() + 60_000).toISOString(),
    detail: 'silence s1 of ann',
    holder: { kind: 'silence', id: 's1' },
  };
  const saying = (verdict: MuteVerdict) => silenceStage({ verdict: async () => verdict });

  test.each(['fire', 'escalate-1', 'remediated-1'])(
    'holds %s of a silenced alert until the silence ends',
    async (step) => {
      const { outcome } = await decide(saying(muted), { queued: queued({ step }) });
      const detail = 'silence s1 of ann';
      const by = [{ kind: 'silence', id: 's1' }];
      expect(outcome).toEqual({ kind: 'held', forMs: 60_000, reason: 'silenced', detail, by });
    },
  );

  test('holds what a maintenance covers, and names it', async () => {
    const holder = {
      kind: 'maintenance',
      name: 'move',
      createdBy: 'ana',
      comment: '',
      endsAt: null,
    } as const;
    const maintained = {
      ...muted,
      reason: 'maintenance',
      detail: 'maintenance move of ana',
      holder,
    } as const;
    const { outcome } = await decide(saying(maintained));
    expect(outcome).toMatchObject({ kind: 'held', reason: 'maintenance', by: [holder] });
  });

  test('drops what was over before its silence, and nothing that outlived it', async () => {
    const ended = NOW.getTime() - 60_000;
    const past = facts({ alert: alert({ state: 'RESOLVED', endsAt: new Date(ended).toISOString() }) });
    const reasonOf = async (verdict: MuteVerdict, heldUntil: number | null) => {
      const held = heldUntil === null ? null : new Date(heldUntil);
      const { outcome } = await decide(saying(verdict), {
        queued: queued({ heldUntil: held }),
        facts: past,
      });
      return outcome?.kind === 'dropped' ? outcome.reason : outcome;
    };
    expect(await reasonOf(muted, null)).toBe('silenced');
    expect(await reasonOf({ muted: false }, ended)).toBe('silenced');
    expect(await reasonOf({ muted: false }, ended - 1)).toBeNull();
    expect(await reasonOf({ muted: false }, null)).toBeNull();
  });

  test('lets the resolve and what is not silenced pass', async () => {
    expect((await decide(saying(muted), { queued: queued({ step: 'resolved' }) })).outcome).toBeNull();
    expect((await decide(saying({ muted: false }))).outcome).toBeNull();
  });

  test('lets the message out when silences cannot be read, and says so', async () => {
    const unreadable = silenceStage({ verdict: () => Promise.reject(new Error('postgres is away')) });
    const { outcome, notes } = await decide(unreadable);
    expect([outcome, notes]).toEqual([
      null,
      ['silences and maintenances could not be read: postgres is away'],
    ]);
  });
});

interface Play {
  readonly receivers: readonly Receiver[];
  readonly attempts?: number;
  readonly threshold?: number;
  readonly notes?: readonly string[];
  readonly step?: string;
  readonly memories?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly waited?: Partial<Pick<QueuedNotification, 'waitedMs' | 'lastError'>>;
  readonly elapsedMs?: () => number;
}

/** A send stage over these receivers, the first of which the message is for. */
function sending({ receivers, attempts = 0, threshold = 5, notes = [], step, memories, ...play }: Play) {
  const sent = createSentMemory();
  const policy = { failureThreshold: threshold, resetMs: 60_000, successThreshold: 2 };
  const destinations = new Map<string, Destination>();
  const destinationOf = ({ channel }: Receiver): Destination => {
    const known =
      destinations.get(channel.destination) ??
      createDestination(
        channel.destination,
        4,
        policy,
        () => 0,
        () => undefined,
      );
    destinations.set(channel.destination, known);
    return known;
  };
  const stage = sendStage({
    receivers: new Map(receivers.map((one) => [one.name, one])),
    destinationOf,
    onCallPerson: () => 'senior_dba',
    retry: RETRY_DEFAULTS,
    random: () => 0.5,
    elapsedMs: play.elapsedMs ?? (() => 0),
    sent,
  });
  const send = async (): Promise<NotificationOutcome> =>
    (
      await stage.exec(
        context,
        notification({
          queued: queued({ attempts, ...(step && { step }), ...(memories && { memories }), ...play.waited }),
          receiver: receivers[0]!,
          notes,
        }),
      )
    ).outcome!;
  return { send, sent };
}

describe('send', () => {
  test('delivers, with the notes of the stages before, and remembers it', async () => {
    const ops = fakeChannel('http://ops', () => delivered);
    const { send, sent } = sending({
      receivers: [receiver('ops', ops.channel, { routingKey: 'dba' })],
      notes: ['silences could not be read'],
    });
    expect(await send()).toEqual({ kind: 'sent', via: 'ops', detail: 'taken; silences could not be read' });
    expect(ops.sent[0]).toMatchObject({
      step: 'fire',
      episode: FIRED,
      payload: { routing_key: 'dba', on_call_person: 'senior_dba', message_id: queued().messageId },
    });
    expect(sent.recall(queued())).toMatchObject({ via: 'ops' });
  });

  test.each<[Delivery, NotificationOutcome]>([
    [failed, { kind: 'retry', afterMs: 2_000, error: 'HTTP 503' }],
    [{ ...failed, retryAfterMs: 30_000 } as Delivery, { kind: 'retry', afterMs: 30_500, error: 'HTTP 503' }],
    [refused, { kind: 'dead', error: 'HTTP 400' }],
  ])('%j without a fallback', async (delivery, expected) => {
    const ops = fakeChannel('http://ops', () => delivery);
    expect(await sending({ receivers: [receiver('ops', ops.channel)], attempts: 2 }).send()).toEqual(
      expected,
    );
  });

  test('what a receiver kept of the episode comes with the message, and what it keeps now is recorded', async () => {
    const keeping: Delivery = { kind: 'delivered', detail: 'taken', memory: { ts: '2' } };
    const ops = fakeChannel('http://ops', () => keeping);
    const { send } = sending({
      receivers: [receiver('ops', ops.channel)],
      memories: { ops: { ts: '1' }, other: { ts: '9' } },
    });
    expect(await send()).toEqual({ kind: 'sent', via: 'ops', detail: 'taken', memory: { ts: '2' } });
    expect(ops.sent[0]).toMatchObject({ attempts: 0, memory: { ts: '1' } });
  });

  test.each([
    ['fire', true],
    ['resolved', false],
  ])('a telephone takes over a %s: %s', async (step, expected) => {
    const call = fakeChannel('http://telephones', () => delivered);
    const { send } = sending({
      receivers: [
        receiver('ops', fakeChannel('http://ops', () => refused).channel, { fallback: 'ana-call' }),
        receiver('ana-call', { ...call.channel, interrupts: true }),
      ],
      step,
    });
    await send();
    expect(call.sent).toHaveLength(expected ? 1 : 0);
  });

  test('gives up with the last error', async () => {
    const ops = fakeChannel('http://ops', () => failed);
    const outcome = await sending({ receivers: [receiver('ops', ops.channel)], attempts: 99 }).send();
    expect(outcome).toEqual({ kind: 'dead', error: 'given up after 100 attempts: HTTP 503' });
  });

  test('a channel that throws is a failure like another', async () => {
    const ops = fakeChannel('http://ops', () => {
      throw new Error('bug');
    });
    expect(await sending({ receivers: [receiver('ops', ops.channel)] }).send()).toMatchObject({
      kind: 'retry',
      error: 'bug',
    });
  });

  test("a channel that hangs is told to end after the receiver's timeout", async () => {
    const ops = fakeChannel(
      'http://ops',
      (_, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () =>
            resolve({ ...failed, error: 'no answer in time' } as Delivery),
          ),
        ),
    );
    expect(
      await sending({ receivers: [receiver('ops', ops.channel, { timeoutMs: 20 })] }).send(),
    ).toMatchObject({ kind: 'retry', error: 'no answer in time' });
  });

  const withFallback = (primary: Delivery, secondary: Delivery, threshold = 5) => {
    const ops = fakeChannel('http://ops', () => primary);
    const mail = fakeChannel('smtp://mail', () => secondary);
    const play = sending({
      receivers: [receiver('ops', ops.channel, { fallback: 'mail' }), receiver('mail', mail.channel)],
      threshold,
    });
    return { ...play, ops, mail };
  };

  test('one failure is no reason for the fallback; the circuit that it opens is', async () => {
    const { send, ops, mail } = withFallback(failed, delivered, 2);
    expect(await send()).toMatchObject({ kind: 'retry' });
    expect(await send()).toEqual({ kind: 'sent', via: 'mail', detail: 'taken; instead of ops: HTTP 503' });
    expect(await send()).toEqual({
      kind: 'sent',
      via: 'mail',
      detail: 'taken; instead of ops: the circuit of http://ops is open',
    });
    expect([ops.sent.length, mail.sent.length]).toEqual([2, 2]);
    expect(mail.sent[0]!.payload.message_id).toBe(queued().messageId);
  });

  describe('after fallback_after', () => {
    const late = (primary: Delivery, secondary: Delivery, play: Partial<Play> = {}) => {
      const ops = fakeChannel('http://ops', () => primary);
      const mail = fakeChannel('smtp://mail', () => secondary);
      const receivers = [
        receiver('ops', ops.channel, { fallback: 'mail', fallbackAfterMs: 60_000 }),
        receiver('mail', mail.channel),
      ];
      const { send } = sending({ receivers, attempts: 3, ...play });
      return { send, ops, mail };
    };
    const over = { waitedMs: 61_000, lastError: 'HTTP 429' };

    test('the fallback is told, and the receiver that could not is left alone', async () => {
      const { send, ops } = late(failed, delivered, { waited: over });
      expect(await send()).toEqual({
        ...{ kind: 'sent', via: 'mail' },
        detail: 'taken; instead of ops, which could not be told for 61 s: HTTP 429',
      });
      expect(ops.sent).toEqual([]);
    });

    test.each([
      ['nobody has taken it yet', 0],
      ['whoever took it has ended before it was told', 1],
    ])('not where %s: the receiver has not failed', async (_, attempts) => {
      const waited = { ...over, lastError: null };
      const { send, ops, mail } = late(delivered, delivered, { waited, attempts });
      expect(await send()).toMatchObject({ kind: 'sent', via: 'ops' });
      expect([ops.sent.length, mail.sent.length]).toEqual([1, 0]);
    });

    test('also where the time passes during a try, as with one that hangs', async () => {
      let now = 0;
      const { send, mail } = late(failed, delivered, {
        waited: { waitedMs: 55_000 },
        elapsedMs: () => (now += 6_000),
      });
      expect(await send()).toMatchObject({ kind: 'sent', via: 'mail' });
      expect(mail.sent).toHaveLength(1);
    });

    test('before it, no pause is longer than what is left, whatever the receiver asks for', async () => {
      const asks: Delivery = { kind: 'retry', error: 'HTTP 429', retryAfterMs: 1_800_000 };
      const { send, mail } = late(asks, delivered, { waited: { waitedMs: 20_000 } });
      expect(await send()).toEqual({ kind: 'retry', afterMs: 40_000, error: 'HTTP 429' });
      expect(mail.sent).toEqual([]);
    });

    test('a fallback that fails leaves the receiver another try, and both errors', async () => {
      expect(await late(delivered, failed, { waited: over }).send()).toMatchObject({
        kind: 'sent',
        via: 'ops',
      });
      expect(await late(failed, refused, { waited: over }).send()).toMatchObject({
        kind: 'retry',
        error: 'HTTP 503; mail: HTTP 400',
      });
    });
  });

  test('what is refused for good goes to the fallback at once', async () => {
    expect(await withFallback(refused, delivered).send()).toMatchObject({ kind: 'sent', via: 'mail' });
  });

  test('refused by both: dead, with both reasons', async () => {
    expect(await withFallback(refused, { ...refused, error: 'SMTP 550' } as Delivery).send()).toEqual({
      kind: 'dead',
      error: 'HTTP 400; mail: SMTP 550',
    });
  });

  test('refused by one, failed by the other: tried again', async () => {
    expect(await withFallback(refused, failed).send()).toMatchObject({
      kind: 'retry',
      error: 'HTTP 400; mail: HTTP 503',
    });
    expect(await withFallback(failed, refused, 1).send()).toMatchObject({ kind: 'retry' });
  });

  test('an open circuit without a fallback: tried again when it lets one through', async () => {
    const ops = fakeChannel('http://ops', () => failed);
    const { send } = sending({ receivers: [receiver('ops', ops.channel)], threshold: 1 });
    await send();
    expect(await send()).toEqual({
      kind: 'retry',
      afterMs: 60_000,
      error: 'the circuit of http://ops is open',
    });
    expect(ops.sent).toHaveLength(1);
  });

  test('a fallback that is not configured is none', async () => {
    const ops = fakeChannel('http://ops', () => refused);
    expect(
      await sending({ receivers: [receiver('ops', ops.channel, { fallback: 'gone' })] }).send(),
    ).toMatchObject({ kind: 'dead' });
  });
});

describe('record', () => {
  const sentOutcome: NotificationOutcome = { kind: 'sent', via: 'ops', detail: '' };
  const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'postgres is away');

  function recording(failures: readonly Error[]) {
    const written: [string, NotificationOutcome][] = [];
    const errors = [...failures];
    const sent = createSentMemory();
    sent.remember(queued(), sentOutcome as Extract<NotificationOutcome, { kind: 'sent' }>);
    const seen: Notification[] = [];
    const stage = recordStage({
      sent,
      onRecorded: (one) => seen.push(one),
      queue: {
        finish: async (id, outcome) => {
          const error = errors.shift();
          if (error) throw error;
          written.push([id, outcome]);
        },
      },
    });
    return { stage, written, sent, seen };
  }

  test('writes the outcome, forgets that it was sent, and tells', async () => {
    const { stage, written, sent, seen } = recording([]);
    await decide(stage, { outcome: sentOutcome });
    expect([written, sent.recall(queued()), seen.length]).toEqual([[['1', sentOutcome]], null, 1]);
  });

  test('keeps trying while Postgres is away', async () => {
    const { stage, written } = recording([away, away]);
    await decide(stage, { outcome: sentOutcome });
    expect(written).toHaveLength(1);
  });

  test('gives up when the process ends or the statement is at fault; what was sent stays known', async () => {
    const ending = recording([away]);
    const stopped = { now: () => NOW, signal: AbortSignal.abort() };
    await expect(ending.stage.exec(stopped, notification({ outcome: sentOutcome }))).rejects.toThrow('away');
    expect(ending.sent.recall(queued())).toEqual(sentOutcome);
    await expect(decide(recording([new Error('syntax')]).stage, { outcome: sentOutcome })).rejects.toThrow(
      'syntax',
    );
  });

  test('a message without an outcome is a mistake of the stages', async () => {
    await expect(decide(recording([]).stage)).rejects.toThrow('without an outcome');
  });
});

describe('the stages together', () => {
  test('what one has decided the next ones let pass', async () => {
    const ops = fakeChannel('http://ops', () => delivered);
    const memory = createSentMemory();
    const silence = silenceStage({
      verdict: async () => ({
        ...{ muted: true, reason: 'silence', by: 'ann', until: 'u', detail: 'd' },
        holder: { kind: 'silence', id: 's1' },
      }),
    });
    const result = await runStages(
      [timelyStage, silence, dedupStage(memory)],
      context,
      notification({ receiver: receiver('ops', ops.channel) }),
    );
    expect(result.outcome).toMatchObject({ kind: 'held', reason: 'silenced' });
  });

  test('what was sent and not recorded is not sent again', async () => {
    const memory = createSentMemory();
    memory.remember(queued(), { kind: 'sent', via: 'ops', detail: 'before' });
    expect((await decide(dedupStage(memory))).outcome).toEqual({
      kind: 'sent',
      via: 'ops',
      detail: 'before',
    });
    expect((await decide(dedupStage(memory), { queued: queued({ step: 'escalate-1' }) })).outcome).toBeNull();
  });
});
