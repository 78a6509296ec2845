/**
 * The tree of routes: which groups an alert belongs to. A route and the values of the labels that it groups by make a
 * group. Keys and ids are written as Alertmanager writes them: the key is in the webhook's payload, the id tells routes
 * with the same matchers apart.
 */
import { compileAlertmanagerMatchers, matcherListText } from '../domain/alertmanager-matchers';
import { fnv1a64, labelsText, type Labels } from '../domain/labels';
import type { RouteOptions } from './port';

/** A route that alerts can take. */
export interface CompiledRoute {
  readonly id: string;
  readonly key: string;
  readonly options: RouteOptions;
  /** From the root's labels to its own. */
  readonly labels: Labels;
}

/** Where an alert belongs. */
export interface GroupPlace {
  /** A hash: of the route and the labels. */
  readonly id: string;
  readonly key: string;
  readonly route: CompiledRoute;
  readonly labels: Labels;
}

export interface Routes {
  /** In the order of the tree; never empty. */
  placesOf(labels: Labels): readonly GroupPlace[];
  /** Null where there is no such route any more. */
  route(id: string): CompiledRoute | null;
  /** The longest time from an alert to the look after the one that sees it. */
  readonly slowestMs: number;
}

interface Node extends CompiledRoute {
  readonly matches: (labels: Labels) => boolean;
  readonly below: readonly Node[];
}

export function compileRoutes(root: RouteOptions): Routes {
  const byId = new Map<string, CompiledRoute>();
  const top = compiled(root, { id: '', key: '' }, {}, '');
  const remember = (node: Node): void => {
    byId.set(node.id, node);
    node.below.forEach(remember);
  };
  remember(top);
  return {
    placesOf: (labels) => routesOf(top, labels).map((route) => placeAt(route, labels)),
    route: (id) => byId.get(id) ?? null,
    slowestMs: Math.max(
      ...[...byId.values()].map(({ options }) => options.groupWaitMs + 2 * options.groupIntervalMs),
    ),
  };
}

type Above = Pick<CompiledRoute, 'id' | 'key'>;

function compiled(options: RouteOptions, above: Above, labels: Labels, index: string): Node {
  const matchers = `{${matcherListText(options.matchers)}}`;
  const inherited = { ...labels, ...options.labels };
  const own: CompiledRoute = {
    id: `${above.id}${matchers}${index}`,
    key: `${above.key}${matchers}`,
    options,
    labels: inherited,
  };
  const next = { id: `${own.id}/`, key: `${own.key}/` };
  return {
    ...own,
    matches: compileAlertmanagerMatchers(options.matchers),
    below: options.routes.map((route, at) => compiled(route, next, inherited, `/${at}`)),
  };
}

/** Depth first; the first of a route's own that matches ends the search among its siblings, unless it says `continue`. */
function routesOf(node: Node, labels: Labels): CompiledRoute[] {
  if (!node.matches(labels)) return [];
  const found: CompiledRoute[] = [];
  for (const route of node.below) {
    const taken = routesOf(route, labels);
    found.push(...taken);
    if (taken.length > 0 && !route.options.continue) break;
  }
  return found.length === 0 ? [node] : found;
}

function placeAt(route: CompiledRoute, labels: Labels): GroupPlace {
  const { groupBy } = route.options;
  const wanted = Object.entries(labels).filter(
    ([name, value]) => value !== '' && (groupBy?.includes(name) ?? true),
  );
  const groupLabels = Object.fromEntries(wanted);
  const text = labelsText(groupLabels);
  return {
    id: fnv1a64(`${route.id}\n${text}`),
    key: shortened(`${route.key}:${text}`),
    route,
    labels: groupLabels,
  };
}

/** Rows are found by it: with the receiver's name, an entry of Postgres' index has 2,704 bytes at most. */
const MOST_KEY_BYTES = 2_000;
const KEPT_OF_KEY = 600;

function shortened(key: string): string {
  // A unit of UTF-16 has three bytes at most.
  if (key.length * 3 <= MOST_KEY_BYTES || Buffer.byteLength(key) <= MOST_KEY_BYTES) return key;
  return `${key.slice(0, KEPT_OF_KEY).toWellFormed()}…${fnv1a64(key)}`;
}
