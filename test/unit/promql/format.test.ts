/** An expression's text says the same as the expression, and does so in one way. */
import fc from 'fast-check';
import type { Expr } from '../../../src/promql/ast';
import { formatExpr } from '../../../src/promql/format';
import { parseExpr } from '../../../src/promql/parse';

test.each([
  ['sum(up)by(job)', 'sum by (job) (up)'],
  ['SUM without () (up)', 'sum without () (up)'],
  ['sum by () (up)', 'sum(up)'],
  ['up{}', 'up'],
  ["{__name__='up',a!~`b\\d`,}", '{__name__="up",a!~"b\\\\d"}'],
  ['{"odd name"="x"}', '{"odd name"="x"}'],
  ['up[300]', 'up[5m]'],
  ['up [1h30m] offset -90 @ 5', 'up[1h30m] @ 5.000 offset -1m30s'],
  ['up[5m:] @ start()', 'up[5m:] @ start()'],
  ['up[1d:500ms]', 'up[1d:500ms]'],
  ['a==BOOL b', 'a == bool b'],
  ['a*on(x)group_left b', 'a * on (x) group_left () b'],
  ['a*ignoring()group_right(y)b', 'a * ignoring () group_right (y) b'],
  ['a and ignoring() b', 'a and b'],
  ['-a^-2', '-a ^ -2'],
  ['-Inf + iNf', '-Inf + Inf'],
  ['0x1F + 1_000 + 5m + 1e-7', '31 + 1000 + 300 + 0.0000001'],
  ['((a))', '((a))'],
  ['topk(3,a)', 'topk(3, a)'],
  ['a # of all\n+ b', 'a + b'],
])('%j => %s', (text, formatted) => {
  expect(formatExpr(parseExpr(text))).toBe(formatted);
});

const word = fc.constantFrom('a', 'up', 'x:y', 'http_requests_total');
const duration = fc.constantFrom('5m', '1h30m', '90', '1ms', '0.5', '2w');
const label = fc.constantFrom('a', 'job', '"odd name"', 'constructor', 'by');
const matcher = fc
  .tuple(
    label,
    fc.constantFrom('=', '!=', '=~', '!~'),
    fc.constantFrom('"x"', "'a\"b'", '`\\d+`', '"\\n"', '""'),
  )
  .map((parts) => parts.join(''));
const list = fc.uniqueArray(label, { maxLength: 3 }).map((names) => `(${names.join(', ')})`);
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('Inf', '-Inf', 'NaN', '0x1F', '017', '1e3', '.5', '2.', '5m'),
);
const shift = fc.constantFrom(
  '',
  ' offset 5m',
  ' offset -90',
  ' @ 1.5',
  ' @ start()',
  ' @ end() offset 1h',
  ' offset 1m @ -3',
);

const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];

const { vector } = fc.letrec<{ vector: string; scalar: string; range: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    number,
    fc.constantFrom('time()', 'pi()'),
    tie('scalar').map((inner) => `-${inner}`),
    tie('scalar').map((inner) => `(${inner})`),
    fc.tuple(tie('scalar'), fc.constantFrom(...ARITHMETIC), tie('scalar')).map((parts) => parts.join(' ')),
    fc
      .tuple(tie('scalar'), fc.constantFrom(...COMPARISONS), tie('scalar'))
      .map(([a, op, b]) => `${a} ${op} bool ${b}`),
    tie('vector').map((inner) => `scalar(${inner})`),
  ),
  range: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(word, duration, shift).map(([name, length, when]) => `${name}[${length}]${when}`),
    fc
      .tuple(tie('vector'), duration, fc.option(duration, { nil: '' }), shift)
      .map(([inner, length, step, when]) => `(${inner})[${length}:${step}]${when}`),
  ),
  vector: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.tuple(word, shift).map((parts) => parts.join('')),
    fc
      .tuple(word, fc.array(matcher, { maxLength: 3 }), shift)
      .map(([name, matchers, when]) => `${name}{${matchers.join(',')}}${when}`),
    tie('vector').map((inner) => `(${inner})`),
    tie('vector').map((inner) => `-${inner}`),
    tie('vector').map((inner) => `abs(${inner})`),
    tie('range').map((inner) => `rate(${inner})`),
    fc.tuple(tie('scalar'), tie('range')).map(([q, inner]) => `quantile_over_time(${q}, ${inner})`),
    fc
      .tuple(fc.constantFrom('sum', 'MAX', 'group'), fc.constantFrom('by', 'without'), list, tie('vector'))
      .map(([op, how, names, inner]) => `${op} ${how} ${names} (${inner})`),
    fc
      .tuple(tie('scalar'), tie('vector'), list)
      .map(([k, inner, names]) => `topk(${k}, ${inner}) by ${names}`),
    fc.tuple(tie('vector'), fc.constantFrom(...ARITHMETIC), tie('scalar')).map((parts) => parts.join(' ')),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('and', 'or', 'UNLESS'),
        fc.constantFrom('', ' on (a)', ' ignoring ()'),
        tie('vector'),
      )
      .map(([a, op, how, b]) => `${a} ${op}${how} ${b}`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom(...ARITHMETIC, ...COMPARISONS, ...COMPARISONS.map((op) => `${op} bool`)),
        fc.constantFrom(
          '',
          ' on (a)',
          ' ignoring (b, job)',
          ' on () group_left',
          ' ignoring () group_right (z)',
        ),
        tie('vector'),
      )
      .map(([a, op, how, b]) => `${a} ${op}${how} ${b}`),
  ),
}));

/** Without the places, which are those of the text. */
const treeOf = (expr: Expr): unknown =>
  JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === 'place' || key === 'operatorPlace') return undefined;
      return typeof value === 'number' ? (Object.is(value, -0) ? '-0' : String(value)) : value;
    }),
  );

/** Put side by side, some take an operand from their neighbour that is of the wrong type for them. */
function isAccepted(text: string): boolean {
  try {
    parseExpr(text);
    return true;
  } catch {
    return false;
  }
}

test('parses to the same, and is written the same again', () => {
  fc.assert(
    fc.property(vector.filter(isAccepted), (text) => {
      const expr = parseExpr(text);
      const formatted = formatExpr(expr);
      expect(treeOf(parseExpr(formatted))).toEqual(treeOf(expr));
      expect(formatExpr(parseExpr(formatted))).toBe(formatted);
    }),
    { numRuns: 1_000 },
  );
});
