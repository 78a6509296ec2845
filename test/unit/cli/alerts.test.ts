import { TocsinError } from '../../../src/domain/errors';
import { alertRow, NOW, run } from './fake-context';

const at = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();

const held = alertRow({
  fingerprint: '90ab000000000001',
  state: 'ACKNOWLEDGED',
  labels: { alertname: 'HostDiskFull', severity: 'warning', instance_id: 'app-host-01' },
  startsAt: at(-185),
  acknowledgement: { owner: 'bob', at: at(-3), until: at(27), comment: 'looking' },
});
const over = alertRow({
  fingerprint: '90ab000000000002',
  state: 'RESOLVED',
  endsAt: at(-1),
  startsAt: at(-30),
  resolvedBy: 'evaluator',
});
const rows = [alertRow(), held, over];

describe('alerts list', () => {
  it('shows the open ones, newest first, with who holds them', async () => {
    const { code, out } = await run(['alerts', 'list'], { rows: [held, alertRow(), over] });
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'ID        STATE         SEVERITY  ALERT                    RESOURCE     VALUE                   SINCE  HELD BY',
      '7c3f00aa  FIRING        critical  PostgresConnectionsHigh  prod-db-01   92.5% (fires at > 85%)  12m',
      '90ab0000  ACKNOWLEDGED  warning   HostDiskFull             app-host-01  92.5% (fires at > 85%)  3h 5m  bob, until in 27m',
    ]);
  });

  it('says when one recovers that still fires below its threshold', async () => {
    const { out } = await run(['alerts', 'list'], { rows: [alertRow({ value: 70 })] });
    expect(out).toContain(' 70% (fires at > 85%, recovers at <= 65%) ');
  });

  it("shows values in the rule's unit", async () => {
    const rule = { group: 'g', name: 'A', hash: '0', unit: 'sessions' };
    const { out } = await run(['alerts', 'list'], { rows: [alertRow({ rule })] });
    expect(out).toContain(' 92.5 sessions (fires at > 85 sessions) ');
    const shown = await run(['alerts', 'show', '7c3f'], { rows: [alertRow({ rule })] });
    expect(shown.out).toContain('= 92.5 sessions, fires at > 85 sessions, recovers at <= 65 sessions');
  });

  it.each([
    [['--state', 'RESOLVED'], ['90ab000000000002']],
    [
      ['--state', 'all'],
      ['7c3f00aa11bb22cc', '90ab000000000002', '90ab000000000001'],
    ],
    [['--severity', 'Warning'], ['90ab000000000001']],
    [['-m', 'instance_id=~"prod-.*"'], ['7c3f00aa11bb22cc']],
    [['-m', 'severity="critical"', '-m', 'instance_id="none"'], []],
    [['--limit', '1'], ['7c3f00aa11bb22cc']],
  ])('%j', async (args, expected) => {
    const { out } = await run(['alerts', 'list', '--json', ...args], { rows });
    expect((JSON.parse(out) as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint)).toEqual(
      expected,
    );
  });

  it('takes any severity, and tells the usual ones where there is no such alert', async () => {
    const page = alertRow({ labels: { alertname: 'A', severity: 'page' } });
    const found = await run(['alerts', 'list', '--severity', 'page'], { rows: [page] });
    expect(found.out).toMatch(/ page +A/);
    const none = await run(['alerts', 'list', '--severity', 'warnign'], { rows: [page] });
    expect(none.out).toContain('No open alerts. "warnign" is a severity only where a rule gives it;');
    expect(none.out).toContain('did you mean "warning"? usual ones: critical, high');
    expect(none.code).toBe(0);
  });

  it('shows what is silenced and for how long', async () => {
    const silences = [
      {
        ...{ id: 's1', startsAt: at(-1), endsAt: new Date(NOW + 44_000).toISOString() },
        ...{
          matchers: [{ name: 'service', op: '=' as const, value: 'orders' }],
          createdBy: 'bob',
          comment: '',
        },
      },
    ];
    const { out } = await run(['alerts', 'list'], { rows, silences });
    expect(out).toMatch(/^7c3f00aa {2}SILENCED .* 12m +silenced, 44s left$/m);
    expect(out).toMatch(/^90ab0000 {2}ACKNOWLEDGED .* bob, until in 27m$/m);
    const json = await run(['alerts', 'list', '--state', 'silenced', '--json'], { rows, silences });
    expect(JSON.parse(json.out)).toMatchObject([
      { fingerprint: '7c3f00aa11bb22cc', silenced_until: silences[0]!.endsAt },
    ]);
    const shown = await run(['alerts', 'show', '7c3f'], { rows, silences });
    expect(shown.out).toMatch(/^SILENCED {2}[^]*Silenced +until 2026-11-21 12:12:44Z, in 44s$/m);
  });

  it('gives programs snake_case and ISO times', async () => {
    const { out } = await run(['alerts', 'list', '--json'], { rows: [held] });
    expect(JSON.parse(out)).toMatchObject([
      {
        fingerprint: '90ab000000000001',
        alert_name: 'HostDiskFull',
        resource: 'app-host-01',
        fire_count: 1,
        starts_at: at(-185),
        acknowledgement: { owner: 'bob', until: at(27) },
      },
    ]);
  });

  it('says so when there are none, and programs get an empty list', async () => {
    expect((await run(['alerts', 'list'], { rows: [over] })).out).toBe('No open alerts.');
    expect((await run(['alerts', 'list', '--json'], { rows: [] })).out).toBe('[]');
  });

  it('fits a narrow terminal by wrapping, and cuts nothing elsewhere', async () => {
    const { out } = await run(['alerts', 'list'], { rows }, { width: 80 });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(out.replace(/\s/g, '')).not.toContain('…');
  });

  it('colours states only where colours are wanted, and never lets an alert write control characters', async () => {
    const evil = alertRow({ labels: { alertname: 'x\u001b[2Jy', severity: 'critical' } });
    expect((await run(['alerts', 'list'], { rows: [evil] })).out).not.toContain('\u001b');
    const coloured = (await run(['alerts', 'list'], { rows: [evil] }, { colour: true })).out;
    expect(coloured).toContain('\u001b[31mFIRING\u001b[0m');
    expect(coloured).not.toContain('\u001b[2J');
    const shown = (await run(['alerts', 'show', '7c'], { rows: [evil] }, { colour: true })).out;
    expect(shown).toContain('\u001b[31mFIRING\u001b[0m');
    expect(shown).not.toContain('\u001b[2J');
  });
});

