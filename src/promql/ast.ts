/** A parsed expression. Durations and times are milliseconds; places are offsets into the text. */
import type { Matcher } from '../domain/matchers';

export type ValueType = 'scalar' | 'string' | 'vector' | 'matrix';

export interface Place {
  readonly from: number;
  readonly to: number;
}

interface Node {
  readonly place: Place;
}

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}

/** When a selector looks: shifted by `offset`, or at a time of its own. */
export interface TimeShift {
  readonly offset: number;
  readonly at: number | 'start' | 'end' | null;
}

export interface VectorSelector extends Node, TimeShift {
  readonly kind: 'vector';
  /** The name before the braces; empty when there is none. */
  readonly name: string;
  /** With the name's own, which comes last. */
  readonly matchers: readonly Matcher[];
}

export interface MatrixSelector extends Node {
  readonly kind: 'matrix';
  readonly selector: VectorSelector;
  readonly range: number;
}

export interface Subquery extends Node, TimeShift {
  readonly kind: 'subquery';
  readonly expr: Expr;
  readonly range: number;
  /** null: the group's interval, or whatever the caller says. */
  readonly step: number | null;
}

export type Aggregator =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio';

export interface Aggregation extends Node {
  readonly kind: 'aggregation';
  readonly op: Aggregator;
  readonly expr: Expr;
  readonly param: Expr | null;
  readonly without: boolean;
  readonly grouping: readonly string[];
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

export interface Matching {
  readonly on: boolean;
  readonly labels: readonly string[];
  readonly group: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** Labels of the one side that the result takes over. */
  readonly include: readonly string[];
}

export interface Binary extends Node {
  readonly kind: 'binary';
  readonly op: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  /** A comparison yields 0 or 1 instead of filtering. */
  readonly bool: boolean;
  readonly matching: Matching;
  readonly operatorPlace: Place;
}

export interface Unary extends Node {
  readonly kind: 'unary';
  readonly op: '+' | '-';
  readonly expr: Expr;
}

export interface Paren extends Node {
  readonly kind: 'paren';
  readonly expr: Expr;
}

export interface Call extends Node {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Aggregation
  | Binary
  | Unary
  | Paren
  | Call;

const COMPARISONS: ReadonlySet<string> = new Set<ComparisonOperator>(['==', '!=', '<', '<=', '>', '>=']);
const SETS: ReadonlySet<string> = new Set<SetOperator>(['and', 'or', 'unless']);

export const isComparison = (op: BinaryOperator): op is ComparisonOperator => COMPARISONS.has(op);
export const isSetOperator = (op: BinaryOperator): op is SetOperator => SETS.has(op);

export function unwrapped(expr: Expr): Exclude<Expr, Paren> {
  return expr.kind === 'paren' ? unwrapped(expr.expr) : expr;
}

/** The expressions directly below. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
      return [];
    case 'matrix':
      return [expr.selector];
    case 'binary':
      return [expr.left, expr.right];
    case 'call':
      return expr.args;
    case 'aggregation':
      return expr.param === null ? [expr.expr] : [expr.param, expr.expr];
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr];
  }
}

/** The expression and all below it. */
export function* descendants(expr: Expr): Iterable<Expr> {
  yield expr;
  for (const child of childrenOf(expr)) yield* descendants(child);
}
