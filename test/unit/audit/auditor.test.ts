/** What the auditor takes for a find, what it does about it, and whom it tells. */
import { createAuditor, type AuditorDeps } from '../../../src/audit/auditor';
import type { FindCounts, LifeRun } from '../../../src/audit/port';
import type { LifeAudit, ResumedLife } from '../../../src/domain/life';
import type { Transition } from '../../../src/domain/transition';
import type { AlertRow } from '../../../src/history/port';
import { silentLogger } from '../../../src/observe/observe';
import { MINUTE, policy, T0, transition } from '../../builders/alerts';

const NOW = T0 + 60 * MINUTE;
const iso = (ms: number): string => new Date(ms).toISOString();
const { signal } = new AbortController();
const REQUEST = { after: null, patienceMs: 0 };

function rowOf(host: string, more: Partial<AlertRow> = {}): AlertRow {
  const {
    fingerprint,
    labels,
    annotations,
    correlation_id: correlationId,
  } = transition({ labels: { host } });
  return {
    ...{ fingerprint, labels, annotations, correlationId, state: 'FIRING', episode: T0, fireCount: 1 },
    ...{
      startsAt: iso(T0),
      endsAt: null,
      value: 1,
      threshold: 1,
      eventTime: T0,
      rule: null,
      condition: null,
    },
    ...{ cooldownMs: null, runbook: null, recent: [], acknowledgement: null, resolvedBy: null },
    ...{ quietUntil: null, expiresAt: null, timedOut: false, generatorUrl: '' },
    ...more,
  };
}

/** A system in memory; what a test is about is changed by it. */
function system(rows: AlertRow[] = []) {
  const runs = new Map<string, LifeRun>();
  const lives = new Map<string, LifeAudit | Error>();
  const known = new Map<string, ResumedLife>();
  const state = { reached: true, onSettle: () => undefined as void, groups: 0, messages: 0, mended: 0 };
  const done: string[] = [];
  const asked: string[] = [];
  const published: Transition[] = [];
  const deps: AuditorDeps = {
    instance: 'blue',
    rows: {
      open: async () => rows.filter((row) => row.state !== 'RESOLVED'),
      named: async (which) => rows.filter((row) => which.includes(row.fingerprint)),
      resumable: async () => known,
      overdue: async () => ({ groups: state.groups, messages: state.messages }),
    },
    lives: {
      async runOf(fingerprint) {
        asked.push(fingerprint);
        return runs.get(fingerprint) ?? null;
      },
      running: async () => ({ fingerprints: [...lives.keys()], next: null }),
      async ask(fingerprint) {
        const life = lives.get(fingerprint) ?? null;
        if (life instanceof Error) throw life;
        return life;
      },
      async begin({ labels }, resumed) {
        done.push(`begin ${labels.host}${resumed === null ? '' : ' resumed'}`);
        return true;
      },
      tell: async ({ labels, state: is }) => void done.push(`tell ${labels.host} ${is}`),
    },
    progress: {
      end: async () => new Map(),
      async reached() {
        state.onSettle();
        return state.reached;
      },
    },
    publish: async (transitions) => void published.push(...transitions),
    escalationOf: () => policy().escalation,
    mendGroups: async () => state.mended,
    lateMs: 30_000,
    overdueMs: { group: 30_000, message: 120_000 },
    now: () => NOW,
    log: silentLogger(),
    onFind: (kind, many) => void (many > 0 && done.push(`${kind} ${many}`)),
    onAudited: () => void done.push('audited'),
  };
  const live = (row: AlertRow, life: Partial<LifeAudit> | Error = {}): void => {
    runs.set(row.fingerprint, { runId: 'r', isRunning: true });
    const says = { state: 'FIRING' as const, episode: row.episode, nextLevelAt: null };
    const told = transition({ labels: { host: row.labels.host! } });
    lives.set(row.fingerprint, life instanceof Error ? life : { ...says, transition: told, ...life });
  };
  return { auditor: createAuditor(deps), rows, runs, lives, known, state, asked, done, published, live };
}

