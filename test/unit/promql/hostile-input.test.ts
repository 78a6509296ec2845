/** Whatever somebody writes into a rule, it is answered soon, with an error of ours, and without an overflowing stack. */
import { EvaluationError, ParseError } from '../../../src/promql/errors';
import { formatExpr } from '../../../src/promql/format';
import { parseExpr } from '../../../src/promql/parse';
import { Preparer } from '../../../src/promql/prepare';
import { MemorySource } from '../../../src/promql/source';
import { LabelSet } from '../../../src/promql/label-set';

const source = new MemorySource();
for (let i = 0; i < 50; i++) {
  const { samples } = source.series(LabelSet.of({ __name__: 'm', a: 'a'.repeat(i) }));
  for (let at = 0; at < 100; at++) samples.add(at * 1_000, at);
}

/** Some ten times what it takes here. */
const SOON_MS = 10_000;
const MOMENT = { time: 60_000, start: 60_000, end: 60_000 };

function outcomeOf(text: string): string {
  try {
    const expr = parseExpr(text);
    formatExpr(expr);
    new Preparer({ source }).prepare(expr).evaluate(MOMENT);
    return 'evaluated';
  } catch (error) {
    if (error instanceof ParseError || error instanceof EvaluationError) return error.message;
    throw error;
  }
}

const many = (part: string, length = 99_000): string => part.repeat(Math.floor(length / part.length));

test.each<[string, string, string | RegExp]>([
  ['more than 100 kB', many('a', 100_001), /of 100001 characters is too long/],
  ['a long chain of sums', `1${many('+1')}`, /parse error/],
  ['a long chain of powers', `2${many('^2')}`, /parse error/],
  ['many signs', `${many('-')}m`, /parse error/],
  ['many parentheses', `${many('(', 49_000)}m${many(')', 49_000)}`, /parse error/],
  ['parentheses that stay open', many('('), /parse error/],
  ['many calls', `${many('abs(', 80_000)}m${many(')', 20_000)}`, /parse error/],
  ['many modifiers', `m${many(' offset 1m')}`, /nested more than 500 deep/],
  ['many subqueries', `m${many('[5m:1m]')}`, /parse error/],
  ['many times', `m${many('@1')}`, /parse error/],
  ['quotes that are escaped', `"${many('\\"')}`, /parse error/],
  ['quotes at the end of lines', many('"\n'), /parse error/],
  ['garbage', many(')('), /parse error/],
  ['braces', many('{'), /parse error/],
  ['dots', many('1.'), /parse error/],
  ['words', many('and '), /parse error/],
  ['escapes', `"${many('\\x')}"`, /error unquoting/],
  ['a long number', many('1'), /bad number/],
  ['many comments', `${many('#\n')}1`, 'evaluated'],
  ['many matchers', `m{${many('a!="1",')}}`, 'evaluated'],
  ['many labels', `sum by (${many('a,')}) (m)`, 'evaluated'],
  ['many arguments', `label_join(m, "b", "-"${many(', "c"', 90_000)})`, 'evaluated'],
  ['many texts', `label_join(m, "b", "-"${many(', "a"', 90_000)})`, /makes a label of more than 65536/],
  ['400 terms', `m${' or m'.repeat(400)}`, 'evaluated'],
  ['200 levels', `${'abs('.repeat(200)}m${')'.repeat(200)}`, 'evaluated'],
])(
  '%s',
  (_, text, outcome) =>
    expect(outcomeOf(text)).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome)),
  SOON_MS,
);

