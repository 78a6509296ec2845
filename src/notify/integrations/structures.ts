/**
 * Structures of a configuration with templates in them, such as a webhook's `payload`: each text is rendered, and one
 * that is YAML of more than a text then is that: `{{ .Alerts | toJson }}` becomes a list.
 */
import { isMap, isScalar, isSeq, parseDocument, type Node } from 'yaml';

export function rendered(value: unknown, render: (template: string) => string): unknown {
  if (typeof value === 'string') return structured(render(value));
  if (Array.isArray(value)) return value.map((each) => rendered(each, render));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [render(key), rendered(each, render)]),
  );
}

function structured(text: string): unknown {
  const json = asJson(text);
  if (json !== undefined) return json;
  const document = parseDocument(text, {
    ...{ version: '1.1', uniqueKeys: true, strict: true, merge: true },
    // Go's library takes neither times nor numbers to the base of sixty for what they look like.
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isOfTime(tag)),
  });
  if (document.errors.length > 0) return text;
  const value = plain(document.contents);
  return typeof value === 'string' ? text : value;
}

const isOfTime = (tag: { tag?: string; format?: string }): boolean =>
  tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp';

/** Most structures come from toJson, and are read much faster so. */
function asJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** JSON has no other keys than texts: what has is left out. */
function plain(node: Node | null): unknown {
  if (node === null || isScalar(node)) return node === null ? null : finite(node.value);
  if (isSeq(node)) return node.items.map((item) => plain(item as Node));
  if (!isMap(node)) return null;
  return Object.fromEntries(
    node.items
      .filter(({ key }) => isScalar(key) && typeof key.value === 'string')
      .map(({ key, value }) => [(key as { value: string }).value, plain(value as Node | null)]),
  );
}

const finite = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
