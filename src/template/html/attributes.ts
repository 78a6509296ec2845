/** What the value of an attribute means to a browser: by that it is escaped. */

export type AttributeKind = 'plain' | 'url' | 'style' | 'script';

const URLS: ReadonlySet<string> = new Set([
  ...['action', 'archive', 'background', 'cite', 'classid', 'codebase', 'data', 'formaction', 'href', 'icon'],
  ...['longdesc', 'manifest', 'poster', 'profile', 'src', 'srcset', 'usemap', 'xmlns'],
]);

/** Custom attributes often hold URLs without saying so: those that are named after one are taken for one. */
export function attributeKind(written: string): AttributeKind {
  const [prefix, local] = /^([^:]*):(.*)$/s.exec(written)?.slice(1) ?? [];
  if (prefix === 'xmlns') return 'url';
  const name = written.startsWith('data-') ? written.slice('data-'.length) : (local ?? written);
  if (URLS.has(name)) return 'url';
  if (name === 'style') return 'style';
  if (name.startsWith('on')) return 'script';
  return /src|uri|url/.test(name) ? 'url' : 'plain';
}
