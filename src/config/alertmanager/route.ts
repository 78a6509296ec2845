/** The tree of routes: as it is written, and with what each route inherits from the one above it. */
import type { Matcher } from '../../domain/matchers';
import { unknownName } from '../references';
import type { Finding, Path } from '../problems';
import { flag, list, optional, text } from './kinds';
import { mapping } from './mappings';
import type { Kind } from './reading';
import { allMatchers, match, matchers, matchRe } from './matchers';
import { classicNames, duration, labelNames, labelSet } from './text-kinds';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const DEFAULTS = {
  groupWaitMs: 30 * SECOND_MS,
  groupIntervalMs: 5 * MINUTE_MS,
  repeatIntervalMs: 4 * HOUR_MS,
};

/** A route as it is in effect. */
export interface Route {
  readonly receiver: string;
  /** Labels whose values make a group; null stands for all of an alert's labels (`...`). */
  readonly groupBy: readonly string[] | null;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** All of them have to hold; sorted. */
  readonly matchers: readonly Matcher[];
  /** Whether the next of its siblings is asked too. */
  readonly continue: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Values may be templates over the group. */
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
}

/** A route as it is written: null is what it does not say. */
export interface RawRoute {
  readonly receiver: string;
  readonly group_by: readonly string[] | null;
  readonly match: Readonly<Record<string, string>>;
  readonly match_re: Readonly<Record<string, string | null>>;
  readonly matchers: readonly Matcher[];
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  readonly continue: boolean;
  readonly routes: readonly (RawRoute | null)[];
  readonly group_wait: number | null;
  readonly group_interval: number | null;
  readonly repeat_interval: number | null;
  readonly labels: Readonly<Record<string, string>>;
}

const ALL_LABELS = '...';

const below: Kind<readonly (RawRoute | null)[]> = {
  zero: [],
  initial: [],
  read: (node, path, reading) => list(rawRoute).read(node, path, reading),
};

/** Null stands for one that is empty. */
export const rawRoute: Kind<RawRoute | null> = optional(
  mapping(
    {
      receiver: text(),
      group_by: optional(labelNames(ALL_LABELS)),
      match: match(),
      match_re: matchRe(),
      matchers: matchers(),
      mute_time_intervals: list(text()),
      active_time_intervals: list(text()),
      continue: flag(),
      routes: below,
      group_wait: optional(duration()),
      group_interval: optional(duration()),
      repeat_interval: optional(duration()),
      labels: labelSet(),
    },
    {
      check: (values, path) => checkOne(values, path),
      mends: {
        match_regex: 'match_re',
        mute_times: 'mute_time_intervals',
        active_times: 'active_time_intervals',
      },
    },
  ),
);

function checkOne(route: RawRoute, path: Path): Finding[] {
  return [
    ...classicNames(route.match, [...path, 'match']),
    ...checkRegexes(route.match_re, [...path, 'match_re']),
    ...checkGroupBy(route.group_by ?? [], [...path, 'group_by']),
    ...['group_interval' as const, 'repeat_interval' as const]
      .filter((key) => route[key] === 0)
      .map((key) => ({ path: [...path, key], value: '0', message: 'has to be more than 0' })),
    ...route.routes.flatMap((each, index) =>
      each === null
        ? [{ path: [...path, 'routes', index], message: 'is empty: a route needs a key at least' }]
        : [],
    ),
  ];
}

/** For `match_re` and its kin. */
export function checkRegexes(regexes: Readonly<Record<string, string | null>>, path: Path): Finding[] {
  return [
    ...classicNames(regexes, path),
    ...Object.entries(regexes)
      .filter(([, value]) => value === null)
      .map(([name]) => ({
        path: [...path, name],
        message: 'is empty',
        accepted: 'a regular expression of RE2',
      })),
  ];
}

