/**
 * Text to expression. The grammar is the one that Prometheus publishes for npm; it serves editors, and takes some liberties
 * that a parser must not: what follows an operand (`[5m]`, `offset`, `@`) it lets bind more loosely than operators, and a
 * sign more tightly than `^`. So a chain of operands and operators is read from it in the order of the text, and put
 * together here by Prometheus' precedences.
 */
import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { compileMatchers, type MatchOperator, type Matcher } from '../domain/matchers';
import { unquote } from '../domain/quoted-text';
import type {
  Aggregation,
  Aggregator,
  BinaryOperator,
  Expr,
  Matching,
  NumberLiteral,
  Place,
  Subquery,
  VectorSelector,
} from './ast';
import { isSetOperator } from './ast';
import { checkTypes } from './check';
import { ParseError } from './errors';
import { SIGNATURES } from './functions/signatures';
import { LabelSet, METRIC_NAME } from './label-set';
import { parseNumber } from './literals';
import { parseChain, type Token } from './precedence';

/** Deeper expressions are somebody's mistake, or an attack on the stack. Each operator of a chain is one level. */
const MAX_DEPTH = 500;
const TOO_DEEP = `nested more than ${MAX_DEPTH} deep`;
const MAX_LENGTH = 100_000;
/** What Prometheus' types hold: nanoseconds of a duration and milliseconds of a time, both in 64 bits. */
const MAX_DURATION_SECONDS = 2 ** 63 / 1e9;
const MAX_TIME_SECONDS = 2 ** 63 / 1e3;

/** The expression, its types checked; throws a ParseError. */
export function parseExpr(text: string): Expr {
  if (text.length > MAX_LENGTH)
    throw new ParseError(`an expression of ${text.length} characters is too long`, '', { from: 0, to: 0 });
  const expr = new Reader(text).read();
  checkTypes(expr, text);
  return expr;
}

/** A selector alone, as `up{job="a"}`: a series' labels. Every matcher must be `=`. Throws a ParseError. */
export function parseSeriesLabels(text: string): LabelSet {
  const expr = parseExpr(text);
  if (
    expr.kind !== 'vector' ||
    expr.offset !== 0 ||
    expr.at !== null ||
    expr.matchers.some(({ op }) => op !== '=')
  )
    throw new ParseError('a series is a name with labels, as up{job="a"}', text, expr.place);
  return LabelSet.fromEntries(expr.matchers.map(({ name, value }) => [name, value]));
}

const ONE_TO_ONE: Matching = { on: false, labels: [], group: 'one-to-one', include: [] };
/** Words that the grammar takes for names where they are none. */
const NUMBERS = /^(?:inf|nan)$/i;
const OPERATOR_WORD = /^atan2$/i;
const NATIVE_ONLY = '; the engine evaluates floats and classic histograms';
const UNSUPPORTED: Readonly<Record<string, string>> = {
  AnchoredExpr: 'the "anchored" modifier',
  SmoothedExpr: 'the "smoothed" modifier',
  FillModifier: 'the "fill" modifier',
  TrimUpper: `the operator "</" works on native histograms only${NATIVE_ONLY}: it`,
  TrimLower: `the operator ">/" works on native histograms only${NATIVE_ONLY}: it`,
};

/** Without the recovery that editors want: what follows the first error says nothing, and takes long. */
const strictParser = parser.configure({ strict: true });

class Reader {
  private depth = 0;

  constructor(private readonly text: string) {}

  read(): Expr {
    const tree = this.tree();
    tree.cursor().iterate((node) => {
      const unsupported = UNSUPPORTED[node.name];
      if (unsupported !== undefined) this.fail(`${unsupported} is not supported`, node);
    });
    return this.expr(childrenOf(tree.topNode)[0]!);
  }

  private tree(): Tree {
    try {
      return strictParser.parse(withoutBareDots(this.text));
    } catch (error) {
      // The grammar's parser recurses over what follows an operand, however much that is.
      if (error instanceof RangeError) this.fail(TOO_DEEP, { from: 0, to: this.text.length });
      this.failAt(Number(/\d+$/.exec((error as Error).message)?.[0]));
    }
  }

