/**
 * Takes secrets out of text that people read: credentials in URLs, secret query parameters, and the values of keys
 * that carry secrets, at any depth of a JSON line. It errs on the side of hiding too much.
 */

const HIDDEN = '***';

/** `scheme://user:password@`; the password may hold unescaped `/` and `@`, so everything to the last `@` goes. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/)([^\s:@/"'\\]*):[^\s"'\\]*@/gi;
/** `scheme://token@`, a userinfo without a colon. */
const URL_TOKEN = /([a-z][a-z0-9+.-]*:\/\/)[^\s:@/"'\\]+@/gi;
const SECRET_WORD =
  '[\\w-]*(?:password|passwd|secret|token|authorization|api[_-]?key|routing_secret|private_key|credentials?)';
const URL_QUERY = new RegExp(`([?&](?:${SECRET_WORD}|sig|signature|key)=)[^&\\s"'\\\\#]*`, 'gi');
/** `"password":"…"` in JSON, also where the JSON itself stands escaped inside a JSON text. */
const JSON_FIELD = new RegExp(
  `(\\\\*"${SECRET_WORD}\\\\*"\\s*:\\s*)(\\\\*)"(?:(?!\\2")(?:\\\\.|[^"\\\\]|\\\\))*\\2"`,
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
