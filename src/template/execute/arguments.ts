/** Arguments of calls: how many there may be, and whether each can be what the function takes. */
import { nodeText, type Literal, type Operand } from '../parse/tree';
import type { GoFunction, ParameterType } from '../value/functions';
import { GoList, GoObject, isTrue, typeName, type Value } from '../value/values';
import type { Dot, Evaluator } from './evaluator';
import type { State } from './state';

/** There is no value from before a pipe; `undefined` is a value. */
export const NOTHING_PIPED = Symbol('nothing piped');
export type Piped = Value | typeof NOTHING_PIPED;

/** Types for which Go takes nil for an empty list. */
const LISTS: ReadonlySet<ParameterType> = new Set<ParameterType>([
  '[]string',
  '[]interface {}',
  'template.queryResult',
]);

const NO_OPERANDS: readonly Operand[] = Object.freeze([]);

export class Arguments {
  constructor(
    private readonly state: State,
    private readonly evaluator: Evaluator,
  ) {}

  checkCount({ parameters, rest }: GoFunction, name: string, given: number, piped: Piped): void {
    const count = given + (piped === NOTHING_PIPED ? 0 : 1);
    const wanted = parameters.length;
    if (rest && count < wanted) {
      this.state.fail(`wrong number of args for ${name}: want at least ${wanted} got ${given}`);
    }
    if (!rest && count !== wanted) {
      this.state.fail(`wrong number of args for ${name}: want ${wanted} got ${count}`);
    }
  }

  /** What came through the pipe is the last one. */
  all(dot: Dot, { parameters, rest }: GoFunction, operands: readonly Operand[], piped: Piped): Value[] {
    const typeAt = (index: number) => parameters[index] ?? rest!;
    const values = operands.map((operand, index) => this.one(dot, typeAt(index), operand));
    if (piped !== NOTHING_PIPED) values.push(this.checked(piped, typeAt(values.length)));
    return values;
  }

  /** For `and` and `or`: the first value of that truth, else the last one. */
  until(dot: Dot, operands: readonly Operand[], piped: Piped, truth: boolean): Value {
    let value: Value;
    for (const operand of operands) {
      value = this.any(dot, operand);
      if (isTrue(value) === truth) return value;
    }
    return piped === NOTHING_PIPED ? value : piped;
  }

  any(dot: Dot, operand: Operand): Value {
    return this.one(dot, 'any', operand);
  }

  private one(dot: Dot, type: ParameterType, operand: Operand): Value {
    this.state.at(operand);
    switch (operand.kind) {
      case 'nil':
        return this.nil(type, `cannot assign nil to ${type}`);
      case 'bool':
      case 'string':
      case 'number':
        return this.constant(type, operand);
      default:
        return this.checked(this.evaluated(dot, operand), type);
    }
  }

  private evaluated(dot: Dot, operand: Operand): Value {
    switch (operand.kind) {
      case 'dot':
        return dot.value;
      case 'field':
        return this.evaluator.field(dot, operand, NO_OPERANDS, NOTHING_PIPED);
      case 'variable':
        return this.evaluator.variable(dot, operand, NO_OPERANDS, NOTHING_PIPED);
      case 'chain':
        return this.evaluator.chain(dot, operand, NO_OPERANDS, NOTHING_PIPED);
      case 'identifier':
        return this.evaluator.function(dot, operand, operand, NO_OPERANDS, NOTHING_PIPED);
      case 'pipe':
        return this.evaluator.pipeline(dot, operand);
      default:
        return this.state.fail(`can't handle ${nodeText(operand)} as an argument`);
    }
  }

  /** A constant becomes what is asked for, if it can. */
  private constant(type: ParameterType, node: Literal): Value {
    const isNumber = node.kind === 'number';
    switch (type) {
      case 'any':
        return this.untyped(node);
      case 'bool':
        return node.kind === 'bool' ? node.value : this.expected('bool', node);
      case 'string':
        return node.kind === 'string' ? node.text : this.expected('string', node);
      case 'int':
        return this.integer(node);
      case 'time.Duration':
        return new GoObject({ type, underlying: this.integer(node) });
      case 'float64':
        return isNumber ? node.float : this.expected('float', node);
      default:
        return this.state.fail(`can't handle ${nodeText(node)} for arg of type ${type}`);
    }
  }

  private integer(node: Literal): bigint {
    const integer = node.kind === 'number' ? node.integer : undefined;
    return integer ?? this.expected('integer', node);
  }

  private untyped(node: Literal): Value {
    if (node.kind === 'number') return this.evaluator.number(node);
    return node.kind === 'string' ? node.text : node.value;
  }

  private expected(what: string, node: Operand): never {
    return this.state.fail(`expected ${what}; found ${nodeText(node)}`);
  }

  private nil(type: ParameterType, problem: string): Value {
    if (type === 'any') return undefined;
    return LISTS.has(type) ? new GoList([], { type }) : this.state.fail(problem);
  }

  private checked(value: Value, type: ParameterType): Value {
    if (typeof value === 'string' && value.length > this.state.limits.output) {
      this.state.fail(`text is longer than ${this.state.limits.output} characters`);
    }
    if (type === 'any') return value;
    if (value === undefined) return this.nil(type, `invalid value; expected ${type}`);
    const actual = typeName(value);
    // A pointer is as good as what it points to.
    if (actual === type || actual === `*${type}`) return value;
    return this.state.fail(`wrong type for value; expected ${type}; got ${actual}`);
  }
}