  /** Says what stands where the grammar has no way on. */
  private failAt(from: number): never {
    const end = this.text.trimEnd().length;
    if (end === 0) this.fail('no expression found in input', { from: 0, to: 0 });
    if (from >= end) this.fail('unexpected end of input', { from, to: from });
    // A name of a function is not as long as this; looked for in a long text it would take long.
    const before = this.text.slice(Math.max(0, from - 100), from);
    const called = /([a-zA-Z_:][\w:]*)\s*$/.exec(before);
    if (this.text[from] === '(' && called !== null && SIGNATURES[called[1]!] === undefined)
      this.fail(`unknown function with name "${called[1]}"`, { from: from - called[0].length, to: from });
    const word = /^(?:\w+|.)/su.exec(this.text.slice(from))![0];
    this.fail(`unexpected ${JSON.stringify(word)}`, { from, to: from + word.length });
  }

  private expr(node: SyntaxNode): Expr {
    const tokens: Token[] = [];
    this.linearize(node, tokens);
    return parseChain(tokens);
  }

  /** Operands and operators in the order of the text. */
  private linearize(node: SyntaxNode, tokens: Token[]): void {
    if (++this.depth > MAX_DEPTH) this.fail(TOO_DEEP, node);
    this.linearizeKind(node, tokens);
    this.depth -= 1;
  }

  private linearizeKind(node: SyntaxNode, tokens: Token[]): void {
    switch (node.name) {
      case 'BinaryExpr':
        return this.linearizeBinary(node, tokens);
      case 'UnaryExpr': {
        const [op, expr] = childrenOf(node);
        tokens.push({ kind: 'sign', op: this.of(op!) as '+' | '-', place: place(op!) });
        return this.linearize(expr!, tokens);
      }
      case 'NumberDurationLiteral':
        return this.linearizeNumber(node, tokens);
      case 'OffsetExpr':
      case 'StepInvariantExpr':
      case 'MatrixSelector':
      case 'SubqueryExpr':
        this.linearize(node.firstChild!, tokens);
        tokens.push({ kind: 'suffix', apply: (to) => this.suffixed(node, to) });
        return;
      default:
        tokens.push({ kind: 'operand', expr: this.primary(node) });
    }
  }

  private linearizeBinary(node: SyntaxNode, tokens: Token[]): void {
    const children = childrenOf(node);
    this.linearize(children[0]!, tokens);
    const op = this.of(children[1]!).toLowerCase() as BinaryOperator;
    const clause = children.find(({ name }) => name === 'MatchingModifierClause');
    const plain = isSetOperator(op) ? ({ ...ONE_TO_ONE, group: 'many-to-many' } as const) : ONE_TO_ONE;
    tokens.push({
      kind: 'operator',
      op,
      bool: children.some(({ name }) => name === 'BoolModifier'),
      matching: clause === undefined ? plain : this.matching(clause, op),
      operatorPlace: place(children[1]!),
    });
    this.linearize(children.at(-1)!, tokens);
  }

  /** The grammar takes a sign into the number; `-2^2` is `-(2^2)` all the same. */
  private linearizeNumber(node: SyntaxNode, tokens: Token[]): void {
    const sign = /^[+-]\s*/.exec(this.of(node))?.[0] ?? '';
    const { from, to } = node;
    if (sign !== '') tokens.push({ kind: 'sign', op: sign[0] as '+' | '-', place: { from, to: from + 1 } });
    tokens.push({ kind: 'operand', expr: this.number({ from: from + sign.length, to }) });
  }

  private number(at: Place): NumberLiteral {
    const value = this.valueOf(at);
    if (value === null) this.fail(`bad number or duration syntax: ${JSON.stringify(this.of(at))}`, at);
    return { kind: 'number', value, place: place(at) };
  }

  /** The grammar ends a number where a letter follows, as in `1offset`; it is none. */
  private valueOf(at: Place): number | null {
    return /\w/.test(this.text[at.to] ?? '') ? null : parseNumber(this.of(at));
  }

  private matching(clause: SyntaxNode, op: BinaryOperator): Matching {
    const children = childrenOf(clause);
    const lists = children
      .filter(({ name }) => name === 'GroupingLabels')
      .map((list) => this.labelNames(list));
    const left = children.some(({ name }) => name === 'GroupLeft');
    const right = children.some(({ name }) => name === 'GroupRight');
    const none = isSetOperator(op) ? 'many-to-many' : 'one-to-one';
    return {
      on: children[0]!.name === 'On',
      labels: lists[0] ?? [],
      group: left ? 'many-to-one' : right ? 'one-to-many' : none,
      include: lists[1] ?? [],
    };
  }

