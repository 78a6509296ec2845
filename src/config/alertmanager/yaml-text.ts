/**
 * A YAML text as Alertmanager's parser sees it: the first document only, scalars by YAML 1.1's rules, `<<` merges. What a
 * scalar is worth depends on what is wanted in its place, so the text stays beside the value.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Alias,
  type Document,
  type Node,
  type Scalar,
} from 'yaml';
import { messageOf } from '../../domain/errors';
import { onceEach } from '../../domain/once-each';
import { indented, SHIFT } from './yaml-indent';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlText {
  /** Null where the text holds nothing. */
  readonly root: Node | null;
  readonly errors: readonly { readonly message: string; readonly place: Place }[];
  placeOf(node: Node): Place;
  /** What an alias stands for; the node itself where it is none. */
  resolved(node: Node): Node;
  /** The text for people to read: without comments, `<secret>` in place of these scalars and of passwords in URLs. */
  printed(secrets: ReadonlySet<Node>): string;
}

/** Characters that YAML does not have. */
const UNPRINTABLE = /[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** What ends a line in YAML 1.1 and not in 1.2. */
const OLD_LINE_END = /\r\n?|\u0085/g;

export function readYaml(written: string): YamlText {
  const whole = written.replace(OLD_LINE_END, '\n');
  const { text, moved } = indented(whole, (tried) => firstDocument(tried)?.errors ?? []) ?? {
    ...{ text: whole, moved: new Set<number>() },
  };
  const lines = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: moved.has(line) ? Math.max(1, col - SHIFT) : col };
  };
  const placeOf = (node: Node): Place => place(node.range?.[0] ?? 0);
  const document = firstDocument(text, lines);
  const printed = (secrets: ReadonlySet<Node>): string =>
    document === undefined ? '' : printedDocument(document, secrets);
  if (document === undefined) return { root: null, errors: [], placeOf, resolved: (node) => node, printed };
  const targets = onceEach((alias: Alias) => targetOf(alias, document));
  const resolved = (node: Node): Node => (isAlias(node) ? targets(node) : node);
  const errors = [...unprintable(text), ...document.errors, ...wrongDirectives(document)].map(
    ({ message, pos }) => ({ message, place: place(pos[0]) }),
  );
  if (errors.length > 0) return { root: null, errors, placeOf, resolved, printed };
  const wrong = document.contents === null ? null : wrongAlias(document.contents, targets);
  if (wrong === null) return { root: document.contents, errors: [], placeOf, resolved, printed };
  return {
    root: null,
    errors: [{ message: wrong.message, place: placeOf(wrong.alias) }],
    placeOf,
    resolved,
    printed,
  };
}

function firstDocument(text: string, lineCounter?: LineCounter): Document.Parsed | undefined {
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, lineCounter } as const;
  return (parseAllDocuments(text, options) as Document.Parsed[])[0];
}

