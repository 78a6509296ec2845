/** Texts for use in HTML, in JavaScript's quotes and in a URL's query, with the escapes that Go chooses. */
import { isPrintable } from '../format/runes';

const HTML: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => HTML[character]!);
}

export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|[^ -\x7f]/gu, (character) => {
    if ('\\\'"'.includes(character)) return `\\${character}`;
    const code = character.codePointAt(0)!;
    if (code >= 0x80 && isPrintable(character)) return character;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** As in a form: a space becomes `+`. */
export function escapeQuery(text: string): string {
  let escaped = '';
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9_.~-]/.test(character)) escaped += character;
    else escaped += character === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}
