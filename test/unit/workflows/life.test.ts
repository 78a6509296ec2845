import type { RemediationResult } from '../../../src/domain/remediation';
import type { QueuedRecord } from '../../../src/history/port';
import { AlertLife } from '../../../workflows/alert/life';
import { MINUTE, policy, T0, transition } from '../../builders/alerts';

function begin(more: Parameters<typeof policy>[0] = {}) {
  const life = new AlertLife({ transition: transition(), policy: policy(more) }, T0);
  const written: QueuedRecord[] = [];
  const write = (): void => {
    written.push(...life.pending());
    for (const record of life.pending())
      if (record.begins) life.opened(record.episode, { closed: false, previousEndedAt: null }, [], T0);
    life.recorded(life.pending().length);
  };
  const steps = (): string[] => {
    write();
    return written
      .flatMap((record) => record.notifications ?? [])
      .map((one) => `${one.step}>${one.receiver}`);
  };
  const at = (minutes: number): number => T0 + minutes * MINUTE;
  const resolved = (minutes: number, startsAt = 0) =>
    transition({ kind: 'resolved', at: minutes * MINUTE, startsAt });
  const firing = (minutes: number) => transition({ at: minutes * MINUTE });
  return { life, written, write, steps, at, resolved, firing, policy: policy(more) };
}

const result = (outcome: RemediationResult['outcome']): RemediationResult => ({
  remediation_id: 'r-1',
  runbook: 'terminate-idle-sessions',
  target: 'prod-db-01',
  outcome,
  reason: 'because',
  attempted: true,
  dry_run: false,
  steps: [],
  checks: [],
  residual_risk: 'low',
  started_at: new Date(T0).toISOString(),
  ended_at: new Date(T0).toISOString(),
});
const plan = {
  runbook: 'terminate-idle-sessions',
  target: 'prod-db-01',
  inputs: {},
  dryRun: false,
  soakMs: 1_000,
  verifyTimeoutMs: 60_000,
};

