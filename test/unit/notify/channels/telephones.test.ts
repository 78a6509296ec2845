/** Texts and calls within the rules of Twilio's API. */
import { createSmsChannel, createVoiceChannel, smsText } from '../../../../src/notify/channels/twilio';
import type { Channel } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { twilio } from '../../../servers/vendors/telephones';
import { alert, outgoing } from '../test-notification';

let catcher: HttpCatcher;
const open: Channel[] = [];
beforeEach(async () => {
  catcher = await startHttpCatcher();
  catcher.answerAlways(twilio);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((channel) => channel.close()));
  await catcher.close();
});

const account = (more: object = {}) => ({
  ...{ url: catcher.url, accountSid: 'ACS3cr3t', authToken: { reveal: () => 'S3cr3tToken' } },
  ...{ from: '+15005550006', to: '+4915112345678' },
  ...more,
});
const sms = (more: object = {}): Channel => kept(createSmsChannel(account(more), true));
const voice = (keysTo: string | null): Channel =>
  kept(createVoiceChannel({ ...account(), language: 'en-GB', keysTo }));
const kept = (channel: Channel): Channel => (open.push(channel), channel);
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const field = (name: string): string => new URLSearchParams(catcher.requests[0]!.body).get(name) ?? '';

test('a text says what and where, and how to take it', async () => {
  expect(await sms().send(outgoing(), signal())).toMatchObject({ kind: 'delivered' });
  expect(field('Body')).toBe(
    '[CRITICAL] HighConnections on pg-main: 97.1235% > 90% Reply ACK 01234567 to take it.',
  );
});

test('a text is short, whatever the alert is called, and asks for no answer when it is over', () => {
  const long = alert({ labels: { alertname: 'A'.repeat(5_000) } });
  const text = smsText(outgoing('fire', { alert: long }), true);
  expect(text.length).toBeLessThanOrEqual(300);
  expect(text).toContain('Reply ACK 01234567');
  const over = outgoing('resolved', { alert: alert({ state: 'RESOLVED' }) });
  expect(smsText(over, true)).not.toContain('ACK');
  expect(smsText(outgoing(), false)).not.toContain('ACK');
});

test('a messaging service sends instead of a number', async () => {
  await sms({ from: 'MG123' }).send(outgoing(), signal());
  expect([field('MessagingServiceSid'), field('From')]).toEqual(['MG123', '']);
});

test('a call asks for a key, and says where it is told', async () => {
  const keysTo = 'https://tocsin.example.com/callbacks/twilio/ana-call/voice';
  expect(await voice(keysTo).send(outgoing(), signal())).toMatchObject({ kind: 'delivered' });
  const markup = field('Twiml');
  expect(markup).toMatch(
    /<Gather numDigits="1" [^>]*action="https:\/\/tocsin[^"]*\/voice\/0123456789abcdef:\d+">/,
  );
  expect(markup).toContain('Press 1');
});

test('a call that nobody listens to only tells', async () => {
  await voice(null).send(outgoing(), signal());
  expect(field('Twiml')).not.toContain('Gather');
});

test('what an alert is called is said, and is no markup', async () => {
  const hostile = alert({
    labels: { alertname: `</Say><Redirect>http://evil</Redirect>&"'\u0000`, instance_id: 'x'.repeat(9_000) },
  });
  expect(await voice('https://t/x').send(outgoing('fire', { alert: hostile }), signal())).toMatchObject({
    kind: 'delivered',
  });
  expect(field('Twiml')).not.toContain('<Redirect>');
});

test('a wrong number is refused, a wrong login tried again; neither shows the token', async () => {
  const wrongNumber = await sms({ to: '123' }).send(outgoing(), signal());
  const wrongLogin = await sms({ authToken: { reveal: () => 'S3cr3tOther' } }).send(outgoing(), signal());
  expect([wrongNumber.kind, wrongLogin.kind]).toEqual(['refused', 'retry']);
  expect(JSON.stringify([wrongNumber, wrongLogin])).not.toMatch(/S3cr3t(Token|Other)/);
});

test('an attempt after another says that there may be two', async () => {
  expect(await sms().send(outgoing('fire', {}, { attempts: 2 }), signal())).toMatchObject({
    detail: expect.stringContaining('attempt 3: an earlier one may have arrived too') as string,
  });
});