/** RE2 takes time in proportion to the text and the expression, where others take exponentially long. */
test.each<[string, string, string | RegExp]>([
  ['nested repetition', `m{a=~"(a*)*b"}`, 'evaluated'],
  ['alternatives that overlap', `m{a=~"(a|a|aa)+b"}`, 'evaluated'],
  ['in label_replace', `label_replace(m, "b", "$1", "a", "(a+)+c?")`, 'evaluated'],
  ['much repetition', `m{a=~"${many('(a*)*', 20_000)}"}`, 'evaluated'],
  ['repetition of repetition', `m{a=~"((a{1,1000}){1,1000}){1,1000}"}`, /not a regular expression of RE2/],
  ['many groups', `m{a=~"${many('(', 40_000)}${many(')', 40_000)}"}`, /parse error/],
  ['many counted', `m{a=~"${many('a{0,1000}')}"}`, /parse error/],
  ['what only others know', `m{a=~"(?=a)"}`, /not a regular expression of RE2/],
])(
  'regular expressions: %s',
  (_, text, outcome) =>
    expect(outcomeOf(text)).toEqual(typeof outcome === 'string' ? outcome : expect.stringMatching(outcome)),
  SOON_MS,
);

test.each<[string, string]>([
  ['max_over_time(m[100y:1ms])', 'has more than 11000 steps'],
  ['max_over_time(m[11001s:1s])', 'has more than 11000 steps'],
  ['m[1h:1ms]', 'has more than 11000 steps'],
  ['max_over_time(sum_over_time(m[100s])[11000s:1s] offset -3h)', 'evaluated'],
  ['max_over_time(m[11000s:1s])', 'evaluated'],
  // Far from 1970 a millisecond is less than what a number tells apart.
  ['max_over_time(m[10s:1ms] @ 9e15)', 'evaluated'],
])('%s', (text, outcome) => expect(outcomeOf(text)).toContain(outcome), SOON_MS);

test('nested subqueries stop at the budget, and the next evaluation has one of its own', () => {
  const preparer = new Preparer({ source });
  const greedy = preparer.prepare(parseExpr('max_over_time(max_over_time(m[3h:1s])[3h:1s])'));
  const modest = preparer.prepare(parseExpr('count_over_time(vector(1)[11000s:1s])'));
  expect(() => greedy.evaluate(MOMENT)).toThrow('looks at more than 50000000 samples');
  expect(modest.evaluate(MOMENT)).toMatchObject({ vector: { values: [11_000] } });
});

/** As deep as an expression may be nested, texts that double would need more than there is room for. */
const nested = (times: number, call: (inner: string) => string): string =>
  Array.from({ length: times }).reduce<string>(call, 'm{a=~"a+"}');

test.each<[string, string, string]>([
  [
    'joined to twice itself, again and again',
    nested(100, (inner) => `label_join(${inner}, "a", "", "a", "a")`),
    'label_join() makes a label of more than 65536 characters',
  ],
  [
    'replaced by twice itself, again and again',
    nested(100, (inner) => `label_replace(${inner}, "a", "$1$1", "a", "(.*)")`),
    'label_replace() makes a label of more than 65536 characters',
  ],
])('a label that is %s', (_, text, outcome) => expect(outcomeOf(text)).toContain(outcome), SOON_MS);

test('long labels are paid for at each evaluation, though they are remembered', () => {
  const many = new MemorySource();
  for (let i = 0; i < 1_000; i++)
    many.series(LabelSet.of({ __name__: 'm', a: 'a'.repeat(30_000), i: `${i}` })).samples.add(60_000, i);
  const preparer = new Preparer({ source: many });
  const twice = preparer.prepare(parseExpr('label_join(label_join(m, "b", "", "a"), "c", "", "a")'));
  for (let time = 0; time < 3; time++)
    expect(() => twice.evaluate({ ...MOMENT })).toThrow('looks at more than 50000000 samples');
});

test('labels as long as a metric may have them are copied', () => {
  const long = new MemorySource();
  const text = 'a'.repeat(65_000);
  long.series(LabelSet.of({ __name__: 'm', a: text })).samples.add(60_000, 1);
  const copied = parseExpr('label_replace(m, "b", "$1", "a", "(.*)")');
  const value = new Preparer({ source: long }).prepare(copied).evaluate(MOMENT);
  expect(value.type === 'vector' && value.vector.labels[0]!.get('b')).toBe(text);
});
