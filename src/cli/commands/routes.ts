/** `tocsin routes`: the tree of routes of an alertmanager.yml, and where an alert would go by it. */
import type { Route } from '../../config/alertmanager/route';
import { compileRoutes } from '../../dispatch/routes';
import { matcherListText } from '../../domain/alertmanager-matchers';
import { formatDuration } from '../../domain/duration';
import { labelsText, type Labels } from '../../domain/labels';
import { alertmanagerAt } from '../alertmanager-file';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matcherModeOf } from '../matcher-mode';
import { oneLine } from '../plain';
import { paint, tableOf, type Column } from '../show';

export interface RoutesOptions {
  readonly enableFeature?: string;
  readonly json?: boolean;
}

export function showRoutes(context: Context, file: string, options: RoutesOptions): ExitCode {
  const { route } = alertmanagerAt(context, '<file>', file, {
    matcherMode: matcherModeOf(options.enableFeature),
  });
  if (options.json) context.print(JSON.stringify(routeJson(route), null, 2));
  else context.print([...treeLines(context, route, '', '')].join('\n'));
  return EXIT.ok;
}

/** What a route inherits is left out, so that what it changes is seen. */
function* treeLines(
  context: Context,
  route: Route,
  first: string,
  others: string,
  parent: Route | null = null,
): Generator<string> {
  const matchers = `{${matcherListText(route.matchers)}}`;
  const goesOn = route.continue ? '  continue' : '';
  yield `${first}${oneLine(matchers)}  → ${paint(context, 'bold', oneLine(route.receiver))}${detailsText(route, parent)}${goesOn}`;
  for (const [index, below] of route.routes.entries()) {
    const isLast = index === route.routes.length - 1;
    yield* treeLines(
      context,
      below,
      `${others}${isLast ? '└─ ' : '├─ '}`,
      `${others}${isLast ? '   ' : '│  '}`,
      route,
    );
  }
}

function detailsText(route: Route, parent: Route | null): string {
  const details: [string, string, string | null][] = [
    ['group_by', groupByText(route), parent && groupByText(parent)],
    ...(
      [
        ['group_wait', 'groupWaitMs'],
        ['group_interval', 'groupIntervalMs'],
        ['repeat_interval', 'repeatIntervalMs'],
      ] as const
    ).map(([name, key]): [string, string, string | null] => [
      name,
      formatDuration(route[key]),
      parent && formatDuration(parent[key]),
    ]),
    ['muted in', route.muteTimeIntervals.join(', '), ''],
    ['active in', route.activeTimeIntervals.join(', '), ''],
  ];
  const own = details.filter(([, value, inherited]) => value !== inherited && value !== '');
  return own.map(([name, value]) => `  ${name} ${oneLine(value)}`).join('');
}

const groupByText = ({ groupBy }: Route): string =>
  groupBy === null ? 'all labels' : groupBy.length === 0 ? 'nothing' : groupBy.join(', ');

function routeJson(route: Route): object {
  return {
    receiver: route.receiver,
    matchers: route.matchers.map((matcher) => matcherListText([matcher])),
    continue: route.continue,
    group_by: route.groupBy ?? ['...'],
    group_wait: formatDuration(route.groupWaitMs),
    group_interval: formatDuration(route.groupIntervalMs),
    repeat_interval: formatDuration(route.repeatIntervalMs),
    mute_time_intervals: route.muteTimeIntervals,
    active_time_intervals: route.activeTimeIntervals,
    labels: route.labels,
    routes: route.routes.map(routeJson),
  };
}

export interface TestRoutesOptions extends RoutesOptions {
  /** Separated by commas. */
  readonly verifyReceivers?: string;
}

/** Exit code 1 where the receivers are not those that are expected, in the order of the routes, as amtool has it. */
export function testRoutes(
  context: Context,
  file: string,
  words: readonly string[],
  options: TestRoutesOptions,
): ExitCode {
  const labels = labelsOf(words);
  const { route } = alertmanagerAt(context, '<file>', file, {
    matcherMode: matcherModeOf(options.enableFeature),
  });
  const places = compileRoutes(route).placesOf(labels);
  const receivers = places.map((place) => place.route.options.receiver);
  if (options.json)
    context.print(
      JSON.stringify(
        places.map((place) => ({
          ...{ receiver: place.route.options.receiver, route: place.route.key },
          ...{ group_key: place.key, group_labels: place.labels },
        })),
        null,
        2,
      ),
    );
  else context.print(tableOf(context, COLUMNS, places));
  return isExpected(context, receivers, options.verifyReceivers) ? EXIT.ok : EXIT.failed;
}

type Place = ReturnType<ReturnType<typeof compileRoutes>['placesOf']>[number];

const COLUMNS: readonly Column<Place>[] = [
  { title: 'RECEIVER', value: ({ route }) => route.options.receiver, style: () => 'bold' },
  { title: 'ROUTE', value: ({ route }) => route.key, flexible: true },
  { title: 'GROUP', value: ({ labels }) => labelsText(labels), flexible: true },
  { title: 'WAIT', value: ({ route }) => formatDuration(route.options.groupWaitMs) },
  { title: 'INTERVAL', value: ({ route }) => formatDuration(route.options.groupIntervalMs) },
  { title: 'REPEAT', value: ({ route }) => formatDuration(route.options.repeatIntervalMs) },
];

function isExpected(context: Context, receivers: readonly string[], expected: string | undefined): boolean {
  if (expected === undefined) return true;
  const wanted = expected.split(',').map((name) => name.trim());
  if (wanted.join('\n') === receivers.join('\n')) return true;
  context.complain(
    `WARNING: the receivers are ${receivers.join(', ')}, and those expected are ${wanted.join(', ')}`,
  );
  return false;
}

function labelsOf(words: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1)
      throw usage(`${JSON.stringify(word)} is no label; give NAME=VALUE, such as severity=critical`);
    const name = word.slice(0, at);
    const value = unquoted(word.slice(at + 1));
    if (Object.hasOwn(labels, name) && labels[name] !== value)
      throw usage(`the label ${name} is given twice, with ${labels[name]} and ${value}`);
    labels[name] = value;
  }
  return labels;
}

/** amtool's users write values in quotes. */
const unquoted = (value: string): string => /^"(.*)"$/s.exec(value)?.[1] ?? value;