describe('an action', () => {
  it.each([
    [
      ['ack', '7c3f', '--for', '1h30m', '--comment', 'mine'],
      'acknowledge',
      { owner: 'alice', comment: 'mine', lease_seconds: 5_400 },
    ],
    [['ack', '7C3F00AA11BB22CC', '--owner', 'carol'], 'acknowledge', { owner: 'carol' }],
    [['unack', '7c3f'], 'unacknowledge', { owner: 'alice' }],
    [['silence', '7c3f', '--for', '90'], 'silence', { owner: 'alice', duration_seconds: 90 }],
    [['silence', '7c3f', '--until-resolved'], 'silence', { owner: 'alice', until_resolved: true }],
    [['unsilence', '7c3f'], 'unsilence', { owner: 'alice' }],
    [['resolve', '7c3f', '--comment', 'done'], 'resolve', { owner: 'alice', comment: 'done' }],
    [['escalate', '7c3f'], 'escalate', { owner: 'alice' }],
  ])('%j', async (args, name, request) => {
    const { code, out, calls } = await run(['alerts', ...args], { rows });
    expect(calls).toEqual([[name, '7c3f00aa11bb22cc', request], ['close']]);
    expect(out).toBe('7c3f00aa  PostgresConnectionsHigh  ACKNOWLEDGED  held by alice');
    expect(code).toBe(0);
  });

  it('on several alerts goes on after a refusal, and ends with 1', async () => {
    const { code, out, err, calls } = await run(['alerts', 'ack', 'ffff', '7c3f'], { rows });
    expect(err).toBe(
      "tocsin alerts ack: no alert's fingerprint begins with ffff. List the alerts with `tocsin alerts list`.",
    );
    expect(out).toContain('ACKNOWLEDGED');
    expect(calls.map(([name]) => name)).toEqual(['acknowledge', 'close']);
    expect(code).toBe(1);
  });

  it("gives the life's own reason when it refuses", async () => {
    const refused = new TocsinError('TOC_ILLEGAL_MOVE', 'cannot acknowledge an alert that is RESOLVED');
    const { code, err } = await run(['alerts', 'ack', '7c3f'], { rows, answer: refused });
    expect(err).toBe(
      'tocsin alerts ack: cannot acknowledge an alert that is RESOLVED. Look at the alert with `tocsin alerts show` and choose an action that fits its state.',
    );
    expect(code).toBe(1);
    const json = await run(['alerts', 'ack', '7c3f', '--json'], { rows, answer: refused });
    expect(JSON.parse(json.out)).toEqual([
      {
        fingerprint: '7c3f00aa11bb22cc',
        answer: null,
        error: { code: 'TOC_ILLEGAL_MOVE', message: 'cannot acknowledge an alert that is RESOLVED' },
      },
    ]);
  });

  it('names the candidates of an ambiguous beginning', async () => {
    const { code, err } = await run(['alerts', 'resolve', '90ab'], { rows });
    expect(err).toContain(
      "several alerts' fingerprints begin with 90ab: 90ab000000000001 (HostDiskFull), 90ab000000000002",
    );
    expect(code).toBe(1);
  });
});