describe('an open alert', () => {
  it('whose workflow runs is no find', async () => {
    const { auditor, rows, live, done } = system([rowOf('a')]);
    live(rows[0]!);
    expect(await auditor.alerts(REQUEST, signal)).toEqual({ finds: {}, settled: true, next: null });
    expect(done).toEqual([]);
  });

  it.each([
    ['is gone', null],
    ['has ended', { runId: 'r', isRunning: false }],
  ])('whose workflow %s gets another', async (_, run) => {
    const { auditor, rows, runs, done } = system([rowOf('a')]);
    if (run !== null) runs.set(rows[0]!.fingerprint, run);
    expect((await auditor.alerts(REQUEST, signal)).finds).toEqual({ life_missing: 1 });
    expect(done).toEqual(['begin a']);
  });

  it('of whose life something is known goes on there', async () => {
    const { auditor, rows, known, done } = system([rowOf('a')]);
    known.set(rows[0]!.fingerprint, { counts: {} } as ResumedLife);
    await auditor.alerts(REQUEST, signal);
    expect(done).toEqual(['begin a resumed']);
  });

  it('is no find while readers are behind', async () => {
    const { auditor, state, done } = system([rowOf('a')]);
    state.reached = false;
    expect(await auditor.alerts(REQUEST, signal)).toEqual({ finds: {}, settled: false, next: null });
    expect(done).toEqual([]);
  });

  it('is not asked for where readers are known to be behind and its life has written nothing', async () => {
    const { auditor, rows, known, live, asked, done } = system([rowOf('waits'), rowOf('lives')]);
    known.set(rows[1]!.fingerprint, { counts: {}, steppedAt: iso(T0) } as ResumedLife);
    live(rows[1]!, { nextLevelAt: T0 + MINUTE });
    const part = await auditor.alerts({ ...REQUEST, behind: true }, signal);
    expect(part).toEqual({ finds: { escalation_overdue: 1 }, settled: false, next: null });
    expect(asked).toEqual([rows[1]!.fingerprint]);
    expect(done).toEqual(['tell lives FIRING']);
  });

  it.each<[string, (it: ReturnType<typeof system>) => void]>([
    ['its life has begun', ({ rows, live }) => live(rows[0]!)],
    ['it has ended', ({ rows }) => void (rows[0] = rowOf('a', { state: 'RESOLVED' }))],
    ['another episode has begun', ({ rows }) => void (rows[0] = rowOf('a', { episode: T0 + 1 }))],
    [
      'another run has come and gone',
      ({ rows, runs }) => void runs.set(rows[0]!.fingerprint, { runId: 'other', isRunning: false }),
    ],
  ])('is no find when %s by the second look', async (_, change) => {
    const scene = system([rowOf('a')]);
    scene.state.onSettle = () => change(scene);
    expect((await scene.auditor.alerts(REQUEST, signal)).finds).toEqual({});
    expect(scene.done).toEqual([]);
  });
});

describe('an escalation', () => {
  const late = (told: number, steppedAt: number) => ({
    ...{ state: 'FIRING' as const, episodes: 1, seq: 1, counts: { escalated: told } },
    ...{ acknowledgement: null, remediation: null, steppedAt: iso(steppedAt) },
  });

  it.each([
    ['whose life is past its step is a find, and the life is told', NOW - 40_000, 1, ['tell a FIRING']],
    ['that is late by less is none', NOW - 20_000, 0, []],
    ['whose clock stands, silenced for one, is none', null, 0, []],
  ])('%s', async (_, nextLevelAt, finds, told) => {
    const { auditor, rows, known, live, done } = system([rowOf('a')]);
    live(rows[0]!, { nextLevelAt });
    known.set(rows[0]!.fingerprint, late(1, T0));
    expect((await auditor.alerts(REQUEST, signal)).finds.escalation_overdue ?? 0).toBe(finds);
    expect(done).toEqual(told);
  });

  it.each([
    ['not even late by the rows', 1, NOW - 10 * MINUTE, 0],
    ['late by so little that workers may only be busy', 1, NOW - 17 * MINUTE, 0],
    ['late for long', 1, T0, 1],
    ['at the end of its chain', 3, T0, 0],
  ])('of a life that does not answer: %s', async (_, told, steppedAt, finds) => {
    const { auditor, rows, known, live } = system([rowOf('a')]);
    live(rows[0]!, new Error('no worker'));
    known.set(rows[0]!.fingerprint, late(told, steppedAt));
    expect((await auditor.alerts(REQUEST, signal)).finds.escalation_overdue ?? 0).toBe(finds);
  });
});

