/** What a drill sends, when it is done again, and of whom an alert is raised. */
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import type { AlertRow, DrillKey, DrillResult, DrillStep, DrillStore } from '../../../src/history/port';
import { loadConfig } from '../../../src/config/load';
import { createDrills } from '../../../src/notify/drills';
import type { NoticeWay } from '../../../src/notify/notices';
import type { Delivery } from '../../../src/notify/port';
import { othersOf, pageOf } from '../../../src/dispatch/policy';
import { ownWay } from '../../../workers/notice-ways';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';

const AT = Date.parse('2026-12-01T10:00:00Z');
const { signal } = new AbortController();
const OF = { drill: 'monthly', receiver: 'oncall', at: AT };

function storeInMemory(): DrillStore & { readonly rows: Map<string, DrillKey & DrillStep> } {
  const rows = new Map<string, DrillKey & DrillStep>();
  const nameOf = ({ drill, receiver, at, way }: DrillKey): string => [drill, receiver, at, way].join();
  return {
    rows,
    step: async (key) => rows.get(nameOf(key)) ?? null,
    record: async (key, step) => void rows.set(nameOf(key), { ...key, ...step }),
    latest: async () =>
      [...rows.values()].map((row): DrillResult => ({ ...row, finishedAt: new Date(row.at).toISOString() })),
    async forget(drill, receiver) {
      for (const [name, row] of rows) if (row.drill === drill && row.receiver === receiver) rows.delete(name);
    },
  };
}

function system(ways: Partial<Record<string, readonly NoticeWay[]>>, rows: Partial<AlertRow>[] = []) {
  const published: Transition[] = [];
  const store = storeInMemory();
  const drills = createDrills({
    ...{ instance: 'blue', store, now: () => AT + 60_000, toldOf: () => ['other'] },
    rows: { named: async (which) => (rows as AlertRow[]).filter((row) => which.includes(row.fingerprint)) },
    waysOf: (receiver) => ways[receiver] ?? [],
    publish: async (transitions) => void published.push(...transitions),
  });
  return { drills, store, published };
}

interface Calls extends NoticeWay {
  readonly calls: string[];
}

function way(
  name: string,
  answers: { begin?: Delivery[]; end?: Delivery[]; tellsEnd?: boolean } = {},
): Calls {
  const calls: string[] = [];
  const delivered: Delivery = { kind: 'delivered', detail: 'ok', memory: { ts: '7' } };
  return {
    ...{
      receiver: 'oncall',
      kind: 'webhook',
      name,
      timeoutMs: 1_000,
      tellsEnd: answers.tellsEnd ?? true,
      calls,
    },
    async begin(_, attempts) {
      calls.push(`begin ${attempts}`);
      return answers.begin?.shift() ?? delivered;
    },
    async end(_, memory, attempts) {
      calls.push(`end ${attempts} ${memory['ts']}`);
      return answers.end?.shift() ?? delivered;
    },
    close: async () => void calls.push('closed'),
  };
}

const AWAY: Delivery = { kind: 'retry', error: 'HTTP 503', retryAfterMs: null };
const REFUSED: Delivery = { kind: 'refused', error: 'HTTP 401' };

