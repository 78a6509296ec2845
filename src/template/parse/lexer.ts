/**
 * Cuts a template's text into tokens, as Go's text/template does: text outside `{{ }}`, and inside them words, fields,
 * numbers, quoted texts and signs. A token is made when the parser asks for it; what can't be read becomes an `error`
 * token, which the parser reports when it gets there. Comments make no token.
 */
import { quote } from '../format/quote';
import { describeRune } from '../format/runes';

export type TokenKind =
  | 'error'
  | 'bool'
  | 'sign'
  | 'char'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'left'
  | '('
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'right'
  | ')'
  | 'space'
  | 'string'
  | 'text'
  | 'variable'
  | 'dot'
  | Keyword;

export type Keyword = (typeof KEYWORDS)[number];

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly position: number;
  readonly line: number;
}

const KEYWORDS = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const;

const NAMED: ReadonlySet<TokenKind> = new Set<TokenKind>(['dot', ...KEYWORDS]);

const SPACES = /[ \t\r\n]+/y;
const TRAILING_SPACES = /[ \t\r\n]+$/;
const LEFT_TRIM = /-[ \t\r\n]/y;
const RIGHT_DELIMITER = /([ \t\r\n]-)?\}\}/y;
const WORD = /[\p{L}\p{Nd}_]*/uy;
/** What may follow a word or a field. */
const TERMINATOR = /[ \t\r\n.,|:()]|\}\}|$/y;
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"/uy;
const CHARACTER = /'(?:[^'\\\n]|\\[^\n])*'/uy;
const RAW = /`[^`]*`/y;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

const QUOTES: Readonly<Record<string, { form: RegExp; kind: TokenKind; problem: string }>> = {
  '"': { form: QUOTED, kind: 'string', problem: 'unterminated quoted string' },
  '`': { form: RAW, kind: 'rawString', problem: 'unterminated raw quoted string' },
  "'": { form: CHARACTER, kind: 'char', problem: 'unterminated character constant' },
};

export class Lexer {
  private position = 0;
  private line = 1;
  /** Up to where lines have been counted. */
  private counted = 0;
  private inAction = false;
  private openParentheses = 0;

  /** `words` are the identifiers that are functions although Go has keywords of that name: `break` and `continue`. */
  constructor(
    private readonly text: string,
    private readonly words: ReadonlySet<string>,
  ) {}

  next(): Token {
    return this.inAction ? this.insideAction() : this.outside();
  }

  private outside(): Token {
    const start = this.position;
    const open = this.text.indexOf('{{', start);
    if (open < 0) return this.token(start < this.text.length ? 'text' : 'eof', this.text.length);
    const trims = this.matches(LEFT_TRIM, open + 2) !== null;
    const before = this.text.slice(start, open);
    const kept = trims ? before.replace(TRAILING_SPACES, '') : before;
    if (kept === '') return this.leftDelimiter(open, trims);
    const token = this.token('text', start + kept.length);
    this.position = open;
    return token;
  }

  private leftDelimiter(open: number, trims: boolean): Token {
    const content = open + 2 + (trims ? 2 : 0);
    if (this.text.startsWith('/*', content)) return this.comment(content);
    this.position = open;
    const token = this.token('left', open + 2);
    this.position = content;
    this.inAction = true;
    this.openParentheses = 0;
    return token;
  }

  private comment(start: number): Token {
    this.position = start;
    const end = this.text.indexOf('*/', start + 2);
    if (end < 0) return this.problem('unclosed comment');
    const close = this.matches(RIGHT_DELIMITER, end + 2);
    if (close === null) return this.problem('comment ends before closing delimiter');
    this.position = this.afterRight(end + 2, close);
    return this.outside();
  }

  /** Where the text goes on after a right delimiter, which may take the following spaces with it. */
  private afterRight(start: number, delimiter: string): number {
    const end = start + delimiter.length;
    return delimiter.length === 2 ? end : end + (this.matches(SPACES, end)?.length ?? 0);
  }

  private insideAction(): Token {
    const start = this.position;
    const close = this.matches(RIGHT_DELIMITER, start);
    if (close !== null) return this.rightDelimiter(close);
    if (start >= this.text.length) return this.problem('unclosed action');
    const character = this.text[start]!;
    if (this.matches(SPACES, start) !== null) return this.space();
    if (Object.hasOwn(QUOTES, character)) return this.quoted(character);
    // A point at the very end begins a number, in Go too.
    if (character === '.' && /[^0-9]/.test(this.text[start + 1] ?? '0')) return this.fieldOrVariable('field');
    if (character === '$') return this.fieldOrVariable('variable');
    if (/[.+\-0-9]/.test(character)) return this.number();
    if (this.matches(WORD, start) !== '') return this.identifier();
    return this.sign(character);
  }