/** What stands for a secret in a configuration that Alertmanager has printed. */
export const PRINTED_SECRET = '<secret>';
const URL_PASSWORD = /(:\/\/[^\s/?#@:]*:)[^\s/?#@]+@/g;

/** Comments are left out: what is commented out may be a password. */
function printedDocument(document: Document.Parsed, secrets: ReadonlySet<Node>): string {
  const copy = document.clone();
  const hidden = new Set<unknown>();
  // The copy has the original's nodes in the original's order.
  const originals: Node[] = [];
  visit(document, { Node: (_key, node) => void originals.push(node) });
  let index = 0;
  visit(copy, {
    Node: (_key, node) => {
      if (secrets.has(originals[index++]!)) hidden.add(node);
      delete node.comment;
      delete node.commentBefore;
      delete node.spaceBefore;
    },
  });
  visit(copy, {
    Scalar: (_key, node) => {
      const text = textOf(node);
      const shown =
        hidden.has(node) && text !== '' ? PRINTED_SECRET : text.replace(URL_PASSWORD, `$1${PRINTED_SECRET}@`);
      if (shown === text) return;
      node.value = shown;
      delete node.type;
      delete node.source;
      delete node.tag;
    },
  });
  copy.comment = null;
  copy.commentBefore = null;
  return copy.toString({ lineWidth: 0 });
}

interface Wrong {
  readonly message: string;
  readonly pos: readonly [number, number];
}

function unprintable(text: string): Wrong[] {
  const at = text.search(UNPRINTABLE);
  const code = at < 0 ? '' : text.codePointAt(at)!.toString(16).padStart(4, '0').toUpperCase();
  return at < 0 ? [] : [{ message: `has the character U+${code}; write it as an escape`, pos: [at, at] }];
}

function wrongDirectives({ warnings, directives }: Document.Parsed): Wrong[] {
  const unknown = warnings.filter(({ code }) => code === 'BAD_DIRECTIVE');
  const { version, explicit } = directives.yaml;
  const message = `a document of YAML ${version}, where only 1.1 is read: leave the line %YAML out`;
  return explicit === true && version !== '1.1' ? [{ message, pos: [0, 0] }, ...unknown] : unknown;
}

function targetOf(alias: Alias, document: Document): Node {
  const target = alias.resolve(document);
  if (target === undefined) throw new RangeError(`unknown anchor ${alias.source}`);
  return target;
}

/** Aliases of aliases multiply: a short text can stand for more than fits in memory. */
const MOST_NODES = 100_000;

function wrongAlias(root: Node, targets: (alias: Alias) => Node): { alias: Alias; message: string } | null {
  let nodes = 0;
  const open = new Set<Node>();
  const visit = (node: unknown, alias: Alias | null): { alias: Alias; message: string } | null => {
    if (isAlias(node)) {
      try {
        return visit(targets(node), node);
      } catch (error) {
        return { alias: node, message: messageOf(error) };
      }
    }
    if (alias !== null && open.has(node as Node)) return { alias, message: 'an alias that contains itself' };
    if (alias !== null && ++nodes > MOST_NODES) return { alias, message: 'aliases stand for far too much' };
    const children = isMap(node)
      ? node.items.flatMap(({ key, value }) => [key, value])
      : isSeq(node)
        ? node.items
        : [];
    open.add(node as Node);
    for (const child of children) {
      const wrong = visit(child, alias);
      if (wrong !== null) return wrong;
    }
    open.delete(node as Node);
    return null;
  };
  return visit(root, null);
}

/** What a scalar stands for by itself. */
export type ScalarValue = string | number | boolean | null;

const WORDS: ReadonlyMap<string, ScalarValue> = new Map<string, ScalarValue>([
  ...spelled(true, 'y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'),
  ...spelled(false, 'n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'),
  ...spelled(null, '', '~', 'null', 'Null', 'NULL'),
  ...spelled(NaN, '.nan', '.NaN', '.NAN'),
  ...spelled(Infinity, '.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'),
  ...spelled(-Infinity, '-.inf', '-.Inf', '-.INF'),
]);

function spelled(value: ScalarValue, ...words: string[]): [string, ScalarValue][] {
  return words.map((word) => [word, value]);
}

const TAG = 'tag:yaml.org,2002:';

/** The scalar's text as it was meant, without quotes. */
export function textOf({ tag, source = '' }: Scalar): string {
  return tag === `${TAG}binary` ? Buffer.from(source, 'base64').toString('utf8') : source;
}

/** Throws a RangeError where a tag says what the text is not. */
export function scalarValue(node: Scalar): ScalarValue {
  const text = textOf(node);
  const tag = node.tag === '!' ? undefined : node.tag;
  if (tag === undefined) return node.type === 'PLAIN' || node.tag === '!' ? plainValue(text) : text;
  if (!['bool', 'int', 'float', 'null'].some((name) => tag === TAG + name)) return text;
  const value = plainValue(text);
  const isMeant =
    tag === `${TAG}null`
      ? value === null
      : tag === `${TAG}bool`
        ? typeof value === 'boolean'
        : typeof value === 'number' && (tag === `${TAG}float` || Number.isInteger(value));
  if (!isMeant) throw new RangeError(`is no ${tag.slice(TAG.length)}, as its tag says`);
  return value;
}

function plainValue(text: string): ScalarValue {
  if (WORDS.has(text)) return WORDS.get(text)!;
  return /^[-+.\d]/.test(text) ? (numberOf(text) ?? text) : text;
}

const INTEGER = /^([-+]?)(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9]\d*)$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function numberOf(text: string): number | null {
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const match = INTEGER.exec(plain);
  if (match !== null) {
    const digits = /^0\d/.test(match[2]!) ? `0o${match[2]!.slice(1)}` : match[2]!;
    const value = Number(digits);
    return match[1] === '-' ? -value : value;
  }
  return FLOAT.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : null;
}

/** Whether the node holds nothing. */
export function isNull(node: Node): boolean {
  return isScalar(node) && node.tag !== `${TAG}str` && safeValue(node) === null;
}

function safeValue(node: Scalar): ScalarValue {
  try {
    return scalarValue(node);
  } catch {
    return textOf(node);
  }
}
