/** Names and comments end up in rows, mails and terminals: what is no text is not taken. */
import { checkAcknowledge, checkOwned, checkSilence } from '../../../workflows/alert/requests';

test.each([
  [checkOwned, { owner: 'ada\u0000' }],
  [checkOwned, { owner: 'ada\nroot' }],
  [checkOwned, { owner: 'ada', comment: 'fixed\u0000' }],
  [checkAcknowledge, { owner: '\u001b[31mada' }],
  [checkSilence, { owner: 'ada', duration_seconds: 60, comment: '\u0007' }],
])('%p refuses %j', (check, raw) => {
  expect(check(raw)).toEqual({ ok: false, problem: 'owner or comment holds control characters' });
});

test('a comment may have several lines', () => {
  expect(checkOwned({ owner: 'ada', comment: 'one\r\n\ttwo' })).toMatchObject({ ok: true });
});