describe('escalation', () => {
  it('tells level after level, each at its time, and ends with the last', () => {
    const { life, steps, at } = begin();
    expect(steps()).toEqual(['escalate-1>mail-1']);
    life.tick(at(15) - 1);
    expect(steps()).toHaveLength(1);
    expect(life.nextDeadline()).toBe(at(15));
    life.tick(at(15));
    expect(steps().at(-1)).toBe('escalate-2>mail-2');
    life.tick(at(45));
    expect(steps().at(-1)).toBe('escalate-3>mail-3');
    expect(life.nextDeadline()).toBeNull();
    life.tick(at(1_000));
    expect(steps()).toHaveLength(3);
  });

  it('goes through the chain again as often as the policy repeats it', () => {
    const { escalation } = policy();
    const { life, steps, at } = begin({
      escalation: { ...escalation!, levels: escalation!.levels.slice(0, 2), repeat: 1 },
    });
    for (const minute of [15, 45, 60]) life.tick(at(minute));
    expect(steps()).toEqual([
      'escalate-1>mail-1',
      'escalate-2>mail-2',
      'escalate-3>mail-1',
      'escalate-4>mail-2',
    ]);
  });

  it('stops while acknowledged and resumes at the same step with what was left', () => {
    const { life, steps, at } = begin();
    life.acknowledge({ owner: 'ada', lease_seconds: 3_600 }, at(5));
    expect(life.shown(at(6))).toBe('ACKNOWLEDGED');
    life.tick(at(64));
    expect(steps()).toHaveLength(1);
    life.tick(at(65));
    expect(life.shown(at(65))).toBe('FIRING');
    expect(life.nextDeadline()).toBe(at(75));
    life.tick(at(75));
    expect(steps().at(-1)).toBe('escalate-2>mail-2');
  });

  it('waits out a silence, which coexists with an acknowledgement', () => {
    const { life, steps, at } = begin();
    life.silence({ owner: 'ada' }, at(30), at(5));
    expect(life.shown(at(6))).toBe('SILENCED');
    life.acknowledge({ owner: 'ada' }, at(6));
    expect(life.shown(at(7))).toBe('ACKNOWLEDGED');
    life.unacknowledge({ owner: 'ada' }, at(8));
    life.tick(at(30));
    expect(steps()).toHaveLength(1);
    expect(life.nextDeadline()).toBe(at(40));
  });

  it('is refused while the alert is silenced, also by a silence older than its life: the level is not used up', () => {
    const { life, at, written, steps } = begin();
    expect(life.refuseEscalation(T0)).toBeNull();
    const silenced = { by: 'ann', until: new Date(at(30)).toISOString() };
    life.opened(T0, { closed: false, previousEndedAt: null, silenced }, [], T0);
    expect(life.refuseEscalation(at(29))).toContain(`silenced until ${silenced.until}`);
    expect(life.nextDeadline()).toBe(at(30));
    life.tick(at(30));
    expect(life.refuseEscalation(at(30))).toBeNull();
    expect(steps()).toEqual(['escalate-1>mail-1']);
    expect(written.flatMap(({ timeline }) => timeline.map(({ kind }) => kind))).toContain('silenced');
  });

  it('tells the next level at once when a person asks', () => {
    const { life, steps, at } = begin();
    expect(life.escalateNow({ owner: 'ada' }, at(1)).message).toContain('level 2');
    expect(steps()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
    expect(life.nextDeadline()).toBe(at(31));
  });

  it('tells nobody because it was asked whether it has ended: only what `tick` does is written down', () => {
    const { life, at, steps } = begin();
    steps();
    const due = life.nextDeadline()!;
    expect(life.ended()).toBe(false);
    expect(life.nextDeadline()).toBe(due);
    expect(life.pending()).toEqual([]);
    life.tick(at(10_000));
    expect(life.pending().length).toBeGreaterThan(0);
  });

  it('ends with the resolve', () => {
    const { life, steps, at, resolved, policy: now } = begin();
    life.observe(resolved(5), now, at(5));
    life.tick(at(1_000));
    expect(steps()).toHaveLength(1);
    life.tick(at(1_000));
    expect(life.ended()).toBe(true);
  });
});

describe('episodes', () => {
  it('a first episode ends at once, a later one cools down first and fires again in the same life', () => {
    const { life, write, at, resolved, firing, policy: now } = begin({ escalation: null });
    life.observe(resolved(1), now, at(1));
    life.observe(firing(2), now, at(2));
    expect(life.status(at(2))).toMatchObject({ state: 'FIRING', episodes: 2, episode: at(2) });
    life.observe(resolved(3, 2), now, at(3));
    write();
    life.tick(at(4));
    expect(life.ended()).toBe(false);
    expect(life.nextDeadline()).toBe(at(8));
    life.tick(at(8));
    expect(life.ended()).toBe(true);
  });

  it('drops what it knows: repeats, late duplicates, a resolve of an older sample', () => {
    const { life, at, resolved, firing, policy: now } = begin({ escalation: null });
    expect(life.observe(transition(), now, at(1))).toBe('repeated');
    expect(life.observe(resolved(2), now, at(2))).toBe('resolved');
    expect(life.observe(resolved(2), now, at(2))).toBe('stale');
    expect(life.observe(transition(), now, at(2))).toBe('stale');
    expect(life.observe(firing(4), now, at(4))).toBe('opened');
    expect(life.observe(resolved(2), now, at(4))).toBe('stale');
    expect(life.status(at(4)).episodes).toBe(2);
  });

  it('a late duplicate of an episode that has ended needs no life', () => {
    const life = new AlertLife({ transition: transition(), policy: policy() }, T0);
    life.recorded(1);
    life.opened(T0, { closed: true, previousEndedAt: null }, [], T0);
    expect(life.pending()).toEqual([]);
    life.tick(T0);
    expect(life.ended()).toBe(true);
  });

  it('the first record of an episode asks for its waiting messages only when nothing is left to wait for', () => {
    expect(begin().life.pending()[0]!.release).toEqual(['service']);
    expect(begin({ remediation: plan }).life.pending()[0]!.release).toEqual([]);
  });
});

describe('a manual resolve', () => {
  it('is quiet for the cool-down, then opens a new episode with the reason when the condition still holds', () => {
    const { life, steps, write, written, at } = begin({ escalation: null });
    life.resolve({ owner: 'ada' }, at(1));
    write();
    life.tick(at(2));
    expect(life.ended()).toBe(false);
    expect(life.refuses('acknowledge')).toContain('RESOLVED');
    life.tick(at(6));
    expect(steps()).toEqual(['fire>service']);
    expect(written.at(-1)).toMatchObject({
      episode: at(6),
      opens: { reason: expect.stringContaining('still holds') },
    });
    expect(life.status(at(6)).state).toBe('FIRING');
  });

  it('ends quietly when the condition has ended meanwhile, also when it fired once more in between', () => {
    const { life, steps, write, at, resolved, firing, policy: now } = begin({ escalation: null });
    life.resolve({ owner: 'ada' }, at(1));
    life.observe(resolved(2), now, at(2));
    life.observe(firing(3), now, at(3));
    life.observe(resolved(4, 3), now, at(4));
    life.tick(at(6));
    write();
    expect(steps()).toEqual([]);
    life.tick(at(6));
    expect(life.ended()).toBe(true);
  });

  it('stays the second time when nothing was heard since it reopened: its samples may have ended for good', () => {
    const { life, write, written, at, firing, policy: now } = begin({ escalation: null });
    life.resolve({ owner: 'ada' }, at(1));
    life.tick(at(6));
    expect(life.resolve({ owner: 'ada' }, at(7)).message).toContain('until it fires anew');
    life.tick(at(12));
    write();
    expect(life.ended()).toBe(true);
    expect(written.at(-1)).toMatchObject({ episode: at(6), state: 'RESOLVED' });
    expect(life.observe(firing(20), now, at(20))).toBe('opened');
  });

  it('opens again the second time, too, when its condition was heard of since', () => {
    const { life, at, policy: now } = begin({ escalation: null });
    life.resolve({ owner: 'ada' }, at(1));
    life.tick(at(6));
    life.observe(transition({ kind: 'changed', at: 7 * MINUTE, startsAt: 0, value: 99 }), now, at(7));
    life.resolve({ owner: 'ada' }, at(8));
    life.tick(at(13));
    expect(life.status(at(13)).state).toBe('FIRING');
  });

  it('of a reopened episode the evaluator resolves what it opened under its own name', () => {
    const { life, at, resolved, policy: now } = begin({ escalation: null });
    life.resolve({ owner: 'ada' }, at(1));
    life.tick(at(6));
    expect(life.observe(resolved(7), now, at(7))).toBe('resolved');
    expect(life.status(at(7)).state).toBe('RESOLVED');
  });
});

describe('remediation', () => {
  it('is started once an episode, holds the life until its result, and releases the waiting page', () => {
    const {
      life,
      write,
      written,
      at,
      resolved,
      policy: now,
    } = begin({ escalation: null, remediation: plan });
    expect(life.wantsRemediation()).toBe(true);
    expect(life.remediationBegins(T0)).toBe(plan);
    expect(life.wantsRemediation()).toBe(false);
    life.observe(resolved(1), now, at(1));
    write();
    life.tick(at(1));
    expect(life.ended()).toBe(false);
    life.remediationEnds(result('verified'), at(1));
    write();
    expect(written.at(-1)).toMatchObject({
      release: ['service'],
      updates: { step: 'remediated-1', receivers: ['service'] },
      remediation: { outcome: 'verified' },
    });
    life.tick(at(1));
    expect(life.ended()).toBe(true);
    life.remediationEnds(result('failed'), at(2));
    expect(life.pending()).toEqual([]);
  });

  it('is given up after its deadline, so that a lost result holds up nothing', () => {
    const { life, at } = begin({ escalation: null, remediation: plan });
    life.remediationBegins(T0);
    life.tick(at(60));
    expect(life.status(at(60)).remediation).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('no result'),
    });
  });
});

