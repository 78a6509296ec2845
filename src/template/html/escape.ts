/** What makes a text safe at one place of an HTML document, with the escapes that Go's html/template chooses. */

/** Stands where a value could do harm and cannot be escaped: Go's own mark, so that people find what it means. */
export const HARMLESS = 'ZgotmplZ';

const SIGNS: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  '&': '&amp;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};

const numbered = (sign: string): string => `&#${sign.codePointAt(0)};`;

/** Between tags, and within an attribute's quotes. */
export const escapeText = (text: string): string => text.replace(/[\0"&'+<>]/g, (sign) => SIGNS[sign]!);

/** For what is HTML already: its entities stay. */
export const escapeMarkup = (text: string): string => text.replace(/[\0"'+<>]/g, (sign) => SIGNS[sign]!);

/** In an attribute without quotes each blank and `=` would end the value, and without a value the next attribute is it. */
export const escapeUnquoted = (text: string): string => unquoted(text, /[\0"&'+<>]|[\t-\r =`]/g);

/** The same for what is HTML already. */
export const escapeUnquotedMarkup = (text: string): string => unquoted(text, /[\0"'+<>]|[\t-\r =`]/g);

const unquoted = (text: string, signs: RegExp): string =>
  text === ''
    ? HARMLESS
    : text.replace(signs, (sign) => (sign === '\0' ? '&#xfffd;' : (SIGNS[sign] ?? numbered(sign))));

const ENTITIES: Readonly<Record<string, string>> = {
  '&#34;': '"',
  '&#39;': "'",
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
};

/** What the function `html` has made, as it was before. */
export const unescapeHtml = (text: string): string =>
  text.replace(/&(?:#34|#39|amp|lt|gt);/g, (entity) => ENTITIES[entity]!);

/** What an attribute may show of markup: the text of it. */
export const withoutTags = (markup: string): string => markup.replace(/<!--[^]*?-->|<\/?[a-z][^>]*>?/gi, '');

/** A URL that a reader may follow: relative, or of the web or mail. */
export function followable(url: string): string {
  const scheme = /^([^:/?#]*):/.exec(url)?.[1];
  if (scheme === undefined || /^(?:https?|mailto)$/i.test(scheme)) return url;
  return `#${HARMLESS}`;
}

/** Percent-encodes what no URL holds, or for `isPart` also what would have a meaning in it. */
export function escapeUrl(url: string, isPart: boolean): string {
  let escaped = '';
  const bytes = [...new TextEncoder().encode(url)];
  const signs = bytes.map((byte) => String.fromCharCode(byte)).join('');
  bytes.forEach((byte, index) => {
    const sign = signs[index]!;
    const isKept = /[A-Za-z0-9\-._~]/.test(sign) || (!isPart && isOfUrl(sign, signs, index));
    escaped += isKept ? sign : `%${byte.toString(16).padStart(2, '0')}`;
  });
  return escaped;
}

/** A percent sign stays where it encodes something. */
const isOfUrl = (sign: string, signs: string, index: number): boolean =>
  sign === '%' ? /^[0-9a-f]{2}$/i.test(signs.slice(index + 1, index + 3)) : '!#$&*+,/:;=?@[]'.includes(sign);

/** A value of a style property. Quotes and brackets could end the declaration, so a value with them is left out. */
export function styleValue(text: string): string {
  const word = text.toLowerCase().replace(/[^a-z0-9_-]/g, '');
  const isHarmful =
    /[\0"'()/;@[\\\]`{}<>]|--/.test(text) || word.includes('expression') || word.includes('mozbinding');
  return isHarmful ? HARMLESS : text;
}

const unicode = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Within a string of a script. */
export const escapeScriptText = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters end a string
  text.replace(/[\0-\x1f"'\\`&+<>/=\u2028\u2029$]/g, unicode);

/** As a value of a script. */
export const scriptValue = (text: string): string =>
  JSON.stringify(text).replace(/[&<>\u2028\u2029']/g, unicode);