describe('a running life', () => {
  it('whose alert has no row tells it again, in its episode, as no news for lives', async () => {
    const { auditor, live, published } = system();
    live(rowOf('a', { episode: T0 + 5 }));
    expect((await auditor.lives(REQUEST, signal)).finds).toEqual({ row_missing: 1 });
    expect(published).toMatchObject([{ kind: 'firing', starts_at: iso(T0 + 5), told_again: true }]);
  });

  it('of a sender to the API: the sender gets time to tell it again', async () => {
    const { auditor, live, published } = system();
    const told = transition({ more: { source: 'api', expires_at: iso(T0), timed_out: false } });
    live(rowOf('a'), { transition: told });
    await auditor.lives(REQUEST, signal);
    expect(published).toMatchObject([{ expires_at: iso(NOW + 5 * MINUTE), timed_out: true }]);
  });

  it.each<[string, Partial<AlertRow>, Partial<LifeAudit>, FindCounts]>([
    ['is over by its row hears so', { state: 'RESOLVED' }, {}, { life_stale: 1 }],
    ['is over by its own word too is none', { state: 'RESOLVED' }, { state: 'RESOLVED' }, {}],
    ['is ahead of its row is none', { state: 'RESOLVED', episode: T0 - 1 }, { episode: T0 }, {}],
    ['is open on both sides is none', {}, {}, {}],
  ])('whose alert %s', async (_, row, life, finds) => {
    const { auditor, rows, live, done } = system([rowOf('a', row)]);
    live(rows[0]!, life);
    expect((await auditor.lives(REQUEST, signal)).finds).toEqual(finds);
    expect(done).toEqual(finds.life_stale ? ['tell a RESOLVED'] : []);
  });

  it('is no find while readers are behind', async () => {
    const { auditor, state, live, published } = system();
    live(rowOf('a'));
    state.reached = false;
    expect(await auditor.lives(REQUEST, signal)).toEqual({ finds: {}, settled: false, next: null });
    expect(published).toEqual([]);
  });
});

describe('people', () => {
  it('are told of each kind once, again as no news, and of its end when nothing is found any more', async () => {
    const { auditor, rows, published, done } = system();
    await auditor.conclude({ finds: { life_missing: 20, group_overdue: 1 }, settled: true });
    expect(published.map(({ kind, labels, value }) => `${kind} ${labels.find} ${value}`)).toEqual([
      'firing life_missing 20',
      'firing group_overdue 1',
    ]);
    expect(published[0]!.labels).toMatchObject({ alertname: 'TocsinAudit', tocsin_instance: 'blue' });
    expect(done).toEqual(['life_missing 20', 'group_overdue 1', 'audited']);
    const [first] = published.splice(0);
    const { fingerprint, labels } = first!;
    rows.push(rowOf('-', { fingerprint, labels, episode: NOW, eventTime: NOW }));
    await auditor.conclude({ finds: { life_missing: 2 }, settled: true });
    await auditor.conclude({ finds: {}, settled: false });
    await auditor.conclude({ finds: {}, settled: true });
    expect(published).toMatchObject([
      { fingerprint, kind: 'firing', told_again: true, starts_at: iso(NOW), value: 2 },
      { fingerprint, kind: 'resolved' },
    ]);
  });

  it('whoever waits outside hears nothing of an audit that could not see all', async () => {
    const { auditor, done } = system();
    await auditor.conclude({ finds: {}, settled: false });
    expect(done).toEqual([]);
  });

  it('queues: what was mended and what is overdue', async () => {
    const { auditor, state } = system();
    Object.assign(state, { mended: 5, groups: 1, messages: 2 });
    expect((await auditor.queues()).finds).toEqual({
      group_missing: 5,
      group_overdue: 1,
      message_overdue: 2,
    });
  });
});
