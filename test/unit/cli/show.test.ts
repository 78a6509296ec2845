import type { LifeStatus } from '../../../src/domain/life';
import type { AlertLists, NotificationRecord } from '../../../src/history/port';
import { fromNow, span } from '../../../src/cli/show';
import { alertRow, NOW, run } from './fake-context';

const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
const row = alertRow({
  fireCount: 3,
  acknowledgement: { owner: 'bob', at: at(-60), until: at(480), comment: 'looking' },
  state: 'ACKNOWLEDGED',
});

const status: LifeStatus = {
  fingerprint: row.fingerprint,
  state: 'FIRING',
  episode: row.episode,
  episodes: 1,
  labels: row.labels,
  startsAt: row.startsAt,
  value: 92.5,
  acknowledgement: null,
  silencedUntil: null,
  escalation: { policy: 'default', told: 1, nextAt: at(190) },
  remediation: null,
  artifacts: [],
};

const event = (seconds: number, kind: string, actor: string, text: string) => ({
  key: `${seconds}`,
  at: at(seconds),
  kind,
  actor,
  text,
  details: {},
  episode: row.episode,
});
const notification = (change: Partial<NotificationRecord>): NotificationRecord => ({
  messageId: 'm',
  receiver: 'hook',
  fingerprint: row.fingerprint,
  episode: row.episode,
  step: 'fire',
  dueAt: new Date(NOW),
  state: 'sent',
  attempts: 1,
  sentAt: at(-718),
  via: 'hook',
  detail: '200 OK',
  ...change,
});

const lists: Partial<AlertLists> = {
  timeline: async () => [
    event(-720, 'fired', 'evaluator', '92.5 > 85'),
    event(-60, 'acknowledged', 'bob', 'looking'),
  ],
  notifications: async () => [
    notification({}),
    notification({
      receiver: 'notification-service',
      state: 'pending',
      sentAt: null,
      via: null,
      attempts: 4,
      detail: '503',
      dueAt: new Date(NOW + 20_000),
    }),
  ],
  remediations: async () => [
    {
      remediation_id: 'r1',
      runbook: 'terminate-idle-sessions',
      target: 'prod-db-01',
      outcome: 'not_verified',
      reason: 'the metric is still at 92',
      attempted: true,
      dry_run: false,
      steps: [],
      checks: [],
      residual_risk: 'medium',
      started_at: at(-700),
      ended_at: at(-600),
    },
  ],
  artifacts: async () => [
    {
      provider: 'recent_window',
      type: 'metrics',
      status: 'ok',
      title: '60 points',
      data: [],
      url: null,
      error: null,
      collected_at: at(-719),
      duration_ms: 12,
    },
    {
      provider: 'postgres_sessions',
      type: 'snapshot',
      status: 'late',
      title: 'top sessions',
      data: null,
      url: null,
      error: 'no answer within 5 s',
      collected_at: at(-714),
      duration_ms: 5_000,
    },
  ],
};
const show = (...args: string[]) => ['alerts', 'show', '7c3f', '--config', 'examples/tocsin.yaml', ...args];

