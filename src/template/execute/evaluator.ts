/** Values of pipelines: constants, variables, chains of fields, and calls of functions and methods. */
import { quote } from '../format/quote';
import type {
  ChainNode,
  CommandNode,
  FieldNode,
  IdentifierNode,
  NumberNode,
  Operand,
  PipeNode,
  VariableNode,
} from '../parse/tree';
import { nodeText } from '../parse/tree';
import { TemplateError } from '../template-error';
import { lookUp, type FunctionTable, type GoFunction } from '../value/functions';
import { GoMap, GoObject, INTERFACE, toValue, typeName, type Value } from '../value/values';
import { Arguments, NOTHING_PIPED, type Piped } from './arguments';
import type { State } from './state';

/** What `.` is. An element of `[]interface {}` is known by that type alone until a pipeline unwraps it. */
export interface Dot {
  readonly value: Value;
  readonly isInterface: boolean;
}

export type MissingKey = 'default' | 'zero' | 'error';

const MAX_INT = 2n ** 63n - 1n;

export class Evaluator {
  private readonly arguments: Arguments;

  constructor(
    private readonly state: State,
    private readonly functions: FunctionTable,
    private readonly missingKey: MissingKey,
  ) {
    this.arguments = new Arguments(state, this);
  }

  /** Declares or assigns the variables that stand before it. */
  pipeline(dot: Dot, pipe: PipeNode): Value {
    return this.state.nested(() => {
      this.state.at(pipe);
      let value: Piped = NOTHING_PIPED;
      // A nil inside an interface is no value for the next command.
      for (const command of pipe.commands) value = this.command(dot, command, value) ?? undefined;
      const result = value as Value;
      for (const { path } of pipe.declared) {
        if (pipe.isAssignment) this.state.assign(path[0]!, result);
        else this.state.declare(path[0]!, result);
      }
      return result;
    });
  }

  private command(dot: Dot, command: CommandNode, piped: Piped): Value {
    const { operands } = command;
    const first = operands[0]!;
    switch (first.kind) {
      case 'field':
        return this.field(dot, first, operands, piped);
      case 'chain':
        return this.chain(dot, first, operands, piped);
      case 'identifier':
        return this.function(dot, first, command, operands, piped);
      case 'variable':
        return this.variable(dot, first, operands, piped);
      case 'pipe':
        this.refuseArguments(operands, piped);
        return this.pipeline(dot, first);
      default:
        this.state.at(first);
        this.refuseArguments(operands, piped);
        return this.constant(dot, first);
    }
  }

  private refuseArguments(operands: readonly Operand[], piped: Piped): void {
    if (operands.length > 1 || piped !== NOTHING_PIPED) {
      this.state.fail(`can't give argument to non-function ${nodeText(operands[0]!)}`);
    }
  }

  private constant(dot: Dot, node: Operand): Value {
    switch (node.kind) {
      case 'bool':
        return node.value;
      case 'string':
        return node.text;
      case 'number':
        return this.number(node);
      case 'dot':
        return dot.value;
      default:
        return this.state.fail(`${nodeText(node)} is not a command`);
    }
  }

  /** A number where nothing asks for a type: its form decides. */
  number(node: NumberNode): Value {
    this.state.at(node);
    if (node.isFloat) return node.float;
    if (node.integer! > MAX_INT) this.state.fail(`${node.text} overflows int`);
    return node.integer;
  }

  field(dot: Dot, node: FieldNode, operands: readonly Operand[], piped: Piped): Value {
    this.state.at(node);
    return this.path(dot, dot, node, node.path, operands, piped);
  }

  chain(dot: Dot, node: ChainNode, operands: readonly Operand[], piped: Piped): Value {
    this.state.at(node);
    if (node.of.kind === 'nil') this.state.fail(`indirection through explicit nil in ${nodeText(node)}`);
    const value = this.arguments.any(dot, node.of);
    return this.path(dot, { value, isInterface: false }, node, node.path, operands, piped);
  }

  variable(dot: Dot, node: VariableNode, operands: readonly Operand[], piped: Piped): Value {
    this.state.at(node);
    const [name, ...path] = node.path;
    const value = this.state.read(name!);
    if (path.length > 0) return this.path(dot, { value, isInterface: false }, node, path, operands, piped);
    this.refuseArguments(operands, piped);
    return value;
  }

