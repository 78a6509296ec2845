/** What is kept of a question is told in a moment, whatever is asked and however many rules there are. */
import { NO_EXTENSIONS, type RuleGroup } from '../../../src/domain/rule-group';
import { coverageOf } from '../../../src/evaluate/coverage';
import type { Matcher } from '../../../src/domain/matchers';
import { busyMs } from '../../harness/busy-ms';

const HOSTS = Array.from({ length: 30 }, (_, i) => `prod-db-${i}[.]example[.]com`).join('|');

function rules(count: number): RuleGroup {
  return {
    ...{ file: null, name: 'g', intervalMs: null, queryOffsetMs: null, limit: 0 },
    rules: Array.from({ length: count }, (_, i) => ({
      ...{ kind: 'alert' as const, name: `A${i}`, expr: `m${i}{host=~"${HOSTS}|h${i}"} > 1` },
      ...{ forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {}, ...NO_EXTENSIONS },
    })),
  };
}

it('though regular expressions of many rules are held against many values', () => {
  const coverage = coverageOf({ local: [rules(200)], global: [] }, 15_000);
  const name: Matcher = { name: '__name__', op: '=', value: 'm199' };
  expect(coverage([name, { name: 'host', op: '=', value: 'h199' }]).partitionsMs).not.toBeNull();
  const many = Array.from({ length: 99 }, (_, i): Matcher => ({
    name: 'host',
    op: '=',
    value: `h${i}`.padEnd(80, 'x'),
  }));
  const began = busyMs();
  expect(coverage([name, ...many]).partitionsMs).toBeNull();
  expect(coverage(many).partitionsMs).toBeNull();
  expect(busyMs() - began).toBeLessThan(5_000);
});
