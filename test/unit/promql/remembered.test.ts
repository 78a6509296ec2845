/**
 * An expression remembers what follows from label sets. Whatever series come and go in between, it must yield what one that
 * has seen nothing before yields.
 */
import fc from 'fast-check';
import { compileMatchers, type Matcher } from '../../../src/domain/matchers';
import { EvaluationError } from '../../../src/promql/errors';
import { LabelSet } from '../../../src/promql/label-set';
import { parseExpr } from '../../../src/promql/parse';
import { Preparer, type Prepared } from '../../../src/promql/prepare';
import { Samples } from '../../../src/promql/samples';
import type { Selection, SeriesSource, StoredSeries } from '../../../src/promql/source';

/** Series that come and go. */
class ChangingSource implements SeriesSource {
  private all: readonly StoredSeries[] = [];

  put(labels: LabelSet, time: number, value: number | 'stale'): void {
    let series = this.all.find((each) => each.labels.key === labels.key);
    if (series === undefined) this.all = [...this.all, (series = { labels, samples: new Samples() })];
    series.samples.add(time, value === 'stale' ? NaN : value, value === 'stale');
  }

  remove(labels: LabelSet): void {
    this.all = this.all.filter((each) => each.labels.key !== labels.key);
  }

  select(matchers: readonly Matcher[]): Selection {
    const matches = compileMatchers(matchers);
    return { series: () => this.all.filter(({ labels }) => matches(labels.toLabels())) };
  }
}

const EXPRESSIONS = [
  'm',
  'm + 1',
  '-m > bool 2',
  'abs(m)',
  'm * on (a) group_left (b) n',
  'm == ignoring (b) group_right () n',
  'm / n',
  'm and on (a) n',
  'm or n',
  'm unless ignoring (b) n',
  'sum by (a) (m)',
  'avg without (a) (m) or max(n)',
  'topk by (a) (1, m)',
  'count_values("b", m)',
  'limit_ratio(0.5, m)',
  'label_replace(m, "b", "$1", "a", "(.*)")',
  'label_join({__name__=~"m|n"}, "a", "-", "a", "b")',
  'sort_by_label(m, "b", "a")',
  'rate({__name__=~"m|n"}[4m])',
  'last_over_time(m[3m])',
  'max_over_time((m + n)[3m:1m])',
  'histogram_quantile(0.5, label_replace(m, "le", "$1", "b", "(.*)"))',
  'absent(m{a="1"})',
  'absent_over_time(n{a="2"}[2m])',
  'timestamp(m) - timestamp(n)',
  'scalar(m) + sum(m)',
  'sum by (a) (m) + on (a) group_right () max by (a, b) (m)',
];

const labels = fc
  .record({
    __name__: fc.constantFrom('m', 'n'),
    a: fc.constantFrom('1', '2', ''),
    b: fc.constantFrom('1', '2', '+Inf', ''),
  })
  .map((each) => LabelSet.of(each));
const value = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(NaN, Infinity, 'stale' as const));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: labels, value }) },
  { weight: 1, arbitrary: fc.record({ remove: labels }) },
  { weight: 2, arbitrary: fc.constant('evaluate' as const) },
);

function outcomeOf(prepared: Prepared, time: number): unknown {
  try {
    const result = prepared.evaluate({ time, start: time, end: time });
    if (result.type !== 'vector') return result;
    return result.vector.labels.map((each, i) => [each.toString(), result.vector.values[i]]);
  } catch (error) {
    if (error instanceof EvaluationError) return error.message;
    throw error;
  }
}

test('what is remembered is what follows now', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const source = new ChangingSource();
      const preparer = new Preparer({ source });
      const old = EXPRESSIONS.map((text) => preparer.prepare(parseExpr(text)));
      let time = 0;
      for (const each of [...steps, 'evaluate' as const]) {
        time += 20_000;
        if (each === 'evaluate') {
          const fresh = EXPRESSIONS.map((text) => new Preparer({ source }).prepare(parseExpr(text)));
          expect(old.map((one) => outcomeOf(one, time))).toEqual(fresh.map((one) => outcomeOf(one, time)));
        } else if ('put' in each) source.put(each.put, time, each.value);
        else source.remove(each.remove);
      }
    }),
    { numRuns: 100 },
  );
});

test('twice is the same', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(labels, value), { maxLength: 30 }), fc.nat(600), (samples, seconds) => {
      const source = new ChangingSource();
      for (const [i, [of, each]] of samples.entries()) source.put(of, i * 20_000, each);
      for (const text of EXPRESSIONS) {
        const prepared = new Preparer({ source }).prepare(parseExpr(text));
        const first = outcomeOf(prepared, seconds * 1_000);
        outcomeOf(prepared, 0);
        expect(outcomeOf(prepared, seconds * 1_000)).toEqual(first);
      }
    }),
    { numRuns: 40 },
  );
});

test('what several expressions share is evaluated once for a moment', () => {
  const source = new ChangingSource();
  source.put(LabelSet.of({ __name__: 'm' }), 0, 1);
  let selections = 0;
  const counting: SeriesSource = {
    select: (matchers) => {
      selections += 1;
      return source.select(matchers);
    },
  };
  const preparer = new Preparer({ source: counting });
  const [warning, critical] = ['rate(m[5m]) > 1', 'rate(m[5m]) > 2'].map((text) =>
    preparer.prepare(parseExpr(text)),
  );
  expect(selections).toBe(1);
  const moment = { time: 0, start: 0, end: 0 };
  warning!.evaluate(moment);
  source.put(LabelSet.of({ __name__: 'm' }), 1, 1e9);
  expect(critical!.evaluate(moment)).toMatchObject({ vector: { values: [] } });
  expect(critical!.evaluate({ time: 1, start: 1, end: 1 })).toMatchObject({
    vector: { labels: [LabelSet.EMPTY] },
  });
});
