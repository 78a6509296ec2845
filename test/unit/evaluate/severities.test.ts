/** One rule with two thresholds is two alerts, of which the lower does not begin while the higher fires. */
import { createEvaluator, MINUTE, rule, sample } from './sketches';

const warning = (more = {}) => rule({ severity: 'warning', threshold: 70, inhibitedBy: 'critical', ...more });
const critical = (more = {}) => rule({ severity: 'critical', threshold: 90, ...more });

function told(rules = [critical(), warning()], points: readonly (readonly [number, number])[]): string[] {
  const evaluator = createEvaluator({ rules });
  return points
    .flatMap(([at, value]) => evaluator.offer(sample(at, value)).map((each) => ({ at, each })))
    .map(({ at, each }) => `${at} ${each.labels.severity} ${each.kind}`);
}

test('a value above both fires the higher alone', () => {
  expect(
    told(undefined, [
      [0, 95],
      [5, 95],
    ]),
  ).toEqual(['0 critical firing']);
});

test('the lower takes over with the sample that resolves the higher', () => {
  expect(
    told(undefined, [
      [0, 95],
      [5, 80],
      [9, 60],
    ]),
  ).toEqual(['0 critical firing', '5 critical resolved', '5 warning firing', '9 warning resolved']);
});

test('a lower that fires already goes on while the higher fires', () => {
  expect(
    told(undefined, [
      [0, 80],
      [5, 95],
      [9, 60],
    ]),
  ).toEqual(['0 warning firing', '5 critical firing', '9 critical resolved', '9 warning resolved']);
});

test('the lower fires while the higher is still pending', () => {
  const rules = [critical({ forMs: MINUTE }), warning()];
  expect(
    told(rules, [
      [0, 95],
      [60, 95],
    ]),
  ).toEqual(['0 warning firing', '60 critical firing']);
});

test('the time that the lower was held back counts towards its `for`', () => {
  const rules = [critical(), warning({ forMs: MINUTE })];
  expect(
    told(rules, [
      [0, 95],
      [59, 80],
      [60, 80],
    ]),
  ).toEqual(['0 critical firing', '59 critical resolved', '60 warning firing']);
});

test.each([
  ['another name', { name: 'Other' }],
  ['another instance', { matchers: 'instance_id="elsewhere"' }],
])('a rule of %s inhibits nothing', (_, more) => {
  expect(told([critical(more), warning()], [[0, 95]])).toContain('0 warning firing');
});