describe('a remediation that was joined', () => {
  const { condition } = transition();
  const joined = (more: Partial<RemediationResult>) => {
    const { life, written, write } = begin({ escalation: null, remediation: plan });
    life.remediationBegins(T0);
    life.remediationEnds({ ...result('verified'), fingerprint: 'another', condition, ...more }, T0);
    write();
    return { life, results: written.flatMap(({ remediation }) => remediation ?? []) };
  };

  it('is the repair of every alert that it verifies', () => {
    const { life, results } = joined({});
    expect(results).toMatchObject([{ outcome: 'verified' }]);
    expect(life.wantsRemediation()).toBe(false);
  });

  it.each<[string, Partial<RemediationResult>]>([
    ['verified another rule', { condition: { ...condition!, threshold: 50 } }],
    ['ran another runbook', { runbook: 'cancel-long-queries' }],
  ])('is no repair of an alert when it %s: its own follows', (_, more) => {
    const { life, results } = joined(more);
    expect(results).toEqual([]);
    expect([life.wantsRemediation(), life.hasYielded()]).toEqual([true, true]);
    expect(life.why()[0]).toContain('for another alert, another: verified; its own repair follows');
    const carried = JSON.parse(JSON.stringify(life.carry())) as unknown;
    expect(new AlertLife({ ...life.current(), carried }, T0).hasYielded()).toBe(true);
    life.remediationBegins(T0);
    life.remediationEnds({ ...result('verified'), fingerprint: transition().fingerprint, ...more }, T0);
    expect(life.status(T0).remediation).toMatchObject({ outcome: 'verified' });
  });
});

