/**
 * Takes secrets out of text that people read: credentials in URLs, secret query parameters, and the values of keys
 * that carry secrets, at any depth of a JSON line. It errs on the side of hiding too much.
 */

const HIDDEN = '***';

/**
 * Every pattern reads a text in linear time, or bounds what it looks back and ahead for: what is logged may come from
 * strangers, and a line that takes a minute to clean stops the whole process.
 */
const MOST = 1_024;
/** `scheme://user:password@`; the password may hold unescaped `/` and `@`, so everything to the last `@` goes. */
const URL_PASSWORD = new RegExp(`(://)([^\\s:@/"'\\\\]{0,${MOST}}):[^\\s"'\\\\]{0,${MOST}}@`, 'g');
/** `scheme://token@`, a userinfo without a colon. */
const URL_TOKEN = new RegExp(`(://)[^\\s:@/"'\\\\]{1,${MOST}}@`, 'g');
const SECRET_WORD =
  '[\\w-]{0,100}(?:password|passwd|secret|token|authorization|api[_-]?key|routing_secret|private_key|credentials?)';
const URL_QUERY = new RegExp(`([?&](?:${SECRET_WORD}|sig|signature|key)=)[^&\\s"'\\\\#]*`, 'gi');
/** A quote's backslashes, where JSON stands escaped inside a JSON text, seven texts deep. */
const ESCAPE = '\\\\{0,127}';
/** What ends a value whose first quote had \2: a quote with as many backslashes, or after escaped backslashes. */
const LAST_QUOTE = '(?:\\2\\2\\\\\\\\)*\\2"';
/** `"password":"…"`. A run of backslashes is taken as a whole, so that there is one way to read a text. */
const JSON_FIELD = new RegExp(
  `(${ESCAPE}"${SECRET_WORD}${ESCAPE}"\\s{0,9}:\\s{0,9})(${ESCAPE})"` +
    `(?:[^"\\\\]|\\\\+(?!["\\\\])|(?!${LAST_QUOTE})\\\\*")*${LAST_QUOTE}`,
  'gi',
);
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/g;

/** A URL or any text with URLs in it: `postgres://app:pw@db/orders` becomes `postgres://app:***@db/orders`. */
export function redactUrl(text: string): string {
  if (!text.includes('://')) return text;
  return text
    .replace(URL_PASSWORD, (_all, scheme: string, user: string) => `${scheme}${user}:${HIDDEN}@`)
    .replace(URL_TOKEN, (all, scheme: string) => (all.includes(HIDDEN) ? all : `${scheme}${HIDDEN}@`))
    .replace(URL_QUERY, `$1${HIDDEN}`);
}

/** A line of JSON, such as the logger writes, with every secret in it hidden. It stays valid JSON. */
export function redactLine(line: string): string {
  return redactUrl(line)
    .replace(JSON_FIELD, (_all, key: string, slashes: string) => `${key}${slashes}"${HIDDEN}${slashes}"`)
    .replace(BEARER, `$1 ${HIDDEN}`);
}