describe('wrong arguments', () => {
  it.each([
    [['alerts', 'ack', 'xyz'], '"xyz" is no fingerprint; give 1 to 16 hex digits'],
    [
      ['alerts', 'ack', '7c3f', '--for', 'soon'],
      '--for: "soon" is not accepted; give a duration such as 30s',
    ],
    [['alerts', 'ack', '7c3f', '--for', '0s'], 'more than 0'],
    [['alerts', 'silence', '7c3f'], '--for is missing'],
    [['alerts', 'silence', '7c3f', '--for', '1h', '--until-resolved'], 'give one of them'],
    [
      ['alerts', 'list', '--state', 'fireing'],
      '"fireing" is no state; did you mean "firing"? accepted: open, firing',
    ],
    [['alerts', 'list', '--limit', '-1'], '--limit: "-1" is not accepted'],
    [['alerts', 'list', '-m', 'a=~"["'], '--matcher: "[" is not a regular expression'],
    [['alerts', 'ack'], "missing required argument 'fingerprint'"],
    [['alerts', 'show'], "missing required argument 'fingerprint'"],
    [['alerts', 'list', '--jsn'], "unknown option '--jsn'"],
    [['alert'], "unknown command 'alert'"],
    [['start', 'evaluater'], '"evaluater" is no role; did you mean "evaluator"?'],
    [['rules', 'explain', 'x', '--config', 'examples/tocsin.yaml'], 'there is no rule "x"'],
    [['alerts', 'list', '--config', 'none.yaml'], 'none.yaml: does not exist'],
  ])('%j: exit 2 with the reason, and nothing is started', async (args, reason) => {
    const { code, err, out, calls } = await run(args, { rows });
    expect(err).toContain(reason);
    expect(err).toMatch(/^tocsin/);
    expect(out).toBe('');
    expect(code).toBe(2);
    expect(calls.filter(([name]) => name !== 'close')).toEqual([]);
  });

  it('asks for a name where neither the environment nor the account has one', async () => {
    const root = await run(['alerts', 'ack', '7c3f'], { rows }, { env: {}, accountName: () => 'root' });
    expect(root.calls[0]).toEqual(['acknowledge', '7c3f00aa11bb22cc', { owner: 'root' }]);
    const { code, err } = await run(['alerts', 'ack', '7c3f'], { rows }, { env: {} });
    expect(err).toContain('who are you? Give --owner NAME');
    expect(code).toBe(2);
  });
});

describe('servers that are away', () => {
  it('end the command with 1, the reason and what happens next', async () => {
    const away = new TocsinError(
      'TOC_DEPENDENCY_AWAY',
      'Postgres at postgres://app:pw@db does not answer: ECONNREFUSED',
    );
    const { code, err } = await run(
      ['alerts', 'list'],
      {},
      { wire: { openOperator: () => Promise.reject(away) } },
    );
    expect(err).toMatch(
      /^tocsin alerts list: Postgres at postgres:\/\/app:\*\*\*@db does not answer: ECONNREFUSED\. Start it \(`tocsin dev` starts all\), or say where/,
    );
    expect(code).toBe(1);
  });

  it('are closed also when a query fails', async () => {
    const { code, calls } = await run(['alerts', 'list'], {
      lists: { list: () => Promise.reject(new Error('boom')) },
    });
    expect(calls).toEqual([['close']]);
    expect(code).toBe(1);
  });
});
