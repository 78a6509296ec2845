/**
 * Configurations that are wrong in one place or two, or perhaps not: made from those of `bases.ts` by chance that a seed
 * decides, so that what Alertmanager said of them can be kept.
 */
import { createHash } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { BASES } from './bases';

export interface Mutant {
  readonly text: string;
  /** What was done to which base. */
  readonly story: string;
}

type Random = () => number;
type Holder = Record<string, unknown> | unknown[];
interface Spot {
  readonly holder: Holder;
  readonly key: string;
  readonly path: string;
}

export function mutants(count: number, seed: number, bases: readonly string[] = BASES): Mutant[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, () => mutant(random, bases));
}

/** So that a change of what is made here is noticed where verdicts are kept. */
export function fingerprintOf(made: readonly Mutant[]): string {
  return createHash('sha256')
    .update(JSON.stringify(made.map(({ text }) => text)))
    .digest('hex')
    .slice(0, 16);
}

function mutant(random: Random, bases: readonly string[]): Mutant {
  const base = Math.floor(random() * bases.length);
  const tree = parse(bases[base]!) as Holder;
  const changes = random() < 0.8 ? 1 : 2;
  const stories = Array.from({ length: changes }, () => change(tree, random));
  const text = stringify(tree, { aliasDuplicateObjects: false });
  const story = `base ${base}: ${stories.join('; ')}`;
  return random() < 0.06 ? twice(text, story, random) : { text, story };
}

/** Writes one line again. */
function twice(text: string, story: string, random: Random): Mutant {
  const lines = text.split('\n');
  const line = Math.floor(random() * lines.length);
  lines.splice(line, 0, lines[line]!);
  return { text: lines.join('\n'), story: `${story}; line ${line + 1} twice` };
}

function change(tree: Holder, random: Random): string {
  const spots = spotsOf(tree, '');
  if (spots.length === 0) return 'nothing';
  const spot = pick(spots, random);
  const [name, apply] = pick(CHANGES, random);
  return `${name} ${spot.path}${apply(spot, spots, random)}`;
}

type Apply = (spot: Spot, spots: readonly Spot[], random: Random) => string;

const CHANGES: readonly (readonly [string, Apply])[] = [
  ['drop', drop],
  ['drop', drop],
  ['set', set],
  ['set', set],
  ['set', set],
  ['set', set],
  ['rename', rename],
  ['add', add],
  ['add', add],
  ['repeat', repeat],
  ['copy', copy],
  ['letters', letters],
  ['letters', letters],
];

function drop({ holder, key }: Spot): string {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return '';
}

function set(spot: Spot, _spots: readonly Spot[], random: Random): string {
  const value = structuredClone(pick(VALUES, random));
  put(spot, value);
  return ` = ${JSON.stringify(value)}`;
}

function rename({ holder, key }: Spot, _spots: readonly Spot[], random: Random): string {
  if (Array.isArray(holder)) return '';
  const name = pick(
    [`${key}s`, key.slice(1), key.toUpperCase(), `${key}_file`, key.replace('_file', ''), ''],
    random,
  );
  holder[name] = holder[key];
  delete holder[key];
  return ` to ${name}`;
}

/** A key of another mapping, often of one of the same kind. */
function add({ holder }: Spot, spots: readonly Spot[], random: Random): string {
  if (Array.isArray(holder)) return '';
  const known = spots.filter((each) => !Array.isArray(each.holder)).map(({ key }) => key);
  const name = pick([...MORE_KEYS, pick(known, random), `${pick(Object.keys(holder), random)}_file`], random);
  holder[name] = structuredClone(pick(VALUES, random));
  return ` + ${name}: ${JSON.stringify(holder[name])}`;
}

function repeat({ holder, key }: Spot): string {
  if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
  return '';
}

function copy(spot: Spot, spots: readonly Spot[], random: Random): string {
  const other = pick(spots, random);
  put(spot, structuredClone((other.holder as Record<string, unknown>)[other.key]));
  return ` from ${other.path}`;
}

