/** Runs a template: writes its texts and values, takes branches, goes through ranges, calls other templates. */
import { quote } from '../format/quote';
import { sprint } from '../format/printer';
import { HtmlWriter } from '../html/writer';
import { MAX_TEMPLATE_DEPTH, type Limits } from '../limits';
import type { BranchNode, ListNode, PipeNode, Statement, TemplateNode, Tree } from '../parse/tree';
import { TemplateError } from '../template-error';
import type { FunctionTable } from '../value/functions';
import {
  type GoList,
  type GoMap,
  GoObject,
  integerOf,
  isTrue,
  kindOf,
  toValue,
  type Value,
} from '../value/values';
import { Evaluator, type Dot, type MissingKey } from './evaluator';
import { State } from './state';

export interface Program {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly functions: FunctionTable;
  readonly missingKey: MissingKey;
  /** Whether the output is an HTML document, in which values are escaped by where they stand. */
  readonly isHtml: boolean;
  readonly limits: Limits;
}

/** How a list ended: at its end, or at `break` or `continue`. */
type Outcome = 'done' | 'break' | 'continue';

interface Element {
  readonly index: Value;
  readonly dot: Dot;
}

export function execute(program: Program, tree: Tree, data: unknown): string {
  const state = new State(tree, program.limits);
  try {
    // A nil is no value, as it is for Go.
    const value = toValue(data) ?? undefined;
    const executor = new Executor(program, state);
    state.inTemplate(tree, value, () => executor.run(tree, value));
  } catch (error) {
    // Data that no template can hold; it is looked at when it is needed.
    if (!(error instanceof TemplateError)) state.fail((error as Error).message, error);
    throw error;
  }
  return state.written();
}

class Executor {
  private readonly evaluator: Evaluator;
  private readonly html: HtmlWriter | null;
  private depth = 0;

  constructor(
    private readonly program: Program,
    private readonly state: State,
  ) {
    this.html = program.isHtml ? new HtmlWriter() : null;
    this.evaluator = new Evaluator(state, program.functions, program.missingKey);
  }

  run(tree: Tree, data: Value): void {
    this.list({ value: data, isInterface: false }, tree.root);
  }

  private list(dot: Dot, list: ListNode): Outcome {
    this.state.at(list);
    for (const node of list.nodes) {
      const outcome = this.statement(dot, node);
      if (outcome !== 'done') return outcome;
    }
    return 'done';
  }

  private statement(dot: Dot, node: Statement): Outcome {
    this.state.at(node);
    switch (node.kind) {
      case 'text':
        this.state.write(this.html === null ? node.text : this.html.text(node.text));
        return 'done';
      case 'action':
        this.print(node, this.evaluator.pipeline(dot, node.pipe));
        return 'done';
      case 'template':
        this.template(dot, node);
        return 'done';
      case 'if':
      case 'with':
        return this.scoped(() => this.branch(dot, node));
      case 'range':
        return this.scoped(() => this.range(dot, node));
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  /** Variables that a control structure declares end with it. */
  private scoped(run: () => Outcome): Outcome {
    const mark = this.state.mark();
    const outcome = this.state.nested(run);
    this.state.forget(mark);
    return outcome;
  }

  private print(node: Statement & { pipe: PipeNode }, value: Value): void {
    if (node.pipe.declared.length > 0) return;
    this.state.at(node);
    if (this.html === null) return this.state.write(this.textOf(value));
    // Nothing is nothing in a document.
    const printed = value == null ? '' : this.textOf(value);
    this.state.write(this.html.value(value, printed, escaperOf(node.pipe)));
  }

  private textOf(value: Value): string {
    try {
      return printed(value);
    } catch (error) {
      return this.state.fail((error as Error).message, error);
    }
  }

  private branch(dot: Dot, { kind, pipe, list, otherwise }: BranchNode): Outcome {
    const value = this.evaluator.pipeline(dot, pipe);
    if (isTrue(value)) return this.list(kind === 'with' ? { value, isInterface: false } : dot, list);
    return otherwise ? this.list(dot, otherwise) : 'done';
  }

  private range(dot: Dot, node: BranchNode): Outcome {
    this.state.at(node);
    const value = this.evaluator.pipeline(dot, node.pipe);
    const mark = this.state.mark();
    let isEmpty = true;
    for (const element of this.elements(value, node.pipe)) {
      isEmpty = false;
      this.setVariables(node.pipe, element);
      const outcome = this.list(element.dot, node.list);
      this.state.forget(mark);
      if (outcome === 'break') break;
    }
    return isEmpty && node.otherwise ? this.list(dot, node.otherwise) : 'done';
  }

  /** With one variable it is the element, with two the first is the index. */
  private setVariables({ declared, isAssignment }: PipeNode, { index, dot }: Element): void {
    const [first, second] = declared;
    if (!first) return;
    if (isAssignment) this.state.assign(first.path[0]!, second ? index : dot.value);
    else this.state.assignLast(1, dot.value);
    if (!second) return;
    if (isAssignment) this.state.assign(second.path[0]!, dot.value);
    else this.state.assignLast(2, index);
  }

  private elements(value: Value, pipe: PipeNode): Iterable<Element> {
    switch (kindOf(value)) {
      case 'invalid':
        return [];
      case 'int':
        return this.integers(value as bigint | GoObject, pipe);
      case 'slice':
        return listElements(value as GoList);
      case 'map':
        return mapElements(value as GoMap);
      default:
        return this.state.fail(`range can't iterate over ${this.textOf(value)}`);
    }
  }

  private integers(value: bigint | GoObject, { declared }: PipeNode): Iterable<Element> {
    const end = integerOf(value);
    if (declared.length > 1) this.state.fail(`can't use ${end} to iterate over more than one variable`);
    return upTo(end);
  }

  private template(dot: Dot, node: TemplateNode): void {
    const tree = this.program.trees.get(node.name);
    if (!tree) return this.state.fail(`template ${quote(node.name)} not defined`);
    if (this.depth === MAX_TEMPLATE_DEPTH) {
      return this.state.fail(`exceeded maximum template depth (${MAX_TEMPLATE_DEPTH})`);
    }
    const data = node.pipe ? this.evaluator.pipeline(dot, node.pipe) : undefined;
    this.depth++;
    this.state.nested(() => this.state.inTemplate(tree, data, () => this.run(tree, data)));
    this.depth--;
  }
}

/** The function that a pipeline ends with, if that is one of Go's own escapers. */
function escaperOf({ commands }: PipeNode): string | null {
  const last = commands.at(-1)?.operands[0];
  return last?.kind === 'identifier' && ESCAPERS.has(last.name) ? last.name : null;
}

const ESCAPERS: ReadonlySet<string> = new Set(['html', 'urlquery']);

/** A value on its own in the output. */
function printed(value: Value): string {
  if (value == null) return '<no value>';
  if (typeof value === 'string') return value;
  return sprint([value instanceof GoObject ? value.pointee() : value]);
}

function* upTo(end: bigint): Iterable<Element> {
  for (let value = 0n; value < end; value++) yield { index: undefined, dot: { value, isInterface: false } };
}

function* listElements(list: GoList): Iterable<Element> {
  const isInterface = list.isOfInterfaces;
  for (let i = 0; i < list.length; i++) yield { index: BigInt(i), dot: { value: list.at(i), isInterface } };
}

function* mapElements(map: GoMap): Iterable<Element> {
  const isInterface = map.zero() === null;
  for (const key of map.keys()) yield { index: key, dot: { value: map.get(key), isInterface } };
}