  private labelNames(list: SyntaxNode): string[] {
    return childrenOf(list).map((node) => {
      if (node.name !== 'LabelName') return this.string(node);
      if (NUMBERS.test(this.of(node))) this.fail(`unexpected ${JSON.stringify(this.of(node))}`, node);
      return this.of(node);
    });
  }

  private suffixed(node: SyntaxNode, to: Expr): Expr {
    const at = { from: to.place.from, to: node.to };
    const [, second, third] = childrenOf(node);
    switch (node.name) {
      case 'OffsetExpr':
        return this.withOffset(to, this.duration(third!), at);
      case 'StepInvariantExpr':
        return this.withAt(to, this.atTime(third!), at);
      case 'MatrixSelector':
        if (to.kind !== 'vector') this.fail('ranges only allowed for vector selectors', at);
        else if (to.offset !== 0 || to.at !== null)
          this.fail(`no ${to.at !== null ? '@' : 'offset'} modifiers allowed before range`, at);
        else return { kind: 'matrix', selector: to, range: this.range(second!), place: at };
        throw new Error('unreachable');
      default: {
        const step = third === undefined ? null : this.range(third);
        return {
          kind: 'subquery',
          expr: to,
          range: this.range(second!),
          step,
          offset: 0,
          at: null,
          place: at,
        };
      }
    }
  }

  private range(node: SyntaxNode): number {
    const ms = this.duration(node);
    if (ms <= 0) this.fail('duration must be greater than 0', node);
    return ms;
  }

  /** Milliseconds. Of the experimental arithmetic on durations only the sign is taken. */
  private duration(node: SyntaxNode): number {
    const text = this.of(node);
    const sign = /^[+-]\s*/.exec(text)?.[0] ?? '';
    const seconds = this.valueOf({ from: node.from + sign.length, to: node.to });
    if (seconds === null || !Number.isFinite(seconds))
      this.fail(
        `expressions of durations are not supported, only durations such as 5m: ${JSON.stringify(text)}`,
        node,
      );
    if (seconds > MAX_DURATION_SECONDS) this.fail('duration out of range', node);
    const ms = Math.round(seconds * 1_000);
    return sign.startsWith('-') ? -ms : ms;
  }

  private withOffset(to: Expr, offset: number, at: Place): Expr {
    const { shift, put } = this.shifted(to, at, 'offset modifier must be preceded by');
    if (shift.offset !== 0) this.fail('offset may not be set multiple times', at);
    return put({ offset, at: shift.at });
  }

  private withAt(to: Expr, time: number | 'start' | 'end', at: Place): Expr {
    const { shift, put } = this.shifted(to, at, '@ modifier must be preceded by');
    if (shift.at !== null) this.fail('@ <timestamp> may not be set multiple times', at);
    return put({ offset: shift.offset, at: time });
  }

  private shifted(to: Expr, at: Place, problem: string) {
    const shift: Pick<Subquery, 'offset' | 'at'> | null =
      to.kind === 'matrix' ? to.selector : to.kind === 'vector' || to.kind === 'subquery' ? to : null;
    if (shift === null)
      this.fail(`${problem} an instant vector selector or range vector selector or a subquery`, at);
    const put = (next: Pick<Subquery, 'offset' | 'at'>): Expr => {
      if (to.kind === 'matrix') return { ...to, selector: { ...to.selector, ...next }, place: at };
      return { ...(to as Subquery | VectorSelector), ...next, place: at };
    };
    return { shift, put };
  }

  private atTime(node: SyntaxNode): number | 'start' | 'end' {
    if (node.name === 'AtModifierPreprocessors') return node.getChild('AtStart') === null ? 'end' : 'start';
    const text = this.of(node);
    const sign = /^[+-]\s*/.exec(text)?.[0] ?? '';
    const seconds = this.valueOf({ from: node.from + sign.length, to: node.to });
    if (seconds === null || !(seconds < MAX_TIME_SECONDS))
      this.fail(`timestamp out of bounds for @ modifier: ${text}`, node);
    return Math.round(seconds * 1_000) * (sign.startsWith('-') ? -1 : 1);
  }

  private primary(node: SyntaxNode): Expr {
    switch (node.name) {
      case 'ParenExpr':
        return { kind: 'paren', expr: this.expr(childrenOf(node)[0]!), place: place(node) };
      case 'StringLiteral':
        return { kind: 'string', value: this.string(node), place: place(node) };
      case 'VectorSelector':
        return this.selector(node);
      case 'FunctionCall':
        return this.call(node);
      case 'AggregateExpr':
        return this.aggregation(node);
      default:
        return this.fail(`unexpected ${JSON.stringify(this.of(node))}`, node);
    }
  }

