/**
 * Parses a source into trees: the main one, and one for each `define` and `block`. This file has what stands between
 * `{{ }}` as a whole; pipelines and their parts are the expression parser's.
 */
import { MAX_NESTING } from '../limits';
import { quote } from '../format/quote';
import { ExpressionParser } from './expression-parser';
import type { Token } from './lexer';
import { unquote } from './literals';
import { TokenStream } from './token-stream';
import type { BranchNode, ListNode, PipeNode, Source, Statement, TemplateNode, Tree } from './tree';

type Branch = BranchNode['kind'];

/** What ends a list. */
interface Ending {
  readonly kind: 'end' | 'else';
  readonly position: number;
}

/** What the trees of one source have in common. */
interface Shared {
  readonly source: Source;
  readonly tokens: TokenStream;
  readonly isFunction: (name: string) => boolean;
  readonly trees: Map<string, Tree>;
}

const ENDING_TEXT = { end: '{{end}}', else: '{{else}}' };

/** The trees of a source by name. `isFunction` says which functions there are: a template that calls another is refused. */
export function parse(source: Source, isFunction: (name: string) => boolean): Map<string, Tree> {
  const words = new Set(['break', 'continue'].filter(isFunction));
  const shared: Shared = {
    source,
    tokens: new TokenStream(source.name, source.text, words),
    isFunction,
    trees: new Map(),
  };
  new TreeParser(shared).main();
  return shared.trees;
}

/** One tree: its variables and ranges are its own, the tokens are those of the whole source. */
class TreeParser {
  private rangeDepth = 0;
  private depth = 0;
  private readonly tokens: TokenStream;
  private readonly expressions: ExpressionParser;

  constructor(private readonly shared: Shared) {
    this.tokens = shared.tokens;
    this.expressions = new ExpressionParser(shared.tokens, shared.isFunction);
  }

  main(): void {
    const root: ListNode = { kind: 'list', position: this.tokens.peek().position, nodes: [] };
    while (this.tokens.peek().kind !== 'eof') {
      if (this.definition()) continue;
      const node = this.textOrAction();
      if (isEnding(node)) this.tokens.fail(`unexpected ${ENDING_TEXT[node.kind]}`);
      root.nodes.push(node);
    }
    this.add(this.shared.source.name, root);
  }

  private definition(): boolean {
    const mark = this.tokens.mark();
    if (this.tokens.next().kind === 'left' && this.tokens.nextNonSpace().kind === 'define') {
      new TreeParser(this.shared).define();
      return true;
    }
    this.tokens.rewind(mark);
    return false;
  }

  private define(): void {
    const context = 'define clause';
    const name = this.tokens.expect(context, 'string', 'rawString');
    const text = this.tokens.reading(() => unquote(name.text));
    this.tokens.expect(context, 'right');
    this.body(text, context);
  }

  private body(name: string, context: string): void {
    const { list, ending } = this.list();
    if (ending.kind !== 'end') this.tokens.fail(`unexpected ${ENDING_TEXT[ending.kind]} in ${context}`);
    this.add(name, list);
  }

  /** One of two definitions of a name has to be empty. */
  private add(name: string, root: ListNode): void {
    const { trees, source } = this.shared;
    const former = trees.get(name);
    if (former === undefined || isEmpty(former.root)) trees.set(name, { name, root, source });
    else if (!isEmpty(root)) this.tokens.fail(`template: multiple definition of template ${quote(name)}`);
  }

  private list(): { list: ListNode; ending: Ending } {
    const list: ListNode = { kind: 'list', position: this.tokens.peekNonSpace().position, nodes: [] };
    while (this.tokens.peekNonSpace().kind !== 'eof') {
      const node = this.textOrAction();
      if (isEnding(node)) return { list, ending: node };
      list.nodes.push(node);
    }
    return this.tokens.fail('unexpected EOF');
  }