  /** Fields one after the other; what is given as arguments goes to the last one. */
  private path(
    dot: Dot,
    receiver: Dot,
    node: Operand,
    path: readonly string[],
    operands: readonly Operand[],
    piped: Piped,
  ): Value {
    const last = path.length - 1;
    const owner = path
      .slice(0, last)
      .reduce((value, name) => this.member(dot, name, node, [node], NOTHING_PIPED, value), receiver);
    return this.member(dot, path[last]!, node, operands, piped, owner).value;
  }

  /** A method, a field or a key. */
  private member(
    dot: Dot,
    name: string,
    node: Operand,
    operands: readonly Operand[],
    piped: Piped,
    receiver: Dot,
  ): Dot {
    const { value } = receiver;
    if (value === undefined) return this.memberOfNothing(name);
    if (value === null) return this.state.fail(`nil pointer evaluating ${INTERFACE}.${name}`);
    const method = typeof value === 'object' ? lookUp(value.methods, name) : undefined;
    if (method) return known(this.call(dot, method, node, name, operands, piped));
    const hasArguments = operands.length > 1 || piped !== NOTHING_PIPED;
    if (value instanceof GoMap) return this.key(value, name, hasArguments);
    return this.structField(receiver, name, hasArguments);
  }

  private memberOfNothing(name: string): Dot {
    if (this.missingKey === 'error') this.state.fail(`nil data; no entry for key ${quote(name)}`);
    return known(undefined);
  }

  private key(map: GoMap, name: string, hasArguments: boolean): Dot {
    if (hasArguments) this.state.fail(`${name} is not a method but has arguments`);
    return {
      value: map.has(name) ? map.get(name) : this.missing(map, name),
      isInterface: map.element === INTERFACE,
    };
  }

  private missing(map: GoMap, name: string): Value {
    if (this.missingKey === 'error') this.state.fail(`map has no entry for key ${quote(name)}`);
    return this.missingKey === 'zero' ? map.zero() : undefined;
  }

  private structField({ value, isInterface }: Dot, name: string, hasArguments: boolean): Dot {
    const field = value instanceof GoObject ? value.field(name) : undefined;
    if (!field) {
      const type = isInterface ? INTERFACE : typeName(value);
      return this.state.fail(`can't evaluate field ${name} in type ${type}`);
    }
    if (hasArguments) this.state.fail(`${name} has arguments but cannot be invoked as function`);
    return { value: toValue(field.value) ?? null, isInterface: field.type === INTERFACE };
  }

  function(
    dot: Dot,
    node: IdentifierNode,
    context: CommandNode | IdentifierNode,
    operands: readonly Operand[],
    piped: Piped,
  ): Value {
    this.state.at(node);
    return this.call(dot, lookUp(this.functions, node.name)!, context, node.name, operands, piped);
  }

  /** The first operand is the function itself. */
  private call(
    dot: Dot,
    fn: GoFunction,
    node: CommandNode | Operand,
    name: string,
    operands: readonly Operand[],
    piped: Piped,
  ): Value {
    const given = operands.slice(1);
    this.arguments.checkCount(fn, name, given.length, piped);
    if (fn.stopsAt !== undefined) return this.arguments.until(dot, given, piped, fn.stopsAt);
    const values = this.arguments.all(dot, fn, given, piped);
    const result = this.run(fn, node, name, values);
    this.state.spendText(textIn([...values, result]));
    return result;
  }

  private run(fn: GoFunction, node: CommandNode | Operand, name: string, values: readonly Value[]): Value {
    const spend = (steps: number) => this.state.spend(steps);
    try {
      return toValue(fn.call(...((fn.isMetered ? [spend, ...values] : values) as never[])));
    } catch (error) {
      if (error instanceof TemplateError) throw error;
      this.state.at(node);
      const message = error instanceof Error ? error.message : String(error);
      return this.state.fail(`error calling ${name}: ${message}`, error);
    }
  }
}

function known(value: Value): Dot {
  return { value, isInterface: false };
}

function textIn(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}
