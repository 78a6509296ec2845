/** Which alerts are alike, and which of them may be told together. */
import { isLimited, likeness, likenessKey, likenessText } from '../../../src/domain/fatigue';

test.each([
  ['critical', false],
  ['Critical', false],
  ['high', false],
  ['gold', false],
  [undefined, false],
  ['warning', true],
  ['medium', true],
  ['low', true],
  ['info', true],
])('of severity %s: limited %s', (severity, limited) => {
  expect(isLimited(severity === undefined ? {} : { severity })).toBe(limited);
});

test('alike are those with the same values of the labels, and what one lacks the others lack', () => {
  const by = ['alertname', 'team'];
  const key = (labels: Record<string, string>) => likenessKey(labels, by);
  expect(key({ alertname: 'A', team: 'x', host: '1' })).toBe(key({ alertname: 'A', team: 'x', host: '2' }));
  expect(key({ alertname: 'A' })).toBe(key({ alertname: 'A', team: '' }));
  expect(key({ alertname: 'A' })).not.toBe(key({ alertname: 'A', team: 'x' }));
  expect(key({ alertname: 'A', team: 'B' })).not.toBe(key({ alertname: 'B', team: 'A' }));
  expect(key({ alertname: 'A' })).not.toBe(likenessKey({ alertname: 'A' }, ['alertname']));
});

test('by its name alone it is called that', () => {
  expect(likenessText(likeness({ alertname: 'A', host: '1' }, ['alertname']))).toBe('A');
  expect(likenessText(likeness({ alertname: 'A', team: 'x' }, ['alertname', 'team']))).toBe(
    '{alertname="A", team="x"}',
  );
  expect(likenessText(likeness({}, ['alertname']))).toBe('{}');
});
