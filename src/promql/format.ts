/** An expression as text, in one way for all spellings of it: what means the same because it is written the same. */
import { formatDuration } from '../domain/duration';
import { isSetOperator, type Binary, type Expr, type TimeShift, type VectorSelector } from './ast';
import { floatText } from './float-text';
import { METRIC_NAME } from './label-set';

export function formatExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return numberText(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'vector':
      return selectorText(expr) + shiftText(expr);
    case 'matrix':
      return `${selectorText(expr.selector)}[${formatDuration(expr.range)}]${shiftText(expr.selector)}`;
    case 'subquery': {
      const step = expr.step === null ? '' : formatDuration(expr.step);
      return `${formatExpr(expr.expr)}[${formatDuration(expr.range)}:${step}]${shiftText(expr)}`;
    }
    case 'paren':
      return `(${formatExpr(expr.expr)})`;
    case 'unary':
      return `${expr.op}${formatExpr(expr.expr)}`;
    case 'call':
      return `${expr.name}(${expr.args.map(formatExpr).join(', ')})`;
    case 'aggregation': {
      const word = expr.without ? 'without' : expr.grouping.length > 0 ? 'by' : null;
      const clause = word === null ? '' : ` ${word} (${names(expr.grouping)}) `;
      const args = [...(expr.param === null ? [] : [expr.param]), expr.expr].map(formatExpr).join(', ');
      return `${expr.op}${clause}(${args})`;
    }
    case 'binary':
      return `${formatExpr(expr.left)} ${operatorText(expr)} ${formatExpr(expr.right)}`;
  }
}

/** Without a plus sign, which would be an operator. */
const numberText = (value: number): string => floatText(value).replace('+', '');

/** `m{a="b"}`. */
export function selectorText({ name, matchers }: Pick<VectorSelector, 'name' | 'matchers'>): string {
  const shown = name === '' ? matchers : matchers.filter((matcher) => matcher.name !== METRIC_NAME);
  const list = shown.map(
    (matcher) => `${labelName(matcher.name)}${matcher.op}${JSON.stringify(matcher.value)}`,
  );
  return list.length === 0 && name !== '' ? name : `${name}{${list.join(',')}}`;
}

function shiftText({ at, offset }: TimeShift): string {
  const time = at === null ? '' : ` @ ${typeof at === 'number' ? (at / 1_000).toFixed(3) : `${at}()`}`;
  if (offset === 0) return time;
  return `${time} offset ${offset < 0 ? '-' : ''}${formatDuration(Math.abs(offset))}`;
}

function operatorText({ op, bool, matching }: Binary): string {
  const { on, labels, group, include } = matching;
  const grouped = isSetOperator(op) || group === 'one-to-one' ? '' : GROUP[group];
  const matched = on || labels.length > 0 || grouped !== '';
  const match = matched ? ` ${on ? 'on' : 'ignoring'} (${names(labels)})` : '';
  const included = grouped === '' ? '' : ` ${grouped} (${names(include)})`;
  return `${op}${bool ? ' bool' : ''}${match}${included}`;
}

const GROUP = { 'many-to-one': 'group_left', 'one-to-many': 'group_right', 'many-to-many': '' } as const;

const names = (labels: readonly string[]): string => labels.map(labelName).join(', ');
const labelName = (name: string): string => (/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name));