function checkGroupBy(names: readonly string[], path: Path): Finding[] {
  const labels = names.filter((name) => name !== ALL_LABELS);
  if (labels.length > 0 && labels.length < names.length) {
    return [{ path, message: 'has ... beside labels: ... alone stands for all labels' }];
  }
  return names
    .map((name, index) => ({ name, index }))
    .filter(({ name, index }) => name !== ALL_LABELS && names.indexOf(name) < index)
    .map(({ name, index }) => ({
      path: [...path, index],
      value: JSON.stringify(name),
      message: 'stands here twice',
    }));
}

/** What only the root may not have, and the names that have to be there. */
export function checkTree(
  root: RawRoute | null,
  receivers: readonly string[] | null,
  intervals: readonly string[] | null,
): Finding[] {
  const path: Path = ['route'];
  if (root === null) return [{ path, message: 'is missing', accepted: 'a route with a receiver' }];
  return [...checkRoot(root, path), ...checkNames(root, path, receivers, intervals)];
}

function checkRoot(root: RawRoute, path: Path): Finding[] {
  const hasMatcher = { match: root.match, match_re: root.match_re, matchers: root.matchers };
  const forbidden: [string, boolean][] = [
    ...Object.entries(hasMatcher).map(([key, value]): [string, boolean] => [
      key,
      Object.keys(value).length > 0,
    ]),
    ['mute_time_intervals', root.mute_time_intervals.length > 0],
    ['active_time_intervals', root.active_time_intervals.length > 0],
    ['continue', root.continue],
  ];
  const message = 'cannot stand in the root route, which takes every alert: put it into a route below it';
  return [
    ...(root.receiver === ''
      ? [
          {
            path: [...path, 'receiver'],
            message: 'is missing: the root route needs one for what no other route takes',
          },
        ]
      : []),
    ...forbidden.filter(([, stands]) => stands).map(([key]) => ({ path: [...path, key], message })),
  ];
}

function checkNames(
  route: RawRoute,
  path: Path,
  receivers: readonly string[] | null,
  intervals: readonly string[] | null,
): Finding[] {
  const unknown = (at: Path, name: string, names: readonly string[] | null, what: string): Finding[] =>
    names === null ? [] : unknownName(at, name, names, what);
  return [
    ...(route.receiver === '' ? [] : unknown([...path, 'receiver'], route.receiver, receivers, 'receiver')),
    ...(['mute_time_intervals', 'active_time_intervals'] as const).flatMap((key) =>
      route[key].flatMap((name, index) => unknown([...path, key, index], name, intervals, 'time interval')),
    ),
    ...route.routes.flatMap((each, index) =>
      each === null ? [] : checkNames(each, [...path, 'routes', index], receivers, intervals),
    ),
  ];
}

/** The tree in effect. */
export function routeInEffect(raw: RawRoute, parent: Route | null = null): Route {
  const own: Omit<Route, 'routes'> = {
    receiver: raw.receiver || (parent?.receiver ?? ''),
    groupBy: groupByOf(raw.group_by, parent === null ? [] : parent.groupBy),
    groupWaitMs: raw.group_wait ?? parent?.groupWaitMs ?? DEFAULTS.groupWaitMs,
    groupIntervalMs: raw.group_interval ?? parent?.groupIntervalMs ?? DEFAULTS.groupIntervalMs,
    repeatIntervalMs: raw.repeat_interval ?? parent?.repeatIntervalMs ?? DEFAULTS.repeatIntervalMs,
    matchers: allMatchers(raw.match, raw.match_re, raw.matchers),
    continue: raw.continue,
    muteTimeIntervals: raw.mute_time_intervals,
    activeTimeIntervals: raw.active_time_intervals,
    labels: { ...parent?.labels, ...raw.labels },
  };
  const whole: Route = { ...own, routes: [] };
  return { ...own, routes: raw.routes.map((each) => routeInEffect(each!, whole)) };
}

function groupByOf(
  own: readonly string[] | null,
  inherited: readonly string[] | null,
): readonly string[] | null {
  if (own === null) return inherited;
  return own.includes(ALL_LABELS) ? null : own;
}
