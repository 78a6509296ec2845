/**
 * Which firing alert inhibits another, by the inhibition rules. Sources are kept by rule and by the values of the rule's
 * `equal` labels, so an alert is held against those only that can inhibit it. What follows is the caller's.
 *
 * An alert that is both source and target of a rule is inhibited by none that is both as well, itself among them: two
 * such alerts would silence each other.
 */
import { compileAlertmanagerMatchers } from '../domain/alertmanager-matchers';
import type { Labels } from '../domain/labels';
import type { InhibitionRule } from './port';

export interface InhibitingAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  /** Milliseconds since 1970; from then on it inhibits nobody. Left out: until it is removed. */
  readonly endsAt?: number;
}

export interface InhibitionIndex {
  /** Takes in an alert that fires, or what is new of one that it knows. */
  add(alert: InhibitingAlert): void;
  remove(fingerprint: string): void;
  /** Of the alert that inhibits one with these labels at `at`: of the first rule that does, as Alertmanager answers it. */
  inhibitedBy(labels: Labels, at: number): readonly string[];
}

type Test = (labels: Labels) => boolean;
/** When each ends, by fingerprint. */
type Sources = Map<string, number>;

interface Bucket {
  /** Sources that are targets of the same rule too, and those that are not. */
  readonly both: Sources;
  readonly only: Sources;
}

interface CompiledRule {
  readonly isSource: Test;
  readonly isTarget: Test;
  readonly equal: readonly string[];
  readonly buckets: Map<string, Bucket>;
}

/** Where an alert stands. */
interface Place {
  readonly rule: CompiledRule;
  readonly key: string;
}

export function createInhibitionIndex(rules: readonly InhibitionRule[]): InhibitionIndex {
  const compiled = rules.map((rule): CompiledRule => ({
    isSource: compileAlertmanagerMatchers(rule.source),
    isTarget: compileAlertmanagerMatchers(rule.target),
    equal: [...new Set(rule.equal)],
    buckets: new Map(),
  }));
  const places = new Map<string, Place[]>();

  function remove(fingerprint: string): void {
    for (const { rule, key } of places.get(fingerprint) ?? []) {
      const bucket = rule.buckets.get(key)!;
      bucket.both.delete(fingerprint);
      bucket.only.delete(fingerprint);
      if (bucket.both.size + bucket.only.size === 0) rule.buckets.delete(key);
    }
    places.delete(fingerprint);
  }

  return {
    add({ fingerprint, labels, endsAt = Infinity }) {
      remove(fingerprint);
      const taken: Place[] = [];
      for (const rule of compiled) {
        if (!rule.isSource(labels)) continue;
        const key = keyOf(rule.equal, labels);
        const bucket = rule.buckets.get(key) ?? { both: new Map(), only: new Map() };
        rule.buckets.set(key, bucket);
        (rule.isTarget(labels) ? bucket.both : bucket.only).set(fingerprint, endsAt);
        taken.push({ rule, key });
      }
      if (taken.length > 0) places.set(fingerprint, taken);
    },
    remove,
    inhibitedBy(labels, at) {
      for (const rule of compiled) {
        if (rule.buckets.size === 0 || !rule.isTarget(labels)) continue;
        const bucket = rule.buckets.get(keyOf(rule.equal, labels));
        if (bucket === undefined) continue;
        const found = firing(bucket.only, at) ?? (rule.isSource(labels) ? null : firing(bucket.both, at));
        if (found !== null) return [found];
      }
      return [];
    },
  };
}

function firing(sources: Sources, at: number): string | null {
  for (const [fingerprint, endsAt] of sources) {
    if (at < endsAt) return fingerprint;
  }
  return null;
}

/** Lengths keep values apart that hold the separator. */
function keyOf(equal: readonly string[], labels: Labels): string {
  let key = '';
  for (const name of equal) {
    const value = Object.hasOwn(labels, name) ? labels[name]! : '';
    key += `${value.length}:${value}`;
  }
  return key;
}