  private textOrAction(): Statement | Ending {
    const token = this.tokens.nextNonSpace();
    if (token.kind === 'text') return { kind: 'text', position: token.position, text: token.text };
    if (token.kind !== 'left') return this.tokens.unexpected(token, 'input');
    this.tokens.actionLine = token.line;
    const node = this.action();
    this.tokens.actionLine = 0;
    return node;
  }

  private action(): Statement | Ending {
    const token = this.tokens.nextNonSpace();
    switch (token.kind) {
      case 'if':
      case 'with':
      case 'range':
        return this.branch(token.kind);
      case 'break':
      case 'continue':
        return this.jump(token, token.kind);
      case 'else':
        return this.else();
      case 'end':
        return { kind: 'end', position: this.tokens.expect('end', 'right').position };
      case 'template':
        return this.template();
      case 'block':
        return this.block();
      default:
        this.tokens.back();
        return { kind: 'action', position: token.position, pipe: this.pipeline('command') };
    }
  }

  private pipeline(context: string): PipeNode {
    return this.expressions.pipeline(context, 'right');
  }

  private branch(kind: Branch): BranchNode {
    if (++this.depth > MAX_NESTING) {
      this.tokens.fail(`more than ${MAX_NESTING} control structures inside each other: nest fewer`);
    }
    const variables = this.expressions.mark();
    const pipe = this.pipeline(kind);
    const { list, ending } = this.branchList(kind);
    const otherwise = ending.kind === 'else' ? this.otherwise(kind, ending) : undefined;
    this.expressions.forget(variables);
    this.depth--;
    return { kind, position: pipe.position, pipe, list, otherwise };
  }

  private branchList(kind: Branch): { list: ListNode; ending: Ending } {
    const isRange = kind === 'range' ? 1 : 0;
    this.rangeDepth += isRange;
    const parsed = this.list();
    this.rangeDepth -= isRange;
    return parsed;
  }

  /** `{{else if}}` is an if inside of the else, and the one `{{end}}` ends both. */
  private otherwise(kind: Branch, { position }: Ending): ListNode {
    if ((kind === 'if' || kind === 'with') && this.tokens.peek().kind === kind) {
      this.tokens.next();
      return { kind: 'list', position, nodes: [this.branch(kind)] };
    }
    const { list, ending } = this.list();
    if (ending.kind !== 'end') this.tokens.fail(`expected end; found ${ENDING_TEXT[ending.kind]}`);
    return list;
  }

  private else(): Ending {
    const following = this.tokens.peekNonSpace();
    if (following.kind === 'if' || following.kind === 'with') {
      return { kind: 'else', position: following.position };
    }
    return { kind: 'else', position: this.tokens.expect('else', 'right').position };
  }

  private jump({ position }: Token, kind: 'break' | 'continue'): Statement {
    const token = this.tokens.nextNonSpace();
    if (token.kind !== 'right') this.tokens.unexpected(token, `{{${kind}}}`);
    if (this.rangeDepth === 0) this.tokens.fail(`{{${kind}}} outside {{range}}`);
    return { kind, position };
  }

  private template(): TemplateNode {
    const context = 'template clause';
    const { name, position } = this.templateName(context);
    if (this.tokens.nextNonSpace().kind === 'right') return { kind: 'template', position, name };
    this.tokens.back();
    return { kind: 'template', position, name, pipe: this.pipeline(context) };
  }

  private block(): TemplateNode {
    const context = 'block clause';
    const { name, position } = this.templateName(context);
    const pipe = this.pipeline(context);
    new TreeParser(this.shared).body(name, context);
    return { kind: 'template', position, name, pipe };
  }

  private templateName(context: string): { name: string; position: number } {
    const token = this.tokens.expect(context, 'string', 'rawString');
    return { name: this.tokens.reading(() => unquote(token.text)), position: token.position };
  }
}

function isEnding(node: Statement | Ending): node is Ending {
  return node.kind === 'end' || node.kind === 'else';
}

/** Nothing but spaces and comments. */
export function isEmpty({ nodes }: ListNode): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}
