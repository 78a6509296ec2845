/**
 * What alerts rules would have made of metrics that are kept somewhere. The metrics come in the order in which they were
 * recorded, and that is the clock: a second run gives the same. Where it is not known when they were recorded, their own times are.
 *
 * One engine has all series, as the owner of a rule across instances has them; a rule that each partition evaluates by itself
 * gives the same there.
 */
import type { Labels } from '../domain/labels';
import { fingerprint } from '../domain/labels';
import type { Metric } from '../domain/metric';
import type { RuleGroup } from '../domain/rule-group';
import { namesMade } from './derived';
import { createRuleEngine } from './rule-engine';
import type { AlertChange } from './alerting';

export interface WouldBeAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** When the expression began to hold, when the alert began to fire, and when it ended: null while it goes on. Milliseconds. */
  readonly activeAt: number;
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** When it began to fire. */
  readonly value: number;
}

export interface BacktestOptions {
  readonly groups: readonly RuleGroup[];
  readonly defaultIntervalMs: number;
  /** Alerts that begin before are not told: there the rules' windows are still filling. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of a metric; milliseconds since 1970. */
export interface OfferedAt {
  /** The one for which it is evaluated. */
  readonly time: number;
  readonly recorded: number;
  /** A rule has made it. What rules here make is not taken in a second time. */
  readonly isDerived?: boolean;
}

export interface Backtest {
  offer(metric: Metric, at: OfferedAt): void;
  /** Evaluates what is left up to this time; default: the last metric's. Alerts in the order in which they began. */
  finish(at?: number): BacktestResult;
}

export interface BacktestResult {
  readonly alerts: readonly WouldBeAlert[];
  /** What could not be evaluated at the end. */
  readonly errors: readonly { readonly rule: string; readonly error: string }[];
  readonly metrics: number;
  readonly series: number;
  /** Metrics of which some series were left out: there were too many. */
  readonly refused: readonly string[];
}

export function createBacktest(options: BacktestOptions): Backtest {
  const { groups, defaultIntervalMs, fromMs, toMs } = options;
  const open = new Map<string, WouldBeAlert>();
  const ended: WouldBeAlert[] = [];
  const refused = new Set<string>();
  const engine = createRuleEngine({
    ...{ groups, defaultIntervalMs, onAlert: follow },
    onSeriesRefused: (metric) => refused.add(metric),
  });
  const made = namesMade(groups);
  let last = -Infinity;
  let metrics = 0;

  function follow({ kind, rule, alert, time }: AlertChange): void {
    const id = `${rule.name}\0${alert.labels.key}`;
    if (kind === 'fires') {
      const labels = alert.labels.toLabels();
      open.set(id, {
        ...{ fingerprint: fingerprint(labels), rule: rule.name, labels },
        annotations: alert.annotations().toLabels(),
        ...{ activeAt: alert.activeAt, startsAt: time, endsAt: null, value: alert.value },
      });
    } else if (kind === 'ends') {
      const began = open.get(id)!;
      open.delete(id);
      ended.push({ ...began, endsAt: time });
    }
  }

  return {
    offer(metric, { time, recorded, isDerived = false }) {
      if (recorded > toMs || (isDerived && made.has(metric.metric_name))) return;
      metrics += 1;
      // Evaluations up to here are over before the sample is there.
      if (recorded > last) engine.advance((last = recorded));
      engine.offer(metric, time);
    },
    finish(at = last + 1) {
      if (metrics > 0) engine.advance(Math.max(at, last));
      const alerts = [...ended, ...open.values()]
        .filter(({ startsAt }) => startsAt >= fromMs)
        .sort((a, b) => a.startsAt - b.startsAt || (a.fingerprint < b.fingerprint ? -1 : 1));
      const errors = engine.groups
        .flatMap((group) => group.rules())
        .flatMap(({ rule, error }) => (error === null ? [] : [{ rule: rule.name, error }]));
      return { alerts, errors, metrics, series: engine.series(), refused: [...refused] };
    },
  };
}

export interface Difference {
  /** Alerts of the one rule set and of the other that the other does not make, or begins or ends at another time. */
  readonly added: readonly WouldBeAlert[];
  readonly removed: readonly WouldBeAlert[];
  readonly moved: readonly { readonly before: WouldBeAlert; readonly after: WouldBeAlert }[];
  readonly same: number;
}

/** The episodes of one alert are compared in their order. */
export function difference(before: readonly WouldBeAlert[], after: readonly WouldBeAlert[]): Difference {
  const left = byAlert(before);
  const right = byAlert(after);
  const result = {
    added: [] as WouldBeAlert[],
    removed: [] as WouldBeAlert[],
    moved: [] as Difference['moved'][number][],
  };
  let same = 0;
  for (const id of new Set([...left.keys(), ...right.keys()])) {
    const [olds, news] = [left.get(id) ?? [], right.get(id) ?? []];
    for (let i = 0; i < Math.max(olds.length, news.length); i++) {
      const [old, now] = [olds[i], news[i]];
      if (old === undefined) result.added.push(now!);
      else if (now === undefined) result.removed.push(old);
      else if (old.startsAt === now.startsAt && old.endsAt === now.endsAt) same += 1;
      else result.moved.push({ before: old, after: now });
    }
  }
  return { ...result, same };
}

function byAlert(alerts: readonly WouldBeAlert[]): Map<string, WouldBeAlert[]> {
  const found = new Map<string, WouldBeAlert[]>();
  for (const alert of alerts) found.set(alert.fingerprint, [...(found.get(alert.fingerprint) ?? []), alert]);
  return found;
}
