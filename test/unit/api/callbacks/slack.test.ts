/** Clicks in Slack: signed within five minutes, answered at once, done once, and told how it went. */
import { SLACK_BUTTONS } from '../../../../src/domain/callback';
import { TocsinError } from '../../../../src/domain/errors';
import { episodeRef } from '../../../../src/domain/identity';
import { alert, FIRED, incident } from '../../notify/test-notification';
import { NOW, scene, sha256 } from './scene';

const PATH = '/callbacks/slack/slack';
const REF = episodeRef('0123456789abcdef', FIRED);

function click(action: string, change: object = {}, value = REF): string {
  const payload = {
    type: 'block_actions',
    user: { id: 'UBEN', username: 'ben.b', name: 'ben' },
    response_url: 'https://hooks.slack.com/actions/T/1/x',
    container: { type: 'message', message_ts: '1700000000.000100' },
    actions: [{ type: 'button', action_id: action, value }],
    ...change,
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

function signed(body: string, { key = 'slack-new', at = NOW } = {}) {
  const timestamp = String(Math.floor(at / 1_000));
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${sha256(key, `v0:${timestamp}:${body}`)}`,
  };
}

test.each([
  [SLACK_BUTTONS.acknowledge, 'acknowledge', {}, 'ephemeral'],
  [SLACK_BUTTONS.silence, 'silence', { duration_seconds: 3_600 }, 'in_channel'],
])('%s', async (button, action, more, where) => {
  const { post, settled, did, answers } = scene();
  const body = click(button);
  expect((await post(PATH, body, signed(body))).statusCode).toBe(200);
  await settled();
  expect(did).toEqual([
    { action, fingerprint: '0123456789abcdef', request: { owner: 'ben', comment: 'in Slack', ...more } },
  ]);
  expect(answers).toMatchObject([{ body: { response_type: where, replace_original: false } }]);
});

test('whoever is known by the id is so by the name', async () => {
  const { post, settled, did } = scene();
  const body = click(SLACK_BUTTONS.acknowledge, { user: { id: 'UANA', name: 'x' } });
  await post(PATH, body, signed(body));
  await settled();
  expect(did).toMatchObject([{ request: { owner: 'ana' } }]);
});

test('the answer does not wait for what is done', async () => {
  let release = (): void => undefined;
  const { post, settled, answers } = scene({
    acts: () =>
      new Promise((resolve) => {
        release = () => resolve({ outcome: 'done', text: 'taken' });
      }),
  });
  const body = click(SLACK_BUTTONS.acknowledge);
  expect((await post(PATH, body, signed(body))).statusCode).toBe(200);
  expect(answers).toEqual([]);
  release();
  await settled();
  expect(answers).toHaveLength(1);
});

describe('is refused, and does nothing', () => {
  const body = click(SLACK_BUTTONS.acknowledge);
  const good = signed(body);
  it.each<[string, string, object]>([
    ['without a signature', body, { ...good, 'x-slack-signature': '' }],
    ['without a time', body, { ...good, 'x-slack-request-timestamp': '' }],
    ['with a time that is none', body, { ...good, 'x-slack-request-timestamp': 'NaN' }],
    [
      'with a newer time than was signed',
      body,
      { ...good, 'x-slack-request-timestamp': `${NOW / 1_000 + 1}` },
    ],
    ['with the key of somebody else', body, signed(body, { key: 'guess' })],
    ['with another button', body.replace('acknowledge', 'silence'), good],
    ['played back after more than five minutes', body, signed(body, { at: NOW - 301_000 })],
    ['signed for later', body, signed(body, { at: NOW + 301_000 })],
  ])('%s', async (_what, payload, headers) => {
    const { post, settled, did } = scene();
    expect((await post(PATH, payload, headers as Record<string, string>)).statusCode).toBe(401);
    await settled();
    expect(did).toEqual([]);
  });
});

test.each(['slack-old', 'slack-new'])('the secret %s signs, up to five minutes later', async (key) => {
  const { post, settled, did } = scene();
  const body = click(SLACK_BUTTONS.acknowledge);
  await post(PATH, body, signed(body, { key, at: NOW - 299_000 }));
  await settled();
  expect(did).toHaveLength(1);
});

test('played back within the five minutes it changes nothing', async () => {
  const { post, settled, did, answers } = scene();
  const body = click(SLACK_BUTTONS.silence);
  for (let n = 0; n < 3; n++) {
    await post(PATH, body, signed(body));
    await settled();
  }
  expect([did.length, answers.length]).toEqual([1, 1]);
});

test.each<[string, string]>([
  ['another button', click('somebody_elses')],
  ['a button of no alert', click(SLACK_BUTTONS.acknowledge, {}, 'nothing')],
  ['another payload', new URLSearchParams({ payload: '{"type":"view_submission"}' }).toString()],
  ['no payload', 'ssl_check=1'],
  ['nonsense', '%'],
])('%s is taken and does nothing', async (_what, body) => {
  const { post, settled, did } = scene();
  expect((await post(PATH, body, signed(body))).statusCode).toBe(200);
  await settled();
  expect(did).toEqual([]);
});

test('what was refused or could not be done is told to who has clicked', async () => {
  const { post, settled, answers, state } = scene();
  const body = click(SLACK_BUTTONS.acknowledge);
  state.error = new TocsinError('TOC_ILLEGAL_MOVE', 'cannot acknowledge <it>');
  await post(PATH, body, signed(body));
  await settled();
  state.error = new TocsinError('TOC_DEPENDENCY_AWAY', 'away');
  await post(PATH, body, signed(body, { at: NOW + 1_000 }));
  await settled();
  expect(answers.map(({ body: said }) => (said as { text: string }).text)).toEqual([
    'HighConnections on pg-main: cannot acknowledge &lt;it&gt;',
    'It could not be done now. Try again in a moment.',
  ]);
});

interface Clicking {
  readonly action?: string;
  readonly of?: string;
  readonly times?: number;
  /** The alert that cannot be told. */
  readonly fails?: string;
}

describe('on an incident', () => {
  const INCIDENT = incident();
  const { alerts: members, count, openCount, ...head } = INCIDENT;
  const incidents = [{ ...head, alerts: count, openAlerts: openCount }];
  const rows = members.map(({ fingerprint, labels, state }) => alert({ fingerprint, labels, state }));
  const value = `INC-7:${FIRED}`;
  const clicked = async (
    world: NonNullable<Parameters<typeof scene>[0]>,
    { action = SLACK_BUTTONS.acknowledge, of = value, times = 1, fails = '' }: Clicking = {},
  ) => {
    const { post, settled, did, answers, state } = scene(world);
    if (fails !== '') {
      state.error = new TocsinError('TOC_DEPENDENCY_AWAY', 'away');
      state.failing = fails;
    }
    const body = click(action, {}, of);
    for (let n = 0; n < times; n++) {
      expect((await post(PATH, body, signed(body))).statusCode).toBe(200);
      await settled();
    }
    const texts = answers.map(({ body: said }) => (said as { text: string }).text);
    return { did: did.map((one) => [one.action, one.fingerprint]), owners: did, texts };
  };

  it('one click takes all of its open alerts, for who has clicked, and is done once', async () => {
    const { did, owners, texts } = await clicked({ incidents, members: [...members], rows }, { times: 3 });
    expect(did).toEqual(members.map(({ fingerprint }) => ['acknowledge', fingerprint]));
    expect(owners[0]).toMatchObject({ request: { owner: 'ben', comment: 'in Slack' } });
    expect(texts).toEqual(['INC-7 shop by ben: 2 of 2 alerts taken']);
  });

  it('what somebody else has taken stays his, and what is over is left', async () => {
    const [first, second] = members as [(typeof members)[number], (typeof members)[number]];
    const held = [{ ...first, state: 'ACKNOWLEDGED' as const, takenBy: 'ana' }, second];
    expect((await clicked({ incidents, members: held, rows })).did).toEqual([
      ['acknowledge', second.fingerprint],
    ]);
    const all = held.map((one) => ({ ...one, state: 'ACKNOWLEDGED' as const }));
    const { did, texts } = await clicked({ incidents, members: all, rows });
    expect([did, texts]).toEqual([[], ['all open alerts of INC-7 shop are taken already']]);
    const silenced = await clicked({ incidents, members: all, rows }, { action: SLACK_BUTTONS.silence });
    expect(silenced.did.map(([action]) => action)).toEqual(['silence', 'silence']);
  });

  it('one that cannot be told keeps the other from nothing', async () => {
    const [first, second] = members as [(typeof members)[number], (typeof members)[number]];
    const { did, texts } = await clicked(
      { incidents, members: [...members], rows },
      { fails: first.fingerprint },
    );
    expect(did).toEqual([['acknowledge', second.fingerprint]]);
    expect(texts).toEqual([
      'INC-7 shop by ben: 1 of 2 alerts taken; 1 could not be told now: try again in a moment',
    ]);
  });

  it.each([
    ['one that is over', [{ ...incidents[0]!, state: 'resolved' as const }], value, 'is over already'],
    ['one of another time', incidents, `INC-7:${FIRED + 1}`, 'there is no incident INC-7 of that time'],
    ['none', [], value, 'there is no incident INC-7'],
  ])('%s is left', async (_what, known, of, text) => {
    const { did, texts } = await clicked({ incidents: known, members: [...members], rows }, { of });
    expect(did).toEqual([]);
    expect(texts).toEqual([expect.stringContaining(text)]);
  });
});
