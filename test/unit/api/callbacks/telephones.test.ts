/** Keys that were pressed during a call, and texts: of whom the telephone is, and of nobody else. */
import { isSignedByTwilio } from '../../../../src/api/callbacks/signatures';
import { TocsinError } from '../../../../src/domain/errors';
import { episodeRef } from '../../../../src/domain/identity';
import type { ToldAlert } from '../../../../src/history/port';
import { markupFits } from '../../../servers/vendors/telephones';
import { alert, FIRED } from '../../notify/test-notification';
import { EXTERNAL, PHONE, scene, secret, twilioSignature } from './scene';

const VOICE = `/callbacks/twilio/ana-sms/voice/${episodeRef('0123456789abcdef', FIRED)}`;
const SMS = '/callbacks/twilio/ana-sms/sms';
const OTHER = 'fedcba9876543210';

type Fields = Record<string, string>;
const key = (change: Fields = {}): Fields => ({
  CallSid: 'CA1',
  To: PHONE,
  From: '+1500',
  Digits: '1',
  ...change,
});
const textOf = (body: string, change: Fields = {}): Fields => ({
  ...{ MessageSid: 'SM1', From: PHONE, To: '+1500', Body: body },
  ...change,
});
const told = (fingerprint: string, state: ToldAlert['state'] = 'FIRING'): ToldAlert => ({
  ...{ fingerprint, episode: FIRED, state, onCallPerson: null },
  labels: { alertname: fingerprint === OTHER ? 'Disk' : 'HighConnections' },
});

async function call(at: ReturnType<typeof scene>, path: string, fields: Fields, signature?: string) {
  const response = await at.post(path, new URLSearchParams(fields).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    'x-twilio-signature': signature ?? twilioSignature('token', `${EXTERNAL}${path}`, fields),
  });
  return { status: response.statusCode, body: response.body };
}

test('signatures are as in the example of the service’s own guide', () => {
  const fields = new URLSearchParams({
    ...{ CallSid: 'CA1234567890ABCDE', Caller: '+14158675310', Digits: '1234' },
    ...{ From: '+14158675310', To: '+18005551212' },
  });
  const url = 'https://mycompany.com/myapp.php?foo=1&bar=2';
  expect(isSignedByTwilio('GvWf1cFY/Q7PnoempGyD5oXAezc=', url, fields, [secret('12345')])).toBe(true);
  expect(isSignedByTwilio('GvWf1cFY/Q7PnoempGyD5oXAezc=', `${url}&x`, fields, [secret('12345')])).toBe(false);
});

test('a key takes the alert, and the call says so', async () => {
  const at = scene();
  const { status, body } = await call(at, VOICE, key());
  expect(status).toBe(200);
  expect(body).toContain('ana did acknowledge');
  expect(markupFits(body)).toBe(true);
  expect(at.did).toMatchObject([
    { action: 'acknowledge', request: { owner: 'ana', comment: 'by telephone' } },
  ]);
});

test('while a token is replaced the next one signs too', async () => {
  const at = scene();
  const fields = key();
  await call(at, VOICE, fields, twilioSignature('next-token', `${EXTERNAL}${VOICE}`, fields));
  expect(at.did).toHaveLength(1);
});

describe('a key is refused, and does nothing', () => {
  const fields = key();
  const good = twilioSignature('token', `${EXTERNAL}${VOICE}`, fields);
  it.each<[string, string, Fields, string]>([
    ['without a signature', VOICE, fields, ''],
    [
      'with the token of somebody else',
      VOICE,
      fields,
      twilioSignature('guess', `${EXTERNAL}${VOICE}`, fields),
    ],
    ['for another alert', VOICE.replace('0123', '0124'), fields, good],
    ['with another key', VOICE, key({ Digits: '2' }), good],
    ['with one more field', VOICE, key({ Extra: '1' }), good],
    ['for another address', VOICE, fields, twilioSignature('token', `http://other${VOICE}`, fields)],
  ])('%s', async (_what, path, given, signature) => {
    const at = scene();
    expect((await call(at, path, given, signature)).status).toBe(401);
    expect(at.did).toEqual([]);
  });

  it('where nobody has said under which address we are called', async () => {
    const at = scene({ externalUrl: null });
    expect((await call(at, VOICE, fields)).status).toBe(401);
  });
});

test('a key during a call to somebody else, or no key, does nothing', async () => {
  const at = scene();
  await call(at, VOICE, key({ To: '+4915199999999' }));
  expect((await call(at, VOICE, key({ Digits: '' }))).body).toContain('stays open');
  expect(at.did).toEqual([]);
});

test('the same key again changes nothing', async () => {
  const at = scene();
  for (let n = 0; n < 3; n++) await call(at, VOICE, key());
  expect(at.did).toHaveLength(1);
});

test('a call is told when it cannot be done now', async () => {
  const at = scene();
  at.state.error = new TocsinError('TOC_DEPENDENCY_AWAY', 'away');
  expect((await call(at, VOICE, key())).body).toContain('could not be done now');
});

test.each(['ACK', ' ack ', 'Acknowledge!', 'ack 0123', 'ACK 01234567'])(
  'the text %j takes the alert',
  async (body) => {
    const at = scene({ told: [told('0123456789abcdef')] });
    expect((await call(at, SMS, textOf(body))).body).toContain(
      '<Message>HighConnections on pg-main: ana did',
    );
    expect(at.did).toMatchObject([
      { action: 'acknowledge', request: { owner: 'ana', comment: 'by text message' } },
    ]);
  },
);

test('of several alerts ACK takes the last that was told, and says how to take the next', async () => {
  const rows = [alert(), alert({ fingerprint: OTHER })];
  const at = scene({ rows, told: [told(OTHER), told('0123456789abcdef')] });
  const { body } = await call(at, SMS, textOf('ACK'));
  expect(at.did.map(({ fingerprint }) => fingerprint)).toEqual([OTHER]);
  expect(body).toContain('Also open: 1; ACK 01234567 takes HighConnections');
});

test('what somebody has taken is not taken from him', async () => {
  const at = scene({ told: [told('0123456789abcdef', 'ACKNOWLEDGED')] });
  expect((await call(at, SMS, textOf('ACK'))).body).toContain('Somebody has taken it already');
  expect(at.did).toEqual([]);
});

test.each<[string, Fields]>([
  ['another word', textOf('I am asleep, ack')],
  ['more than a word', textOf('ACK everything now')],
  ['somebody else’s telephone', textOf('ACK', { From: '+4915199999999' })],
  ['a text without an id', textOf('ACK', { MessageSid: '' })],
])('%s is not answered', async (_what, fields) => {
  const at = scene({ told: [told('0123456789abcdef')] });
  const { status, body } = await call(at, SMS, fields);
  expect([status, body.includes('<Message>'), at.did]).toEqual([200, false, []]);
});

test('the same text again changes nothing and is not answered again', async () => {
  const at = scene({ told: [told('0123456789abcdef')] });
  await call(at, SMS, textOf('ACK'));
  const { body } = await call(at, SMS, textOf('ACK'));
  expect([at.did.length, body.includes('<Message>')]).toEqual([1, false]);
});
