/** Pipelines: declarations, commands between `|`, and their operands. Knows which variables are in scope. */
import { MAX_NESTING } from '../limits';
import { quote } from '../format/quote';
import type { Token, TokenKind } from './lexer';
import { parseNumber, unquote, unquoteRune } from './literals';
import type { TokenStream } from './token-stream';
import { nodeText, type CommandNode, type Operand, type PipeNode, type VariableNode } from './tree';

const OPERAND_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  '(',
]);

const NOT_EXECUTABLE: ReadonlySet<Operand['kind']> = new Set(['bool', 'dot', 'nil', 'number', 'string']);
const WITHOUT_FIELDS = NOT_EXECUTABLE;

export class ExpressionParser {
  private variables = ['$'];
  private depth = 0;

  constructor(
    private readonly tokens: TokenStream,
    private readonly isFunction: (name: string) => boolean,
  ) {}

  /** How many variables there are: `forget` drops those that came later. */
  mark(): number {
    return this.variables.length;
  }

  forget(mark: number): void {
    this.variables.length = mark;
  }

  pipeline(context: string, end: 'right' | ')'): PipeNode {
    const { position } = this.tokens.peekNonSpace();
    const { declared, isAssignment } = this.declarations(context);
    const commands = this.commands(context, end);
    this.check(commands, context);
    return { kind: 'pipe', position, declared, isAssignment, commands };
  }

  private declarations(context: string): Pick<PipeNode, 'declared' | 'isAssignment'> {
    const declared: VariableNode[] = [];
    for (;;) {
      const mark = this.tokens.mark();
      const token = this.tokens.nextNonSpace();
      const sign = token.kind === 'variable' ? this.tokens.nextNonSpace() : token;
      const isLast = sign.kind === 'assign' || sign.kind === 'declare';
      if (token.kind !== 'variable' || !(isLast || (sign.kind === 'sign' && sign.text === ','))) {
        this.tokens.rewind(mark);
        return { declared, isAssignment: false };
      }
      declared.push({ kind: 'variable', position: token.position, path: [token.text] });
      this.variables.push(token.text);
      if (isLast) return { declared, isAssignment: sign.kind === 'assign' };
      this.checkSecond(context, declared.length);
    }
  }

  /** A comma: only range declares two variables. */
  private checkSecond(context: string, count: number): void {
    if (context !== 'range' || count > 1) this.tokens.fail(`too many declarations in ${context}`);
    if (!['variable', 'right', ')'].includes(this.tokens.peekNonSpace().kind)) {
      this.tokens.fail('range can only initialize variables');
    }
  }

  private commands(context: string, end: TokenKind): CommandNode[] {
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.tokens.nextNonSpace();
      if (token.kind === end) return commands;
      if (!OPERAND_STARTS.has(token.kind)) this.tokens.unexpected(token, context);
      this.tokens.back();
      commands.push(this.command());
    }
  }

  private check(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.tokens.fail(`missing value for ${context}`);
    commands.forEach(({ operands }, index) => {
      if (index > 0 && NOT_EXECUTABLE.has(operands[0]!.kind)) {
        this.tokens.fail(`non executable command in pipeline stage ${index + 1}`);
      }
    });
  }

  /** Takes the pipe that ends it, and leaves a delimiter or parenthesis to the pipeline. */
  private command(): CommandNode {
    const { position } = this.tokens.peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.tokens.peekNonSpace();
      const operand = this.operand();
      if (operand) operands.push(operand);
      const token = this.tokens.next();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === ')') this.tokens.back();
      else if (token.kind !== 'pipe') this.tokens.unexpected(token, 'operand');
      if (operands.length === 0) this.tokens.fail('empty command');
      return { kind: 'command', position, operands };
    }
  }

  /** A term and the fields after it; null where something else stands. */
  private operand(): Operand | null {
    const term = this.term();
    const { kind, position } = this.tokens.peek();
    if (term === null || kind !== 'field') return term;
    const path: string[] = [];
    while (this.tokens.peek().kind === 'field') path.push(this.tokens.next().text.slice(1));
    // Go places the whole at its second part.
    if (term.kind === 'field' || term.kind === 'variable') {
      return { kind: term.kind, position, path: [...term.path, ...path] };
    }
    if (WITHOUT_FIELDS.has(term.kind)) this.tokens.fail(`unexpected . after term ${quote(nodeText(term))}`);
    return { kind: 'chain', position, of: term, path };
  }

  private term(): Operand | null {
    const token = this.tokens.nextNonSpace();
    const { position, text } = token;
    switch (token.kind) {
      case 'identifier':
        return this.functionName(token);
      case 'variable':
        return this.variable(token);
      case 'dot':
      case 'nil':
        return { kind: token.kind, position };
      case 'field':
        return { kind: 'field', position, path: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', position, value: text === 'true' };
      case 'number':
        return { kind: 'number', position, text, ...this.tokens.reading(() => parseNumber(text)) };
      case 'char':
        return this.character(token);
      case 'string':
      case 'rawString':
        return { kind: 'string', position, quoted: text, text: this.tokens.reading(() => unquote(text)) };
      case '(':
        return this.parenthesized();
      default:
        this.tokens.back();
        return null;
    }
  }

  private functionName({ position, text }: Token): Operand {
    if (!this.isFunction(text)) this.tokens.fail(`function ${quote(text)} not defined`);
    return { kind: 'identifier', position, name: text };
  }

  private variable({ position, text }: Token): Operand {
    if (!this.variables.includes(text)) this.tokens.fail(`undefined variable ${quote(text)}`);
    return { kind: 'variable', position, path: [text] };
  }

  private character({ position, text }: Token): Operand {
    const integer = this.tokens.reading(() => unquoteRune(text));
    return { kind: 'number', position, text, integer, float: Number(integer), isFloat: false };
  }

  private parenthesized(): PipeNode {
    if (++this.depth > MAX_NESTING) this.tokens.fail('max expression depth exceeded');
    const pipe = this.pipeline('parenthesized pipeline', ')');
    this.depth--;
    return pipe;
  }
}