  private call(node: SyntaxNode): Expr {
    const name = this.of(node.getChild('FunctionIdentifier')!).toLowerCase();
    const signature = SIGNATURES[name];
    if (signature === undefined) this.fail(`unknown function with name "${name}"`, node);
    if (signature.unsupported !== undefined) this.fail(`function "${name}": ${signature.unsupported}`, node);
    const args = childrenOf(node.getChild('FunctionCallBody')!).map((arg) => this.expr(arg));
    return { kind: 'call', name, args, place: place(node) };
  }

  private aggregation(node: SyntaxNode): Aggregation {
    const op = this.of(node.getChild('AggregateOp')!).toLowerCase() as Aggregator;
    const modifier = node.getChild('AggregateModifier');
    const args = childrenOf(node.getChild('FunctionCallBody')!).map((arg) => this.expr(arg));
    const wanted = WITH_PARAM.has(op) ? 2 : 1;
    if (args.length === 0) this.fail('no arguments for aggregate expression provided', node);
    if (args.length !== wanted)
      this.fail(
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
        node,
      );
    const grouping = modifier?.getChild('GroupingLabels');
    return {
      kind: 'aggregation',
      op,
      expr: args.at(-1)!,
      param: wanted === 2 ? args[0]! : null,
      without: modifier !== null && modifier.getChild('Without') !== null,
      grouping: grouping ? this.labelNames(grouping) : [],
      place: place(node),
    };
  }

  private selector(node: SyntaxNode): VectorSelector {
    const outside = node.getChild('Identifier');
    const name = outside === null ? '' : this.of(outside);
    if (OPERATOR_WORD.test(name)) this.fail(`unexpected ${JSON.stringify(name)}`, node);
    const list = node.getChild('LabelMatchers');
    const matchers = list === null ? [] : childrenOf(list).map((each) => this.matcher(each));
    const named = matchers.find((matcher) => matcher.name === METRIC_NAME);
    if (name !== '' && named !== undefined)
      this.fail(`metric name must not be set twice: "${name}" or "${named.value}"`, node);
    if (name !== '') matchers.push({ name: METRIC_NAME, op: '=', value: name });
    return { kind: 'vector', name, matchers, offset: 0, at: null, place: place(node) };
  }

  private matcher(node: SyntaxNode): Matcher {
    const [name, op, value] = childrenOf(node);
    if (node.name === 'QuotedLabelName') return { name: METRIC_NAME, op: '=', value: this.string(name!) };
    const matcher: Matcher = {
      name: name!.name === 'LabelName' ? this.of(name!) : this.string(name!),
      op: this.of(op!) as MatchOperator,
      value: this.string(value!),
    };
    try {
      compileMatchers([matcher]);
    } catch (error) {
      this.fail((error as Error).message, node);
    }
    return matcher;
  }

  private string(node: SyntaxNode): string {
    const literal = node.name === 'StringLiteral' ? node : node.getChild('StringLiteral')!;
    const value = unquote(this.of(literal));
    if (value === null) this.fail(`error unquoting string ${this.of(literal)}: invalid syntax`, literal);
    return value;
  }

  private of({ from, to }: Place): string {
    return this.text.slice(from, to);
  }

  private fail(problem: string, at: Place): never {
    throw new ParseError(problem, this.text, { from: at.from, to: at.to });
  }
}

const WITH_PARAM: ReadonlySet<Aggregator> = new Set<Aggregator>([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
]);

/** A string that does not end goes to the end of the text: looked for again from each quote in it, it would take long. */
const BARE_DOT =
  /"(?:\\.|[^"\\])*(?:"|\\?$)|'(?:\\.|[^'\\])*(?:'|\\?$)|`[^`]*(?:`|$)|#[^\n]*|(?<![\w.:]|\d\.?[eE][+-])(\d+)\.(?![\w.])/gs;

/** The grammar does not know `2.`, which is 2. What stands in quotes or after a `#` is no number. */
function withoutBareDots(text: string): string {
  return text.replace(BARE_DOT, (whole, digits?: string) => (digits === undefined ? whole : `${digits} `));
}

const place = ({ from, to }: Place): Place => ({ from, to });

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'LineComment') children.push(child);
  return children;
}