/** Changes, takes out or puts in one character of a text. */
function letters(spot: Spot, _spots: readonly Spot[], random: Random): string {
  const value = (spot.holder as Record<string, unknown>)[spot.key];
  if (typeof value !== 'string') return '';
  const at = Math.floor(random() * (value.length + 1));
  const inserted = pick(
    ['', ' ', '"', '\\', '{', '}', ':', '%', '[', '(', '=', ',', '0', '-', '.', '/', 'é', '\n'],
    random,
  );
  const changed = value.slice(0, at) + inserted + value.slice(at + Math.floor(random() * 2));
  put(spot, changed);
  return ` = ${JSON.stringify(changed)}`;
}

function put({ holder, key }: Spot, value: unknown): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else holder[key] = value;
}

const VALUES: readonly unknown[] = [
  ...[
    null,
    '',
    true,
    false,
    0,
    1,
    -1,
    5,
    1.5,
    1e30,
    [],
    {},
    [null],
    ['a'],
    { a: 'b' },
    [{}],
    [['a']],
    'a',
    'yes',
  ],
  ...[
    '0',
    '5',
    '0s',
    '5m',
    '1h30m',
    '30m1h',
    '1d',
    '-5s',
    '1.5h',
    '5 m',
    '300y',
    'http://',
    'https://a.example.com',
  ],
  ...[
    'ftp://example.com',
    'http://a b',
    'http://[::1',
    'http://x:y',
    '//x',
    ':',
    'mail:25',
    'mail',
    '[::1]:25',
    'a:b:c',
  ],
  ...[
    '<secret>',
    '{{ .Status }}',
    '{{ .Status',
    '{{ toUpper .x }}',
    'a=b',
    'a=~"("',
    '{a=b',
    'a',
    '"a b"=c',
    'a="b',
    '*',
  ],
  ...[
    'a)|(b',
    '(',
    '[a-',
    'foo.*',
    '(?i)x',
    '\\d',
    'default',
    'all',
    'pager',
    'nobody',
    'nights',
    'monday',
    'Monday:friday',
  ],
  ...[
    'friday:monday',
    'funday',
    '1',
    '31',
    '32',
    '-1',
    '5:1',
    '-1:5',
    'may',
    'MAY:june',
    '13',
    '2020',
    '00:00',
    '24:00',
  ],
  ...[
    '24:01',
    '9:00',
    'Europe/Berlin',
    'europe/berlin',
    'Mars/Base',
    'UTC',
    'Local',
    'none',
    'daily',
    'TLS12',
    'TLS9',
  ],
  ...[
    'cloud',
    'basic',
    'Basic',
    'markdown',
    'HTML',
    'team',
    '...',
    '1e3',
    '0x10',
    '0b11',
    '010',
    '1_000',
    '~',
    'null',
  ],
  ...[
    ['...'],
    ['...', 'a'],
    ['a', 'a'],
    { a: null },
    { 'a b': 'c' },
    { '1a': 'b' },
    { a: 1 },
    ['a=b'],
    [1, 2],
    ['a=~('],
  ],
];

const MORE_KEYS = [
  ...[
    'unknown',
    'send_resolved',
    'http_config',
    'name',
    'continue',
    'match',
    'match_re',
    'matchers',
    'routes',
  ],
  ...[
    'mute_time_intervals',
    'active_time_intervals',
    'group_by',
    'group_interval',
    'repeat_interval',
    'group_wait',
  ],
  ...['authorization', 'basic_auth', 'bearer_token', 'bearer_token_file', 'oauth2', 'no_proxy', 'proxy_url'],
  ...[
    'proxy_from_environment',
    'api_url',
    'api_url_file',
    'app_token',
    'token',
    'location',
    'times',
    'credentials',
  ],
];

function spotsOf(value: unknown, path: string): Spot[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [{ holder: value as Holder, key, path: at }, ...spotsOf(child, at)];
  });
}

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;

function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