describe('a receiver', () => {
  it('is told once, however often the same drill is asked for', async () => {
    const hook = way('hook');
    const { drills } = system({ oncall: [hook] });
    const first = await drills.drill(OF, 0, signal);
    expect(first).toEqual({
      receiver: 'oncall',
      delivered: true,
      retryable: false,
      detail: 'ok; its end too',
    });
    expect(await drills.drill(OF, 1, signal)).toEqual(first);
    expect(hook.calls).toEqual(['begin 0', 'end 0 7', 'closed', 'closed']);
    await drills.drill({ ...OF, at: AT + 1 }, 0, signal);
    expect(hook.calls).toHaveLength(7);
  });

  it('that was told, and not of the end, is told of the end only', async () => {
    const hook = way('hook', { end: [AWAY] });
    const { drills } = system({ oncall: [hook] });
    expect(await drills.drill(OF, 0, signal)).toMatchObject({
      ...{
        delivered: false,
        retryable: true,
        detail: 'it was told of the drill, and not of its end: HTTP 503',
      },
    });
    expect(await drills.drill(OF, 1, signal)).toMatchObject({ delivered: true });
    expect(hook.calls).toEqual(['begin 0', 'end 0 7', 'closed', 'end 1 7', 'closed']);
  });

  it('with several ways is reached when all of them are, and only what failed is done again', async () => {
    const [mail, chat] = [way('email/0', { tellsEnd: false }), way('slack/1', { begin: [AWAY] })];
    const { drills } = system({ oncall: [mail, chat] });
    expect(await drills.drill(OF, 0, signal)).toMatchObject({
      delivered: false,
      detail: 'slack/1: HTTP 503',
    });
    expect(await drills.drill(OF, 1, signal)).toMatchObject({ delivered: true });
    expect(mail.calls).toEqual(['begin 0', 'closed', 'closed']);
    expect(chat.calls).toEqual(['begin 0', 'closed', 'begin 1', 'end 1 7', 'closed']);
  });

  it('that refuses for good is not tried again, and one without a way is not reached', async () => {
    const { drills } = system({ oncall: [way('hook', { begin: [REFUSED] })] });
    expect(await drills.drill(OF, 0, signal)).toMatchObject({ delivered: false, retryable: false });
    expect(await drills.drill({ ...OF, receiver: 'gone' }, 0, signal)).toMatchObject({
      ...{ delivered: false, retryable: false, detail: 'it has no way to tell anybody' },
    });
  });

  it('that hangs is given up after its time, while others have been told', async () => {
    const hangs: NoticeWay = {
      ...way('hangs'),
      timeoutMs: 20,
      begin: (_, __, until) =>
        new Promise((_resolve, reject) =>
          until.addEventListener('abort', () => reject(until.reason as Error)),
        ),
    };
    const { drills } = system({ oncall: [hangs, way('hook')] });
    const outcome = await drills.drill(OF, 0, signal);
    expect(outcome).toMatchObject({ delivered: false, retryable: true });
    expect(outcome.detail).toMatch(/^hangs: /);
  });
});

describe('who was not reached', () => {
  const failed = { receiver: 'oncall', delivered: false, retryable: false, detail: 'HTTP 401' };
  const labels = {
    ...{ alertname: 'TocsinDrillFailed', drill: 'monthly', receiver: 'oncall', severity: 'warning' },
    tocsin_instance: 'blue',
  };
  const open = { fingerprint: fingerprint(labels), state: 'FIRING' as const, episode: AT, eventTime: AT };

  it('is an alert, told to others', async () => {
    const { drills, published } = system({});
    await drills.conclude('monthly', [failed, { ...failed, receiver: 'mail', delivered: true }], AT);
    expect(published).toMatchObject([
      {
        ...{ kind: 'firing', source: 'drill', labels, receivers: ['other'] },
        annotations: { summary: expect.stringContaining('did not reach oncall'), description: 'HTTP 401' },
      },
    ]);
    await drills.conclude('monthly', [failed], AT);
    expect(published[1]!.transition_id).toBe(published[0]!.transition_id);
  });

  it('stays the same alert, until a drill reaches it', async () => {
    const { drills, published } = system({}, [open]);
    await drills.conclude('monthly', [failed], AT + 1_000);
    await drills.conclude('monthly', [{ ...failed, delivered: true }], AT + 2_000);
    const startsAt = new Date(AT).toISOString();
    expect(published).toMatchObject([
      { kind: 'firing', starts_at: startsAt, told_again: true },
      { kind: 'resolved', starts_at: startsAt, ends_at: new Date(AT + 2_000).toISOString() },
    ]);
  });

  it('is no alert any more when nobody drills it', async () => {
    const { drills, published, store } = system({ oncall: [way('hook', { begin: [REFUSED] })] }, [open]);
    await drills.drill(OF, 0, signal);
    await drills.forgetOthers([{ drill: 'monthly', receivers: ['oncall'] }]);
    expect(published).toEqual([]);
    await drills.forgetOthers([{ drill: 'monthly', receivers: ['mail'] }]);
    expect(published).toMatchObject([{ kind: 'resolved', labels }]);
    expect(store.rows.size).toBe(0);
  });
});