  private rightDelimiter(delimiter: string): Token {
    if (this.openParentheses > 0) return this.problem('unclosed left paren');
    const start = this.position;
    this.position = start + delimiter.length - 2;
    const token = this.token('right', this.position + 2);
    this.position = this.afterRight(start, delimiter);
    this.inAction = false;
    return token;
  }

  /** The last space before `-}}` belongs to the delimiter. */
  private space(): Token {
    const end = this.position + this.matches(SPACES, this.position)!.length;
    const trims = this.matches(RIGHT_DELIMITER, end - 1) !== null;
    return this.token('space', trims ? end - 1 : end);
  }

  private quoted(character: string): Token {
    const { form, kind, problem } = QUOTES[character]!;
    const found = this.matches(form, this.position);
    return found === null ? this.problem(problem) : this.token(kind, this.position + found.length);
  }

  private fieldOrVariable(kind: 'field' | 'variable'): Token {
    const name = this.matches(WORD, this.position + 1)!;
    const end = this.position + 1 + name.length;
    if (!this.endsWord(end)) return this.badCharacter(end);
    return this.token(name === '' && kind === 'field' ? 'dot' : kind, end);
  }

  private identifier(): Token {
    const word = this.matches(WORD, this.position)!;
    const end = this.position + word.length;
    if (!this.endsWord(end)) return this.badCharacter(end);
    if (word === 'true' || word === 'false') return this.token('bool', end);
    const isKeyword = (KEYWORDS as readonly string[]).includes(word) && !this.words.has(word);
    return this.token(isKeyword ? (word as Keyword) : 'identifier', end);
  }

  /** Accepts a little too much, such as `0x0.2`: the parser reads the number, and refuses what is none. */
  private number(): Token {
    const end = this.position + this.matches(NUMBER, this.position)!.length;
    const joined = /^[+-]$/.test(this.text[end] ?? '') ? this.matches(NUMBER, end)! : '';
    const isComplex = joined !== '' && joined.endsWith('i');
    const stop = end + joined.length;
    const runsOn = this.matches(WORD, stop) !== '';
    if (runsOn || (joined !== '' && !isComplex)) {
      const last = runsOn ? String.fromCodePoint(this.text.codePointAt(stop)!) : '';
      return this.problem(`bad number syntax: ${quote(this.text.slice(this.position, stop) + last)}`);
    }
    return this.token('number', stop);
  }

  private sign(character: string): Token {
    if (character === ':' && this.text[this.position + 1] !== '=') return this.problem('expected :=');
    if (character === ':') return this.token('declare', this.position + 2);
    if (character === '(') this.openParentheses++;
    if (character === ')' && --this.openParentheses < 0) return this.problem('unexpected right paren');
    if (character === '(' || character === ')') return this.token(character, this.position + 1);
    if (character === '=') return this.token('assign', this.position + 1);
    if (character === '|') return this.token('pipe', this.position + 1);
    if (/[!-~]/.test(character)) return this.token('sign', this.position + 1);
    const rune = describeRune(this.text.codePointAt(this.position)!);
    return this.problem(`unrecognized character in action: ${rune}`);
  }

  private endsWord(position: number): boolean {
    return this.matches(TERMINATOR, position) !== null;
  }

  private badCharacter(position: number): Token {
    return this.problem(`bad character ${describeRune(this.text.codePointAt(position)!)}`);
  }

  private matches(pattern: RegExp, position: number): string | null {
    pattern.lastIndex = position;
    return pattern.exec(this.text)?.[0] ?? null;
  }

  private token(kind: TokenKind, end: number): Token {
    const token = {
      kind,
      text: kind === 'eof' ? 'EOF' : this.text.slice(this.position, end),
      position: this.position,
      line: this.lineAt(this.position),
    };
    this.position = end;
    return token;
  }

  private problem(message: string): Token {
    return { kind: 'error', text: message, position: this.position, line: this.lineAt(this.position) };
  }

  private lineAt(position: number): number {
    for (; this.counted < position; this.counted++) if (this.text[this.counted] === '\n') this.line++;
    return this.line;
  }
}

/** A token as error messages show it. */
export function tokenText({ kind, text }: Token): string {
  if (kind === 'eof' || kind === 'error') return text;
  if (NAMED.has(kind)) return `<${text}>`;
  const shortened = [...text].slice(0, 10).join('');
  return new TextEncoder().encode(text).length > 10 ? `${quote(shortened)}...` : quote(text);
}