describe('what people do where there is no escalation', () => {
  it('says nothing of one', () => {
    const { life, at, write, written } = begin({ escalation: null });
    const held = life.acknowledge({ owner: 'ada', lease_seconds: 60 }, at(1)).message;
    expect(held).toMatch(/^ada acknowledged it until \S+Z$/);
    expect(life.unacknowledge({ owner: 'ada' }, at(1)).message).toBe('ada gave the acknowledgement back');
    expect(life.silence({ owner: 'ada' }, at(5), at(2)).message).toMatch(/^ada silenced it until \S+Z$/);
    expect(life.unsilence('ada', null, null, at(3)).message).toBe('ada ended its silence');
    life.acknowledge({ owner: 'ada', lease_seconds: 60 }, at(4));
    life.silence({ owner: 'ada' }, at(6), at(4));
    life.tick(at(7));
    write();
    const texts = written.flatMap(({ timeline }) => timeline.map(({ text }) => text));
    expect(texts.slice(-2)).toEqual(['the acknowledgement of ada lapsed', 'the silence ended']);
    expect(texts.join()).not.toContain('escalation');
  });
});

it('says that escalation goes on when an acknowledgement is given back, or lapses', () => {
  const { life, at, write, written } = begin();
  life.acknowledge({ owner: 'ada', lease_seconds: 60 }, at(1));
  expect(life.unacknowledge({ owner: 'ada' }, at(1)).message).toBe(
    'ada gave the acknowledgement back; escalation goes on',
  );
  life.acknowledge({ owner: 'ada', lease_seconds: 60 }, at(1));
  life.tick(at(2));
  write();
  const texts = written.flatMap(({ timeline }) => timeline.map(({ text }) => text));
  expect(texts.at(-1)).toBe('the acknowledgement of ada lapsed; escalation goes on');
});

describe('a silence until the alert is over', () => {
  it('ends with the episode, so that the next one is escalated', () => {
    const { life, steps, at, resolved, firing, policy: now } = begin();
    const answer = life.silence({ owner: 'ada', until_resolved: true }, at(365 * 1_440), at(1));
    expect(answer.message).toBe('ada silenced it until it is over; escalation waits');
    life.tick(at(20));
    expect(steps()).toEqual(['escalate-1>mail-1']);
    // Its second episode: from then on the life outlasts its alert.
    life.observe(resolved(21), now, at(21));
    life.observe(firing(22), now, at(22));
    expect(life.shown(at(22))).toBe('SILENCED');
    const answer22 = { closed: false, previousEndedAt: null, unmuted: true as const };
    life.opened(life.currentEpisode(), answer22, [], at(22));
    expect(life.shown(at(22))).toBe('FIRING');
    life.tick(at(22));
    expect(life.nextDeadline()).toBe(at(37));
  });
});

