/**
 * Where an execution is: the node for errors, the variables, the output, and what of the limits is used up. Every step
 * of the execution goes through `at`, so that nothing runs on for ever.
 */
import { byteLength } from '../format/runes';
import { quote } from '../format/quote';
import { MAX_NESTING, TEXT_PER_STEP, type Limits } from '../limits';
import { nodeText, type Node, type Tree } from '../parse/tree';
import { TemplateError } from '../template-error';
import type { Value } from '../value/values';

interface Variable {
  readonly name: string;
  value: Value;
}

export class State {
  private node: Node;
  private variables: Variable[] = [];
  private output = '';
  private steps = 0;
  private nesting = 0;

  constructor(
    private tree: Tree,
    readonly limits: Limits,
  ) {
    this.node = tree.root;
  }

  /** The node that an error from here on is about. */
  at(node: Node): void {
    this.node = node;
    this.spend(1);
  }

  /** Functions read and write texts: that is work too. */
  spendText(characters: number): void {
    this.spend(Math.ceil(characters / TEXT_PER_STEP));
  }

  spend(steps: number): void {
    this.steps += steps;
    if (this.steps > this.limits.steps)
      this.fail(`more than ${this.limits.steps} steps: make the template do less`);
  }

  /** Runs a part that stands inside of another: the JavaScript stack bounds how deep that may go. */
  nested<T>(run: () => T): T {
    if (++this.nesting > MAX_NESTING) this.fail(`more than ${MAX_NESTING} levels inside each other`);
    const result = run();
    this.nesting--;
    return result;
  }

  write(text: string): void {
    this.output += text;
    if (this.output.length > this.limits.output)
      this.fail(`output is longer than ${this.limits.output} characters`);
  }

  written(): string {
    return this.output;
  }

  /** Runs a template: of the variables it sees `$` alone, which is its data. */
  inTemplate(tree: Tree, data: Value, run: () => void): void {
    const { tree: outerTree, variables } = this;
    this.tree = tree;
    this.variables = [{ name: '$', value: data }];
    run();
    this.tree = outerTree;
    this.variables = variables;
  }

  mark(): number {
    return this.variables.length;
  }

  forget(mark: number): void {
    this.variables.length = mark;
  }

  declare(name: string, value: Value): void {
    this.variables.push({ name, value });
  }

  assign(name: string, value: Value): void {
    this.variable(name).value = value;
  }

  read(name: string): Value {
    return this.variable(name).value;
  }

  /** Overwrites the variable that was declared last, or for 2 the one before it. */
  assignLast(back: 1 | 2, value: Value): void {
    this.variables.at(-back)!.value = value;
  }

  private variable(name: string): Variable {
    return this.variables.findLast((variable) => variable.name === name) ?? this.undefinedVariable(name);
  }

  /** The parser refuses these, but for `{{$x = 1}}` without a declaration: it takes that for one, as Go's does. */
  private undefinedVariable(name: string): never {
    return this.fail(`undefined variable: ${name}`);
  }

  fail(message: string, cause?: unknown): never {
    const { name, line, column } = this.place();
    const context = `executing ${quote(this.tree.name)} at <${nodeText(this.node)}>`;
    throw new TemplateError(
      { name, line, column },
      `template: ${name}:${line}:${column}: ${context}: ${message}`,
      { cause },
    );
  }

  private place(): { name: string; line: number; column: number } {
    const { name, text, prelude = 0 } = this.tree.source;
    const lines = text.slice(0, this.node.position).split('\n');
    const column = byteLength(lines.at(-1)!) - (lines.length === 1 ? prelude : 0);
    return { name, line: lines.length, column };
  }
}