describe('whom it tells of', () => {
  const config = (route: string) =>
    loadConfig(
      {
        text: `
receivers:
  - { name: hook, type: webhook, url: 'http://h/1' }
  - { name: chat, type: webhook, url: 'http://h/2' }
  - { name: mail, type: webhook, url: 'http://h/3' }
route: { receivers: ${route} }`,
        path: null,
      },
      {},
    );
  it.each([
    ['[hook, chat]', 'hook', ['chat']],
    ['[hook, chat]', 'mail', []],
    ['[hook]', 'hook', ['chat', 'mail']],
    ['[hook]', 'alertmanager/team', []],
  ])('with a route to %s, of %s: %j', (route, failed, told) => {
    const { page, pages, pageBySeverity } = config(route);
    const others = othersOf(pageOf(page, pages, pageBySeverity), pages);
    expect(others(failed, { severity: 'warning' })).toEqual(told);
  });
});

describe('what is sent', () => {
  let catcher: HttpCatcher;
  beforeEach(async () => (catcher = await startHttpCatcher()));
  afterEach(() => catcher.close());

  function ways(text: string): NoticeWay[] {
    const config = loadConfig(
      {
        text: `notify: { networks: { allow: [127.0.0.0/8] } }
http: { callbacks: { listen: 127.0.0.1:9465, external_url: https://tocsin.example.com } }
receivers: [${text}]`,
        path: null,
      },
      {},
    );
    return config.receivers.map((receiver) => ownWay(receiver, config));
  }

  it('opens an incident of its own at PagerDuty and closes it, although the receiver wants no ends', async () => {
    const { drills } = system({
      oncall: ways(
        `{ name: oncall, type: pagerduty, routing_key: k, url: '${catcher.url}/pd', send_resolved: false }`,
      ),
    });
    catcher.answerAlways({ status: 202 });
    expect(await drills.drill(OF, 0, signal)).toMatchObject({ delivered: true });
    const events = catcher.requests.map(({ json }) => json as Record<string, unknown>);
    expect(events.map(({ event_action: action }) => action)).toEqual(['trigger', 'resolve']);
    expect(events[0]!.dedup_key).toBe(events[1]!.dedup_key);
    expect(events[0]!.dedup_key).toMatch(/^tocsin::[0-9a-f]{16}:1796119200000$/);
    expect(JSON.stringify(events[0])).toContain('This is a drill');
  });

  it('rings once, says that it is a drill, and offers no key', async () => {
    const account = `account_sid: AC1, auth_token: t, from: '+15005550006', to: '+4915112345678', api_url: '${catcher.url}'`;
    const { drills } = system({ oncall: ways(`{ name: oncall, type: voice, ${account} }`) });
    catcher.answerAlways({ status: 201, body: { sid: 'CA1' } });
    expect(await drills.drill(OF, 0, signal)).toMatchObject({ delivered: true });
    expect(catcher.requests).toHaveLength(1);
    const said = new URLSearchParams(catcher.requests[0]!.body).get('Twiml')!;
    expect(said).toContain('This is a drill: nothing is wrong, and nobody has to do anything');
    expect(said).not.toContain('Gather');
  });

  it('has the same ids whenever and by whomever it is sent', async () => {
    const hook = `{ name: oncall, type: webhook, url: '${catcher.url}/hook' }`;
    for (let process = 1; process <= 2; process++)
      await system({ oncall: ways(hook) }).drills.drill(OF, 0, signal);
    const ids = catcher.requests.map(({ json }) => (json as { message_id: string }).message_id);
    expect(ids).toHaveLength(4);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
    expect(new Set(ids).size).toBe(2);
  });
});
