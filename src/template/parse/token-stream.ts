/** The tokens of one source, with as much looking ahead and going back as the parser needs. */
import { TemplateError } from '../template-error';
import { Lexer, tokenText, type Token, type TokenKind } from './lexer';

export class TokenStream {
  private readonly tokens: Token[] = [];
  private index = 0;
  private readonly lexer: Lexer;
  /** The line of the action that is being read, or 0: an error on a later line names it. */
  actionLine = 0;

  constructor(
    readonly name: string,
    text: string,
    words: ReadonlySet<string>,
  ) {
    this.lexer = new Lexer(text, words);
  }

  next(): Token {
    if (this.index === this.tokens.length) this.tokens.push(this.lexer.next());
    return this.tokens[this.index++]!;
  }

  peek(): Token {
    const token = this.next();
    this.back();
    return token;
  }

  back(): void {
    this.index--;
  }

  /** A place to come back to with `rewind`. */
  mark(): number {
    return this.index;
  }

  rewind(mark: number): void {
    this.index = mark;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.kind === 'space') token = this.next();
    return token;
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.back();
    return token;
  }

  expect(context: string, ...kinds: TokenKind[]): Token {
    const token = this.nextNonSpace();
    return kinds.includes(token.kind) ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.kind === 'error') return this.fail(tokenText(token) + this.startOf(token));
    return this.fail(`unexpected ${tokenText(token)} in ${context}`);
  }

  private startOf({ line, text }: Token): string {
    if (this.actionLine === 0 || this.actionLine === line) return '';
    const subject = text.endsWith(' action') ? '' : ' in action';
    return `${subject} started at ${this.name}:${this.actionLine}`;
  }

  /** The line is that of the last token that was read, as with Go. */
  fail(message: string): never {
    const line = this.tokens.at(-1)?.line ?? 1;
    throw new TemplateError({ name: this.name, line }, `template: ${this.name}:${line}: ${message}`);
  }

  /** Runs what reads a constant, and reports it with its place when it is none. */
  reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      return this.fail((error as Error).message);
    }
  }
}