describe('alerts show', () => {
  it('tells the whole story of a held alert', async () => {
    const { code, out } = await run(show(), { rows: [row], status, lists });
    expect(code).toBe(0);
    expect(out).toBe(`ACKNOWLEDGED  PostgresConnectionsHigh  critical
  Id           7c3f00aa11bb22cc  (fired 3 times)
  Since        2026-11-21 12:00:00Z, 12m ago
  Value        connections_used_percent = 92.5%, fires at > 85%, recovers at <= 65%
  Where        prod-db-01 (postgresql, production, us-east-1), service orders
  Summary      The server is running out of connections
  Held by      bob, until 2026-11-21 12:20:00Z, in 8m: looking
  Escalation   default: 1 of 3 told, last on_call_dba; next senior_dba in 3m 10s (2026-11-21 12:15:10Z)
  Remediation  terminate-idle-sessions: not verified, 10m ago: the metric is still at 92; residual risk medium
  Runbook      https://wiki.example.com/c
  Correlation  c-1

Evidence
  PROVIDER           STATUS  FOUND
  recent_window      ok      60 points
  postgres_sessions  late    top sessions: no answer within 5 s

Timeline
  WHEN     TIME      WHAT          WHO        DETAILS
  12m ago  12:00:00  fired         evaluator  92.5 > 85
  1m ago   12:11:00  acknowledged  bob        looking

Notifications
  RECEIVER              STEP  STATE    VIA   TRIES  WHEN         DETAILS
  hook                  fire  sent     hook  1      11m 58s ago  200 OK
  notification-service  fire  pending        4      due in 20s   503

Episode 3 of this alert; \`tocsin alerts show 7c3f00aa11bb22cc --all\` shows the earlier ones too.`);
  });

  it('says what waits while it is held, and what a silence hides', async () => {
    const waiting = { ...status, escalation: { policy: 'default', told: 0, nextAt: null } };
    expect((await run(show(), { rows: [row], status: waiting, lists })).out).toContain(
      'default: nobody told yet; waits while it is held',
    );
    const silenced: LifeStatus = {
      ...status,
      state: 'SILENCED',
      silencedUntil: at(3_600),
      escalation: { policy: 'default', told: 3, nextAt: null },
    };
    const { out } = await run(show(), { rows: [alertRow()], status: silenced, lists });
    expect(out).toMatch(/^SILENCED {2}PostgresConnectionsHigh/);
    expect(out).toContain('Silenced     until 2026-11-21 13:12:00Z, in 1h');
    expect(out).toContain('default: 3 of 3 told, last engineering_manager; waits while it is silenced');
    expect(out).toContain('Held by      nobody');
  });

  it('is told from the rows alone when the life does not answer', async () => {
    const { code, out } = await run(show(), {
      rows: [row],
      status: new Error('Temporal at 127.0.0.1:7233 does not answer'),
      lists,
    });
    expect(code).toBe(0);
    expect(out).toContain(
      "the alert's life did not answer (Temporal at 127.0.0.1:7233 does not answer); the next escalation is not shown",
    );
    expect(out).toContain('Held by      bob');
  });

  it('shows of the evidence who holds what, who waits for whom, and what a dry run would have ended', async () => {
    const session = (pid: number, change: object) => ({
      pid,
      user: 'app',
      database: 'orders',
      application: 'shop',
      state: 'idle in transaction',
      query: 'update orders\n  set total = 1',
      transaction_seconds: 29.8,
      ...change,
    });
    const found = (provider: string, data: unknown) => ({
      ...{ provider, type: 'snapshot', status: 'ok' as const, title: 'found', data, url: null, error: null },
      ...{ collected_at: at(-719), duration_ms: 12 },
    });
    const waiter = session(9, { state: 'active', waiting_seconds: 4.2, blocks: [] });
    const artifacts = async () => [
      found('postgres_sessions', { sessions: [7, 8, 9, 10].map((pid) => session(pid, { query: '' })) }),
      found('postgres_blockers', { blockers: [session(7, { blocks: [waiter] })] }),
    ];
    const step = {
      ...{ name: 'act', phase: 'act' as const, status: 'DRY_RUN' as const },
      ...{ started_at: at(-700), ended_at: at(-700), output: 'would run "terminate idle sessions"' },
      details: {
        statement: 'terminate idle sessions',
        values: [15_000, ['idle in transaction'], [7, 8], ['t']],
      },
    };
    const [last] = await lists.remediations!('', 0);
    const remediations = async () => [
      { ...last!, dry_run: true, outcome: 'dry_run' as const, steps: [step] },
    ];
    const { out } = await run(show(), { rows: [row], status, lists: { ...lists, artifacts, remediations } });
    expect(out).toContain(`
  Sessions
    pid 7, app@orders (shop): idle in transaction for 29.8 s
    pid 8, app@orders (shop): idle in transaction for 29.8 s
    pid 9, app@orders (shop): idle in transaction for 29.8 s
  Blocking
    pid 7, app@orders (shop): blocks for 29.8 s: update orders set total = 1
      pid 9, app@orders (shop): waits for 4.2 s: update orders set total = 1
  A dry run
    terminate-idle-sessions would run "terminate idle sessions" for 7, 8
`);
  });

  it('says what holds it open beside its condition, while it is open', async () => {
    const annotations = {
      keep_firing_for: 'recovered at 12:00, goes on firing until 12:10',
      flapping: 'yes',
    };
    const open = await run(show(), { rows: [{ ...row, annotations }], status, lists });
    expect(open.out).toContain(
      '  Held open    keep_firing_for: recovered at 12:00, goes on firing until 12:10; flapping: yes\n',
    );
    const over = await run(show(), { rows: [{ ...row, annotations, state: 'RESOLVED' }], status, lists });
    expect(over.out).not.toContain('Held open');
  });

  it('says when and by whom it was resolved', async () => {
    const over = alertRow({ state: 'RESOLVED', endsAt: at(-60), resolvedBy: 'evaluator' });
    const { out } = await run(show(), { rows: [over] });
    expect(out).toContain('Ended        2026-11-21 12:11:00Z, 1m ago, after 11m, by evaluator');
    expect(out).not.toContain('Held by');
    expect(out).toContain('Remediation  none');
    expect(out).toContain('Notifications\n  nobody was told');
  });

  it('lists what groups have told of it, or are about to', async () => {
    const group = { groupKey: '{}:{alertname="Down"}', attempts: 1, error: null };
    const delivery = { ...group, outcome: 'sent' as const, reason: 'first notification' };
    const told = { ...delivery, integration: 'team/webhook/0', at: new Date(NOW - 60_000) };
    const message = { ...group, integration: 'team/email/0', firing: [], resolved: [], toldAt: null, seq: 1 };
    const pending = { reason: 'repeat interval', firing: [row.fingerprint], resolved: [] };
    const records = {
      deliveries: [
        { ...told, said: 'firing' as const },
        { ...told, said: 'firing' as const, via: 'mail/email/0', error: '503' },
        { ...told, said: 'resolved' as const, outcome: 'refused' as const, error: '400' },
      ],
      messages: [{ ...message, attempts: 2, error: '503', pending, dueAt: new Date(NOW + 20_000) }],
    };
    const { out } = await run(show(), { rows: [row], records });
    expect(out).toContain(`
Notifications
  RECEIVER  STEP      STATE    VIA           TRIES  WHEN        DETAILS
  team      fire      sent     webhook/0     1      1m ago      first notification
  team      fire      sent     mail/email/0  1      1m ago      first notification; instead of team/webhook/0: 503
  team      resolved  dead     webhook/0     1                  first notification: 400
  team      fire      pending  email/0       2      due in 20s  repeat interval: 503
`);
    const json = JSON.parse((await run(show('--json'), { rows: [row], records })).out);
    expect(json.group_notifications).toMatchObject([
      { group_key: group.groupKey, receiver: 'team', via: 'webhook/0', state: 'sent', sent_at: at(-60) },
      { receiver: 'team', via: 'mail/email/0', state: 'sent', reason: 'first notification' },
      { state: 'dead', reason: 'first notification' },
      { state: 'pending', due_at: at(20) },
    ]);
  });

  it('asks for one episode or all', async () => {
    const asked: unknown[] = [];
    const timeline: AlertLists['timeline'] = async (_fingerprint, episode) => {
      asked.push(episode);
      return [];
    };
    await run(show(), { rows: [row], lists: { timeline } });
    const { out } = await run(show('--all'), { rows: [row], lists: { timeline } });
    expect(out).not.toContain('--all');
    expect(asked).toEqual([row.episode, undefined]);
  });

  it('gives programs everything', async () => {
    const { out } = await run(show('--json'), { rows: [row], status, lists });
    expect(JSON.parse(out)).toMatchObject({
      fingerprint: row.fingerprint,
      life: { starts_at: row.startsAt, silenced_until: null, escalation: { told: 1, next_at: at(190) } },
      life_error: null,
      timeline: [{ kind: 'fired' }, { kind: 'acknowledged' }],
      notifications: [
        { receiver: 'hook', state: 'sent' },
        { state: 'pending', due_at: at(20) },
      ],
      remediations: [{ outcome: 'not_verified' }],
      artifacts: [{ status: 'ok' }, { status: 'late' }],
    });
  });
});

describe('times', () => {
  it.each([
    [0, 'now'],
    [-999, 'now'],
    [-1_000, '1s ago'],
    [45_000, 'in 45s'],
    [-61_000, '1m 1s ago'],
    [3_600_000, 'in 1h'],
    [-11_100_000, '3h 5m ago'],
    [-187_200_000, '2d 4h ago'],
  ])('%d ms is %s', (ms, text) => {
    expect(fromNow(NOW, NOW + ms)).toBe(text);
  });

  it('of less than a second are 0s', () => expect(span(999)).toBe('0s'));
});