describe('a remediation that a silence forbade', () => {
  it('is asked for again when the silence ends, once, while the alert fires', () => {
    const { life, at } = begin({ escalation: null, remediation: plan });
    life.silence({ owner: 'ann' }, at(10), T0);
    life.remediationBegins(T0);
    life.remediationEnds({ ...result('refused'), reason: 'silenced: ann has silenced it' }, at(1));
    life.tick(at(9));
    expect(life.wantsRemediation()).toBe(false);
    life.tick(at(10));
    expect(life.wantsRemediation()).toBe(true);
  });
});

describe('a remediation whose result comes late', () => {
  const given = () => {
    const story = begin({ escalation: null, remediation: plan });
    story.life.remediationBegins(T0);
    const deadline = story.life.nextDeadline()!;
    story.life.tick(deadline);
    story.write();
    return { ...story, deadline };
  };

  it('is not given up while what it asks for may still take its time', () => {
    const { deadline } = given();
    const [questions, reads, changes, givesBack] = [3 * 3 * 15, 3 * 3 * 35, 2 * 3 * 60, 5 * 10];
    expect(deadline - T0 - plan.verifyTimeoutMs).toBeGreaterThanOrEqual(
      (questions + reads + changes + givesBack) * 1_000,
    );
  });

  it('is told once more with what is true, also by the next run, under a key of its own', () => {
    const { life, deadline, written } = given();
    expect(written.at(-1)).toMatchObject({
      updates: { step: 'remediated-1' },
      remediation: { outcome: 'failed' },
    });
    const carried = JSON.parse(JSON.stringify(life.carry())) as unknown;
    const next = new AlertLife({ ...life.current(), carried }, deadline + 1);
    next.remediationEnds(result('verified'), deadline + 1);
    expect(next.pending()).toMatchObject([
      { updates: { step: 'remediated-2' }, remediation: { remediation_id: 'r-1', outcome: 'verified' } },
    ]);
    next.remediationEnds({ ...result('failed'), remediation_id: 'r-2' }, deadline + 2);
    expect(next.pending()).toHaveLength(1);
  });

  it('is not told to the next episode, which has its own', () => {
    const { life, deadline, resolved, firing, write, policy: now } = given();
    const minutes = (deadline - T0) / MINUTE;
    life.observe(resolved(minutes + 1), now, deadline + MINUTE);
    life.observe(firing(minutes + 2), now, deadline + 2 * MINUTE);
    write();
    life.remediationEnds(result('verified'), deadline + 3 * MINUTE);
    expect(life.pending()).toEqual([]);
    expect(life.wantsRemediation()).toBe(true);
  });
});

describe('continue-as-new', () => {
  it('hands everything over: the next run answers the same and keeps the deadlines', () => {
    const { life, at } = begin({ remediation: plan });
    life.remediationBegins(T0);
    life.acknowledge({ owner: 'ada', lease_seconds: 600 }, at(1));
    const carried = JSON.parse(JSON.stringify(life.carry())) as unknown;
    const next = new AlertLife({ ...life.current(), carried }, at(2));
    expect(next.status(at(2))).toEqual(life.status(at(2)));
    expect(next.nextDeadline()).toBe(life.nextDeadline());
    expect(next.pending()).toEqual(life.pending());
    expect(next.timeline()).toEqual(life.timeline());
    expect(next.why()).toEqual(life.why());
  });
});

it('a refused signal is told in the timeline with the accepted form', () => {
  const { life, at } = begin();
  life.refuseSignal('acknowledge', 'owner is 7, not a name', '{"owner": "name"}', at(1));
  expect(life.timeline().at(-1)).toMatchObject({
    kind: 'refused_signal',
    text: expect.stringContaining('Accepted: {"owner": "name"}'),
  });
});

