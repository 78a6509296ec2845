/** A configuration in the form in which `test/oracle/alertmanager` prints Alertmanager's own, so that both can be compared. */
import type { AlertmanagerConfig } from '../../../../src/config/alertmanager/config';
import { RECEIVER_KINDS } from '../../../../src/config/alertmanager/receivers/kinds';
import type { Route } from '../../../../src/config/alertmanager/route';
import { Secret } from '../../../../src/config/secret';
import type { Matcher } from '../../../../src/domain/matchers';

export interface Resolved {
  readonly global: unknown;
  readonly receivers: unknown;
  readonly route: unknown;
  readonly inhibitRules: unknown;
  readonly timeIntervals: unknown;
  readonly templates: unknown;
}

/** Alertmanager's own, as the oracle prints it. */
export interface Printed {
  readonly config: {
    readonly global: Record<string, unknown>;
    readonly receivers: readonly Record<string, unknown>[];
    readonly inhibit_rules: readonly Record<string, unknown>[];
    readonly mute_time_intervals: readonly PrintedIntervals[];
    readonly time_intervals: readonly PrintedIntervals[];
    readonly templates: unknown;
  };
  readonly route: PrintedRoute;
}

interface PrintedIntervals {
  readonly name: string;
  readonly time_intervals: readonly Record<string, unknown>[];
}

interface PrintedRoute {
  readonly group_by: readonly string[];
  readonly group_by_all: boolean;
  readonly matchers: readonly unknown[];
  readonly routes: readonly PrintedRoute[];
}

export function resolved(config: AlertmanagerConfig): Resolved {
  return plain({
    global: config.global,
    receivers: config.receivers.map(({ name, labels, integrations }) => ({
      ...{ name, labels },
      ...Object.fromEntries(
        RECEIVER_KINDS.map((kind) => [
          `${kind}_configs`,
          integrations.filter((each) => each.kind === kind).map(({ options }) => options),
        ]),
      ),
    })),
    route: routeOf(config.route),
    inhibitRules: config.inhibitRules.map(({ name, source, target, equal }) => ({
      ...{ name, equal, source: matchersOf(source), target: matchersOf(target) },
    })),
    timeIntervals: config.timeIntervals.map(({ name, intervals }) => ({
      name,
      intervals: intervals.map(({ daysOfMonth, times, ...others }) => ({
        ...{ ...others, days_of_month: daysOfMonth },
        times: times?.map(({ startMinute, endMinute }) => ({
          startminute: startMinute,
          endminute: endMinute,
        })),
      })),
    })),
    templates: config.templates,
  }) as Resolved;
}

export function printed({ config, route }: Printed): Resolved {
  return plain({
    global: config.global,
    receivers: config.receivers,
    route: printedRoute(route),
    inhibitRules: config.inhibit_rules.map((rule) => ({
      ...{ name: rule.name, equal: rule.equal, source: side(rule, 'source'), target: side(rule, 'target') },
    })),
    timeIntervals: [...config.mute_time_intervals, ...config.time_intervals].map((each) => ({
      ...{ name: each.name, intervals: each.time_intervals },
    })),
    templates: config.templates,
  }) as Resolved;
}

function routeOf(route: Route): object {
  return {
    receiver: route.receiver,
    group_by: route.groupBy === null ? [] : [...route.groupBy].sort(),
    group_by_all: route.groupBy === null,
    group_wait: route.groupWaitMs * 1e6,
    group_interval: route.groupIntervalMs * 1e6,
    repeat_interval: route.repeatIntervalMs * 1e6,
    matchers: matchersOf(route.matchers),
    continue: route.continue,
    mute: route.muteTimeIntervals,
    active: route.activeTimeIntervals,
    labels: route.labels,
    routes: route.routes.map(routeOf),
  };
}

function printedRoute(route: PrintedRoute): object {
  const group_by = route.group_by_all ? [] : [...route.group_by].sort();
  return { ...route, group_by, matchers: [...route.matchers].sort(), routes: route.routes.map(printedRoute) };
}

const matchersOf = (matchers: readonly Matcher[]): unknown[] =>
  matchers.map(({ name, op, value }) => [name, op, value]).sort();

function side(rule: Record<string, unknown>, name: string): unknown[] {
  const entries = (key: string): [string, string][] =>
    Object.entries(rule[`${name}_${key}`] as Record<string, string>);
  return [
    ...entries('match').map(([label, value]) => [label, '=', value]),
    ...entries('match_re').map(([label, value]) => [label, '=~', `^(?:${value})$`]),
    ...(rule[`${name}_matchers`] as unknown[]),
  ].sort();
}

/** Nanoseconds in Go. */
const DURATIONS = ['timeout', 'resolve_timeout', 'reopen_duration', 'retry', 'expire', 'ttl'];
/** Alertmanager adds a slash to the global ones when a receiver takes them. */
const WITH_SLASH = ['opsgenie_api_url', 'wechat_api_url', 'victorops_api_url'];

/** Secrets revealed, what is nothing left out, durations in nanoseconds. */
function plain(value: unknown, key = ''): unknown {
  if (value instanceof Secret) return value.reveal();
  if (typeof value === 'number' && DURATIONS.includes(key))
    return Math.round(value < 1e9 ? value * 1e6 : value);
  if (typeof value === 'string') return WITH_SLASH.includes(key) ? value.replace(/\/$/, '') : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((each) => plain(each) ?? null);
  const { host, port, location } = value as Record<string, unknown>;
  if (typeof port === 'string')
    return `${String(host).includes(':') ? `[${String(host)}]` : String(host)}:${port}`;
  if (key === 'location' && location !== undefined) return location;
  const entries = Object.entries(value).map(([name, each]) => [name, plain(each, name)] as const);
  return Object.fromEntries(entries.filter(([, each]) => !isNothing(each)));
}

function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
