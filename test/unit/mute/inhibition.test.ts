/** Which alert inhibits which, against the plainest way of saying it, and without going through all of them. */
import fc from 'fast-check';
import { compileAlertmanagerMatchers } from '../../../src/domain/alertmanager-matchers';
import { fingerprint, type Labels } from '../../../src/domain/labels';
import { createInhibitionIndex, type InhibitingAlert } from '../../../src/mute/inhibition';
import type { InhibitionRule } from '../../../src/mute/port';
import { busyMs } from '../../harness/busy-ms';

const is = (name: string, value: string) => ({ name, op: '=' as const, value });
const alert = (labels: Labels, endsAt?: number): InhibitingAlert => ({
  fingerprint: fingerprint(labels),
  labels,
  ...(endsAt !== undefined && { endsAt }),
});

const RULE: InhibitionRule = {
  source: [is('severity', 'critical')],
  target: [is('severity', 'warning')],
  equal: ['cluster', 'zone'],
};

test('a source inhibits targets with the same values', () => {
  const index = createInhibitionIndex([RULE]);
  const source = alert({ severity: 'critical', cluster: 'a' });
  index.add(source);
  expect(index.inhibitedBy({ severity: 'warning', cluster: 'a' }, 0)).toEqual([source.fingerprint]);
  // Absent is empty.
  expect(index.inhibitedBy({ severity: 'warning', cluster: 'a', zone: '' }, 0)).toEqual([source.fingerprint]);
  expect(index.inhibitedBy({ severity: 'warning', cluster: 'a', zone: '1' }, 0)).toEqual([]);
  expect(index.inhibitedBy({ severity: 'warning' }, 0)).toEqual([]);
  expect(index.inhibitedBy({ severity: 'info', cluster: 'a' }, 0)).toEqual([]);
  index.remove(source.fingerprint);
  expect(index.inhibitedBy({ severity: 'warning', cluster: 'a' }, 0)).toEqual([]);
});

test('one that is over inhibits nobody, until it fires again', () => {
  const index = createInhibitionIndex([RULE]);
  const labels = { severity: 'critical' };
  index.add(alert(labels, 1_000));
  expect(index.inhibitedBy({ severity: 'warning' }, 999)).toHaveLength(1);
  expect(index.inhibitedBy({ severity: 'warning' }, 1_000)).toEqual([]);
  index.add(alert(labels, 3_000));
  expect(index.inhibitedBy({ severity: 'warning' }, 2_000)).toHaveLength(1);
});

test('those that are both source and target do not inhibit each other, but are inhibited by others', () => {
  const rule = { source: [{ name: 'a', op: '!=' as const, value: '' }], target: [is('b', '1')], equal: [] };
  const index = createInhibitionIndex([rule]);
  const both = { a: '1', b: '1' };
  index.add(alert(both));
  index.add(alert({ ...both, a: '2' }));
  expect(index.inhibitedBy(both, 0)).toEqual([]);
  expect(index.inhibitedBy({ b: '1' }, 0)).toHaveLength(1);
  index.add(alert({ a: '3' }));
  expect(index.inhibitedBy(both, 0)).toEqual([fingerprint({ a: '3' })]);
});

test.each([
  ['a:b', 'c', 'a', 'b:c'],
  ['a1:b', 'c', 'a', 'b1:c'],
  ['', 'a', 'a', ''],
])('values that run into each other are kept apart: %j, %j and %j, %j', (cluster, zone, another, next) => {
  const index = createInhibitionIndex([RULE]);
  index.add(alert({ severity: 'critical', cluster, zone }));
  expect(index.inhibitedBy({ severity: 'warning', cluster, zone }, 0)).toHaveLength(1);
  expect(index.inhibitedBy({ severity: 'warning', cluster: another, zone: next }, 0)).toEqual([]);
});

/** Whoever may inhibit it by the first rule by which anybody does. */
function naive(
  rules: readonly InhibitionRule[],
  alerts: readonly InhibitingAlert[],
  labels: Labels,
  at: number,
) {
  const value = (of: Labels, name: string): string => of[name] ?? '';
  for (const { source, target, equal } of rules) {
    const [isSource, isTarget] = [source, target].map(compileAlertmanagerMatchers);
    if (!isTarget!(labels)) continue;
    const found = alerts.filter(
      (each) =>
        isSource!(each.labels) &&
        at < (each.endsAt ?? Infinity) &&
        equal.every((name) => value(each.labels, name) === value(labels, name)) &&
        !(isSource!(labels) && isTarget!(each.labels)),
    );
    if (found.length > 0) return found.map((each) => each.fingerprint);
  }
  return [];
}

const name = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('', '1', '2');
const labels = fc.dictionary(name, fc.constantFrom('1', '2'), { minKeys: 1 });
const matcher = fc.record({ name, op: fc.constantFrom('=', '!=', '=~', '!~'), value });
const rule = fc.record({
  source: fc.array(matcher, { minLength: 1, maxLength: 2 }),
  target: fc.array(matcher, { minLength: 1, maxLength: 2 }),
  equal: fc.uniqueArray(name, { maxLength: 2 }),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: labels, endsAt: fc.constantFrom(undefined, 5, 15) }) },
  fc.record({ remove: labels }),
);

test('says the same as the plainest way, whatever came and went', () => {
  fc.assert(
    fc.property(
      fc.array(rule as fc.Arbitrary<InhibitionRule>, { minLength: 1, maxLength: 4 }),
      fc.array(step, { maxLength: 15 }),
      labels,
      (rules, steps, asked) => {
        const index = createInhibitionIndex(rules);
        const alerts = new Map<string, InhibitingAlert>();
        for (const each of steps) {
          if ('add' in each) {
            const added = alert(each.add, each.endsAt);
            index.add(added);
            alerts.set(added.fingerprint, added);
          } else {
            index.remove(fingerprint(each.remove));
            alerts.delete(fingerprint(each.remove));
          }
        }
        const expected = naive(rules, [...alerts.values()], asked, 10);
        const [found, ...more] = index.inhibitedBy(asked, 10);
        expect(more).toEqual([]);
        if (found === undefined) expect(expected).toEqual([]);
        else expect(expected).toContain(found);
      },
    ),
    { numRuns: 500 },
  );
});

test('50,000 alerts and 20 rules are taken in and asked within seconds', () => {
  const rules = Array.from({ length: 20 }, (_, i): InhibitionRule => ({
    ...RULE,
    source: [is('rule', `${i}`)],
  }));
  const index = createInhibitionIndex(rules);
  const begun = busyMs();
  for (let i = 0; i < 50_000; i++) index.add(alert({ rule: `${i % 20}`, cluster: `c${i}`, n: `${i}` }));
  for (let i = 0; i < 50_000; i++) index.inhibitedBy({ severity: 'warning', cluster: `c${i}` }, 0);
  expect(busyMs() - begun).toBeLessThan(5_000);
});