describe('a workflow task that is cut off is decided again', () => {
  /** A life at `minute` that has been asked to do all of `steps`, in their order. */
  function lived(steps: readonly ((life: AlertLife) => void)[], historyLength: number): QueuedRecord[] {
    const life = new AlertLife({ transition: transition(), policy: policy() }, T0, () => historyLength);
    life.recorded(life.pending().length);
    for (const step of steps) step(life);
    return [...life.pending()];
  }
  const due = (life: AlertLife): void => life.tick(T0 + 15 * MINUTE);
  const ada = (life: AlertLife): void =>
    void life.silence({ owner: 'ada' }, T0 + 20 * MINUTE, T0 + 15 * MINUTE);

  it('what was written already is written under the same key, also behind what has come meanwhile', () => {
    const before = lived([due], 10);
    const again = lived([(life) => life.refuseSignal('x', 'no', 'y', T0 + 15 * MINUTE), due], 15);
    const escalated = (records: readonly QueuedRecord[]) =>
      records.flatMap(({ timeline }) => timeline).find(({ kind }) => kind === 'escalated')!.key;
    expect(escalated(again)).toBe(escalated(before));
    expect(again.at(-1)!.notifications).toEqual(before.at(-1)!.notifications);
  });

  it('what is decided later is written later', () => {
    const before = lived([due, due, ada], 10);
    const again = lived([ada], 15);
    expect(again[0]!.seq).toBeGreaterThan(before.at(-1)!.seq);
  });

  it('the first record of a life is 1, whenever it is made; the next run goes on above the last', () => {
    const life = new AlertLife({ transition: transition(), policy: policy() }, T0, () => 3);
    expect(life.pending()[0]!.seq).toBe(1);
    const next = new AlertLife({ ...life.current(), carried: life.carry() }, T0, () => 0);
    next.refuseSignal('x', 'no', 'y', T0);
    const seqs = next.pending().map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });
});

describe('what comes late', () => {
  it('the answer to an episode that has ended meanwhile does not touch the next one', () => {
    const { life, at, resolved, firing, policy: now } = begin();
    life.recorded(life.pending().length);
    life.observe(resolved(1), now, at(1));
    life.observe(firing(2), now, at(2));
    life.opened(T0, { closed: true, previousEndedAt: null }, [], T0);
    expect(life.status(at(2))).toMatchObject({ state: 'FIRING', episode: at(2) });
    expect(life.pending().map(({ episode }) => episode)).toEqual([at(2), at(2)]);
    expect(life.nextDeadline()).toBe(at(17));
  });

  it('a result that comes a second time is not taken for that of the next repair', () => {
    const { life, at, resolved, firing, policy: now } = begin({ escalation: null, remediation: plan });
    life.remediationBegins(T0);
    life.remediationEnds(result('verified'), at(1));
    life.observe(resolved(2), now, at(2));
    life.observe(firing(3), now, at(3));
    life.remediationBegins(at(3));
    life.remediationEnds(result('verified'), at(3));
    expect(life.status(at(3)).remediation).toMatchObject({ outcome: 'running' });
    life.remediationEnds({ ...result('failed'), remediation_id: 'r-2' }, at(4));
    expect(life.status(at(4)).remediation).toMatchObject({ outcome: 'failed' });
  });
});

it('a chain that a changed configuration took away ends without a word', () => {
  const { life, steps, at } = begin();
  life.observe(transition({ kind: 'changed', at: 1, startsAt: 0 }), policy({ escalation: null }), at(1));
  life.tick(at(15));
  expect(steps()).toEqual(['escalate-1>mail-1']);
  expect(life.nextDeadline()).toBeNull();
});

it('waits that leave the calendar are ten years', () => {
  const { life, at } = begin({ acknowledgeLeaseMs: 1e300, cooldownMs: 1e300 });
  life.acknowledge({ owner: 'ada' }, at(0));
  expect(life.status(at(0)).acknowledgement!.until).toBe('2035-12-30T00:00:00.000Z');
  expect(life.resolve({ owner: 'ada' }, at(0)).message).toContain('2035-12-30');
});

it('a timeline of thousands keeps its newest, with their texts cut', () => {
  const { life, at } = begin();
  for (let n = 0; n < 3_000; n++) life.refuseSignal(`signal-${n}`, 'x'.repeat(5_000), 'form', at(1));
  expect(life.timeline()).toHaveLength(100);
  expect(life.timeline().at(-1)!.text).toContain('signal-2999');
  life.recorded(life.pending().length);
  expect(JSON.stringify(life.carry()).length).toBeLessThan(200_000);
});
