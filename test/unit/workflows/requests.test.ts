import { checkAcknowledge, checkOwned, checkSilence, refuseSilence } from '../../../workflows/alert/requests';

it.each([
  [checkAcknowledge, { owner: 'ada' }, { owner: 'ada' }],
  [checkAcknowledge, { owner: 'ada', lease_seconds: '1h' }, { owner: 'ada', lease_seconds: 3_600 }],
  [
    checkSilence,
    { owner: 'ada', duration_seconds: 90, comment: 'deploy' },
    { owner: 'ada', duration_seconds: 90, comment: 'deploy' },
  ],
  [checkSilence, { owner: 'ada', until_resolved: true }, { owner: 'ada', until_resolved: true }],
  [checkOwned, { owner: 'ada', comment: 'fixed' }, { owner: 'ada', comment: 'fixed' }],
])('%p accepts %p', (check, raw, value) => {
  expect(check(raw)).toEqual({ ok: true, value });
});

it.each([
  [checkOwned, null, 'not an object'],
  [checkOwned, 'ada', 'not an object'],
  [checkOwned, ['ada'], 'not an object'],
  [checkOwned, { undecodable: 'Unexpected token' }, '"undecodable" is not a known field'],
  [checkOwned, {}, 'owner is undefined'],
  [checkOwned, { owner: '  ' }, 'not a name'],
  [checkOwned, { owner: 7 }, 'owner is 7'],
  [checkOwned, { owner: 'x'.repeat(2_000) }, 'not a name'],
  [checkOwned, { owner: 'ada', comment: 7 }, 'comment'],
  [checkAcknowledge, { owner: 'ada', lease_seconds: -1 }, 'lease_seconds is -1'],
  [checkAcknowledge, { owner: 'ada', lease_seconds: 'soon' }, 'lease_seconds'],
  [checkAcknowledge, { owner: 'ada', lease_seconds: 1e12 }, 'lease_seconds'],
  [checkSilence, { owner: 'ada' }, 'duration_seconds is undefined'],
  [checkSilence, { owner: 'ada', duration_seconds: 0 }, 'duration_seconds'],
  [checkSilence, { owner: 'ada', duration_seconds: NaN }, 'duration_seconds'],
  [checkSilence, { owner: 'ada', until_resolved: false }, 'until_resolved is false, not true'],
  [checkSilence, { owner: 'ada', until_resolved: true, duration_seconds: 60 }, 'both say when it ends'],
  [checkSilence, undefined, 'not an object'],
])('%p refuses %p and names it', (check, raw, words) => {
  const checked = check(raw);
  expect(checked.ok).toBe(false);
  expect((checked as { problem: string }).problem).toContain(words);
});

it('a silence until the alert is over is refused where it is', () => {
  const asked = { owner: 'ada', until_resolved: true };
  expect(refuseSilence(asked, false)).toBeNull();
  expect(refuseSilence(asked, true)).toContain('RESOLVED; say for how long');
  expect(refuseSilence({ owner: 'ada', duration_seconds: 60 }, true)).toBeNull();
  expect(refuseSilence(null, true)).toBeNull();
});
