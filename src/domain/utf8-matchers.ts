/**
 * Alertmanager's newer way of writing matchers: `{foo="bar", "with space"=~baz}`. Names and values may be any characters,
 * in double quotes with Go's escapes where they hold white space or one of `{}!=~,\"'` and the back quote. The braces may be
 * left out, one comma may stand at the end, and no text at all is no matcher.
 */
import { isRegexOperator, regexOf } from './alertmanager-regex';
import type { Matcher, MatchOperator } from './matchers';
import { unquote } from './quoted-text';

type Token =
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'word'; readonly text: string; readonly at: number; readonly value: string };

/** Unicode's white space. */
export const SPACE = String.raw`\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const TOKEN = new RegExp(
  String.raw`([{},]|=~|!=|!~|=)|("(?:[^"\\]|\\[\s\S])*")|([^${SPACE}{}!=~,\\"'\x60]+)|[${SPACE}]+`,
  'uy',
);
const OPERATORS: readonly string[] = ['=', '!=', '=~', '!~'];

/** Throws a RangeError that says what was expected where. */
export function parseUtf8Matchers(text: string): Matcher[] {
  return new MatcherList(tokensOf(text)).read();
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new RangeError(unreadable(text, at));
    const [, sign, quoted, plain] = match;
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at });
    if (plain !== undefined) tokens.push({ kind: 'word', text: plain, at, value: plain });
    if (quoted !== undefined) tokens.push({ kind: 'word', text: quoted, at, value: valueOf(quoted, at) });
  }
  return tokens;
}

function unreadable(text: string, at: number): string {
  if (text[at] === '"') return `has a double quote at character ${at + 1} that is never closed`;
  return `cannot have ${text[at]} at character ${at + 1} outside of double quotes`;
}

function valueOf(quoted: string, at: number): string {
  const value = unquote(quoted);
  if (value !== null) return value;
  throw new RangeError(
    `has an escape at character ${at + 1} that is none: ${quoted}; a backslash is written as \\\\`,
  );
}

class MatcherList {
  private next = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  read(): Matcher[] {
    const hasBrace = this.take('{');
    const matchers: Matcher[] = [];
    while (this.next < this.tokens.length && !this.stands('}')) {
      matchers.push(this.matcher());
      if (!this.take(',')) break;
    }
    if (hasBrace && !this.take('}')) throw this.expected('a comma or }');
    if (this.next < this.tokens.length) {
      throw this.expected(hasBrace ? 'nothing after the }' : 'a comma or the end');
    }
    return matchers;
  }

  private matcher(): Matcher {
    const name = this.word("a label's name");
    const sign = this.tokens[this.next];
    if (sign?.kind !== 'sign' || !OPERATORS.includes(sign.text)) throw this.expected('=, !=, =~ or !~');
    this.next++;
    const value = this.word("a label's value, in double quotes where it is empty");
    const op = sign.text as MatchOperator;
    if (isRegexOperator(op)) regexOf(value);
    return { name, op, value };
  }

  private word(what: string): string {
    const token = this.tokens[this.next];
    if (token?.kind !== 'word') throw this.expected(what);
    this.next++;
    return token.value;
  }

  private stands(sign: string): boolean {
    const token = this.tokens[this.next];
    return token?.kind === 'sign' && token.text === sign;
  }

  private take(sign: string): boolean {
    const stands = this.stands(sign);
    if (stands) this.next++;
    return stands;
  }

  private expected(what: string): RangeError {
    const token = this.tokens[this.next];
    const found = token === undefined ? 'its end' : `${token.text} at character ${token.at + 1}`;
    return new RangeError(`has ${found} where ${what} was expected`);
  }
}
