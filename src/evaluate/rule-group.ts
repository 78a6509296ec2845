/**
 * Evaluates a group's rules at a time, one after the other: what its recording rules yield and how its alerts stand is
 * written as series, so that later rules can ask for them. Rules that compare samples hear of each as it comes, as well.
 *
 * A series that a rule made the last time and makes no more is ended with a stale marker.
 */
import { messageOf } from '../domain/errors';
import type { Labels } from '../domain/labels';
import { ruleHash, type AlertRule, type GroupRule, type RuleGroup } from '../domain/rule-group';
import { LabelSet } from '../promql/label-set';
import { momentAt, type Moment } from '../promql/moment';
import { Alerting, type ActiveAlert, type AlertingOptions } from './alerting';
import type { Made } from './made';
import { Recording } from './recording';
import { rulesOn } from './rule-series';
import type { SavedAlerting } from './saved-alerting';
import { SparseMap } from './sparse-map';

export interface GroupOptions extends AlertingOptions {
  readonly write: SeriesWriter;
  /** Told when a rule cannot be evaluated, and when it can again: null. */
  readonly onError?: (rule: GroupRule, error: string | null) => void;
}

/** Takes a sample of a series that a rule makes; true when somebody may read it. */
export type SeriesWriter = (labels: LabelSet, time: number, sample: number | 'stale') => boolean;

export interface RuleState {
  readonly rule: GroupRule;
  /** What went wrong at the last evaluation; the rule's alerts then stay as they were. */
  readonly error: string | null;
  readonly alerts: readonly ActiveAlert[];
}

export interface EvaluatedGroup {
  readonly group: RuleGroup;
  evaluate(time: number): void;
  /** Of the last evaluation; -Infinity before the first. */
  evaluatedAt(): number;
  rules(): readonly RuleState[];
  /** The samples that the last evaluation has made, all of one time. Of rules that could not be evaluated: none. */
  made(): { readonly time: number; readonly samples: readonly Made[] };
  /** Those that are told of samples as they come, in their order. */
  readonly alerting: readonly Alerting[];
  save(): SavedGroup;
  /** What rules mean that were not there, or meant something else, begins anew. */
  restore(saved: SavedGroup): void;
}

export interface SavedGroup {
  readonly name: string;
  readonly evaluatedAt: number;
  readonly rules: readonly {
    readonly hash: string;
    /** The series that it made the last time. */
    readonly made: readonly { readonly labels: Labels; readonly value: number }[];
    /** Null for a recording rule. */
    readonly alerting: SavedAlerting | null;
  }[];
}

interface Evaluator {
  evaluate(moment: Moment, time: number, limit: number): readonly Made[];
}

export function createGroup(group: RuleGroup, options: GroupOptions): EvaluatedGroup {
  const offset = group.queryOffsetMs ?? 0;
  // What a limit or an offset says is said of evaluations at the group's times.
  const arrives = offset === 0 && group.limit === 0 ? options.arrives : undefined;
  const alerting: Alerting[] = [];
  const rules = rulesOn(group).map((rule) => ({
    ...{ rule, evaluator: evaluatorOf(rule), made: new SparseMap<string, Made>() },
    error: null as string | null,
  }));

  /** What rules made that are gone: it ends with the next evaluation. */
  let orphaned: readonly LabelSet[] = [];
  let last = -Infinity;

  function evaluatorOf(rule: GroupRule): Evaluator {
    if (rule.kind === 'record') return new Recording(rule, options.preparer);
    const made = new Alerting(rule, { ...options, arrives }, inhibitorOf(rule, alerting));
    alerting.push(made);
    return made;
  }

  function evaluate(time: number): void {
    last = time;
    for (const labels of orphaned) options.write(labels, time - offset, 'stale');
    orphaned = [];
    let moment = momentAt(time - offset);
    for (const each of rules) {
      try {
        const samples = each.evaluator.evaluate(moment, time, group.limit);
        became(each, null);
        // What somebody reads must be seen by the rules that follow: a moment is evaluated once.
        if (written(samples, each.made, moment.time)) moment = momentAt(moment.time);
      } catch (error) {
        became(each, messageOf(error));
      }
    }
  }

  function became(each: { rule: GroupRule; error: string | null }, error: string | null): void {
    if (each.error !== error) options.onError?.(each.rule, error);
    each.error = error;
  }

  function written(samples: readonly Made[], made: SparseMap<string, Made>, time: number): boolean {
    let read = false;
    if (samples.length === 0 && made.size === 0) return read;
    const ended = new Map(made);
    made.clear();
    for (const sample of samples) {
      const { labels, value } = sample;
      read = options.write(labels, time, value) || read;
      made.set(labels.key, sample);
      ended.delete(labels.key);
    }
    for (const { labels } of ended.values()) read = options.write(labels, time, 'stale') || read;
    return read;
  }

  function save(): SavedGroup {
    const saved = rules.map(({ rule, made, evaluator }) => ({
      hash: ruleHash(rule),
      made: [...made.values()].map(({ labels, value }) => ({ labels: labels.toLabels(), value })),
      alerting: evaluator instanceof Alerting ? evaluator.save() : null,
    }));
    return { name: group.name, evaluatedAt: last, rules: saved };
  }

  function restore(saved: SavedGroup): void {
    last = saved.evaluatedAt;
    const here = new Set(rules.map(({ rule }) => ruleHash(rule)));
    orphaned = saved.rules
      .filter(({ hash }) => !here.has(hash))
      .flatMap(({ made }) => made.map(({ labels }) => LabelSet.of(labels)));
    for (const { rule, made, evaluator } of rules) {
      const known = saved.rules.find(({ hash }) => hash === ruleHash(rule));
      if (known === undefined) continue;
      for (const { labels: plain, value } of known.made) {
        const labels = LabelSet.of(plain);
        made.set(labels.key, { labels, value });
      }
      if (evaluator instanceof Alerting && known.alerting !== null) evaluator.restore(known.alerting);
    }
  }

  return {
    ...{ group, alerting, evaluate },
    evaluatedAt: () => last,
    rules: () =>
      rules.map(({ rule, error, evaluator }) => ({
        ...{ rule, error },
        alerts: evaluator instanceof Alerting ? evaluator.alerts() : [],
      })),
    made: () => ({
      time: last - offset,
      samples:
        last > -Infinity
          ? rules.flatMap(({ error, made }) => (error === null ? [...made.values()] : []))
          : [],
    }),
    save,
    restore,
  };
}

const inhibitorOf = ({ name, inhibitedBy }: AlertRule, made: readonly Alerting[]): Alerting | null =>
  inhibitedBy === null
    ? null
    : (made.find(({ rule }) => rule.name === name && rule.labels.severity === inhibitedBy) ?? null);
