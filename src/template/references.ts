/** What a template refers to, for a linter: known before the template has any data. */
import type {
  BranchNode,
  CommandNode,
  ListNode,
  Node,
  Operand,
  PipeNode,
  Source,
  Statement,
  Tree,
} from './parse/tree';

export type ReferenceKind = 'variable' | 'field' | 'function' | 'template';

export interface Reference {
  readonly kind: ReferenceKind;
  /**
   * A function's or template's name alone, a variable (`$labels`) and its fields, or fields of what `.` is there: at the
   * top that is the data, inside of `with`, `range` and a defined template it is what they have set.
   */
  readonly path: readonly string[];
  readonly line: number;
  /** Whether `.` is the data that the template was executed with. */
  readonly isAtTop: boolean;
  /**
   * The fields that the innermost `range` goes over, where it says no more than that: `.` is one of their elements then. Left
   * out elsewhere.
   */
  readonly elementOf?: readonly string[];
  /** What a function is given, where that is one text that stands there: `query "up"`, or `"up" | query`. */
  readonly literal?: string;
}

/** In the order in which they stand in the source, the main template first. */
export function referencesOf(main: Tree, trees: Iterable<Tree>): Reference[] {
  const others = [...trees].filter((tree) => tree !== main && tree.source === main.source);
  return [
    new Collector(main.source, true),
    ...others.map(({ source }) => new Collector(source, false)),
  ].flatMap((collector, index) => collector.collect(index === 0 ? main : others[index - 1]!));
}

class Collector {
  private readonly found: Reference[] = [];
  private elementOf: readonly string[] | null = null;

  constructor(
    private readonly source: Source,
    private isAtTop: boolean,
  ) {}

  collect({ root }: Tree): Reference[] {
    this.list(root);
    return this.found;
  }

  private list({ nodes }: ListNode): void {
    for (const node of nodes) this.statement(node);
  }

  private statement(node: Statement): void {
    switch (node.kind) {
      case 'action':
        return this.pipe(node.pipe);
      case 'template':
        this.add(node, 'template', [node.name]);
        if (node.pipe) this.pipe(node.pipe);
        return;
      case 'if':
      case 'with':
      case 'range':
        this.pipe(node.pipe);
        this.below(node);
        if (node.otherwise) this.list(node.otherwise);
        return;
      default:
        return;
    }
  }

  private below({ kind, pipe, list }: BranchNode): void {
    const { isAtTop, elementOf } = this;
    if (kind !== 'if') {
      this.isAtTop = false;
      this.elementOf = kind === 'range' ? fieldsIn(pipe) : null;
    }
    this.list(list);
    this.isAtTop = isAtTop;
    this.elementOf = elementOf;
  }

  private pipe({ commands }: PipeNode): void {
    commands.forEach((command, index) => this.command(command, commands[index - 1]));
  }

  private command({ operands }: CommandNode, before: CommandNode | undefined): void {
    const [called, ...others] = operands;
    const given = [...others, ...(before?.operands ?? [])];
    const [only] = given;
    if (called?.kind === 'identifier' && given.length === 1 && only?.kind === 'string')
      this.add(called, 'function', [called.name], only.text);
    else if (called !== undefined) this.operand(called);
    for (const operand of others) this.operand(operand);
  }

  private operand(node: Operand): void {
    switch (node.kind) {
      case 'identifier':
        return this.add(node, 'function', [node.name]);
      case 'variable':
      case 'field':
        return this.add(node, node.kind, node.path);
      case 'chain':
        return this.operand(node.of);
      case 'pipe':
        return this.pipe(node);
      default:
        return;
    }
  }

  /** What the owner put before the author's text is not the author's. */
  private add({ position }: Node, kind: ReferenceKind, path: readonly string[], literal?: string): void {
    const { text, prelude = 0 } = this.source;
    if (position < prelude) return;
    const line = text.slice(0, position).split('\n').length;
    const { isAtTop, elementOf } = this;
    this.found.push({
      ...{ kind, path, line, isAtTop },
      ...(elementOf !== null && { elementOf }),
      ...(literal !== undefined && { literal }),
    });
  }
}

/** Null where it is more than fields of `.` or of the data. */
function fieldsIn({ commands }: PipeNode): readonly string[] | null {
  const operands = commands.flatMap((command) => command.operands);
  const [only] = operands;
  if (only === undefined || operands.length > 1) return null;
  if (only.kind === 'field') return only.path;
  return only.kind === 'variable' && only.path[0] === '$' ? only.path.slice(1) : null;
}
