/** The tree of a template, and how its parts are written in error messages. */
import { quote } from '../format/quote';

/** Where something starts, in UTF-16 units from the start of the source. */
interface Placed {
  readonly position: number;
}

export interface TextNode extends Placed {
  readonly kind: 'text';
  readonly text: string;
}

/** `{{ pipeline }}` */
export interface ActionNode extends Placed {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}

/** `{{ if }}`, `{{ with }}` or `{{ range }}`. */
export interface BranchNode extends Placed {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly otherwise?: ListNode;
}

export interface JumpNode extends Placed {
  readonly kind: 'break' | 'continue';
}

/** `{{ template "name" pipeline }}` */
export interface TemplateNode extends Placed {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe?: PipeNode;
}

export interface ListNode extends Placed {
  readonly kind: 'list';
  readonly nodes: Statement[];
}

export type Statement = TextNode | ActionNode | BranchNode | JumpNode | TemplateNode;

export interface PipeNode extends Placed {
  readonly kind: 'pipe';
  readonly declared: readonly VariableNode[];
  /** `=` and not `:=` */
  readonly isAssignment: boolean;
  readonly commands: readonly CommandNode[];
}

/** What stands between two pipes: a function or value, and its arguments. */
export interface CommandNode extends Placed {
  readonly kind: 'command';
  readonly operands: readonly Operand[];
}

export interface IdentifierNode extends Placed {
  readonly kind: 'identifier';
  readonly name: string;
}

/** `$x.a.b`: the variable's name with its dollar sign, then the fields. */
export interface VariableNode extends Placed {
  readonly kind: 'variable';
  readonly path: readonly string[];
}

/** `.a.b` */
export interface FieldNode extends Placed {
  readonly kind: 'field';
  readonly path: readonly string[];
}

/** Fields of something else: `(index . "a").b`, `now.b`. */
export interface ChainNode extends Placed {
  readonly kind: 'chain';
  readonly of: Operand;
  readonly path: readonly string[];
}

export interface DotNode extends Placed {
  readonly kind: 'dot';
}

export interface NilNode extends Placed {
  readonly kind: 'nil';
}

export interface BoolNode extends Placed {
  readonly kind: 'bool';
  readonly value: boolean;
}

export interface StringNode extends Placed {
  readonly kind: 'string';
  /** As it is written, with quotes. */
  readonly quoted: string;
  readonly text: string;
}

/** A number, as each type that can hold it: what takes it decides, as with Go's constants. */
export interface NumberNode extends Placed {
  readonly kind: 'number';
  readonly text: string;
  readonly integer?: bigint;
  readonly float: number;
  /** What it is where nothing asks for a type. */
  readonly isFloat: boolean;
}

export type Literal = BoolNode | StringNode | NumberNode;

export type Operand =
  IdentifierNode | VariableNode | FieldNode | ChainNode | DotNode | NilNode | Literal | PipeNode;

export type Node = Statement | ListNode | CommandNode | Operand;

export interface Source {
  readonly name: string;
  readonly text: string;
  /** How many characters of the first line the owner put before the author's text: columns don't count them. */
  readonly prelude?: number;
}

/** One template: the main one, or one that `define` or `block` names. */
export interface Tree {
  readonly name: string;
  readonly root: ListNode;
  readonly source: Source;
}

/** A node as Go's errors write it. */
export function nodeText(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${nodeText(node.pipe)}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}}}`;
    case 'list':
      return node.nodes.map(nodeText).join('');
    case 'if':
    case 'with':
    case 'range':
      return branchText(node);
    case 'pipe':
      return declarationText(node) + node.commands.map(nodeText).join(' | ');
    case 'command':
      return node.operands.map(operandText).join(' ');
    default:
      return expressionText(node);
  }
}

function expressionText(node: Exclude<Operand, PipeNode>): string {
  switch (node.kind) {
    case 'identifier':
      return node.name;
    case 'variable':
      return node.path.join('.');
    case 'field':
      return node.path.map((name) => `.${name}`).join('');
    case 'chain':
      return operandText(node.of) + node.path.map((name) => `.${name}`).join('');
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'string':
      return node.quoted;
    case 'number':
      return node.text;
  }
}

function branchText({ kind, pipe, list, otherwise }: BranchNode): string {
  const alternative = otherwise ? `{{else}}${nodeText(otherwise)}` : '';
  return `{{${kind} ${nodeText(pipe)}}}${nodeText(list)}${alternative}{{end}}`;
}

function declarationText({ declared, isAssignment }: PipeNode): string {
  if (declared.length === 0) return '';
  return `${declared.map(nodeText).join(', ')} ${isAssignment ? '=' : ':='} `;
}

function operandText(node: Operand): string {
  return node.kind === 'pipe' ? `(${nodeText(node)})` : nodeText(node);
}
