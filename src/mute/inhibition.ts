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
  /** The first rule by which an alert with the labels of `source` inhibits one with those of `target`, from 0. */
  ruleBetween(source: Labels, target: Labels): { readonly index: number; readonly name: string } | null;
}

type Test = (labels: Labels) => boolean;
interface Sources {
  /** When each ends, by fingerprint. */
  readonly ends: Map<string, number>;
  /** The first of those that fired at the last look, by fingerprint: every process names the same. */
  first: string | null;
}

interface Bucket {
  /** Sources that are targets of the same rule too, and those that are not. */
  readonly both: Sources;
  readonly only: Sources;
}

interface CompiledRule {
  readonly name: string;
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
    name: rule.name ?? '',
    isSource: compileAlertmanagerMatchers(rule.source),
    isTarget: compileAlertmanagerMatchers(rule.target),
    equal: [...new Set(rule.equal)],
    buckets: new Map(),
  }));
  const places = new Map<string, Place[]>();

  function remove(fingerprint: string): void {
    for (const { rule, key } of places.get(fingerprint) ?? []) {
      const bucket = rule.buckets.get(key)!;
      bucket.both.ends.delete(fingerprint);
      bucket.only.ends.delete(fingerprint);
      if (bucket.both.ends.size + bucket.only.ends.size === 0) rule.buckets.delete(key);
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
        const bucket = rule.buckets.get(key) ?? { both: noSources(), only: noSources() };
        rule.buckets.set(key, bucket);
        join(rule.isTarget(labels) ? bucket.both : bucket.only, fingerprint, endsAt);
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
    ruleBetween(source, target) {
      const index = compiled.findIndex((rule) => inhibits(rule, source, target));
      return index < 0 ? null : { index, name: compiled[index]!.name };
    },
  };
}

function inhibits({ isSource, isTarget, equal }: CompiledRule, source: Labels, target: Labels): boolean {
  if (!isSource(source) || !isTarget(target) || keyOf(equal, source) !== keyOf(equal, target)) return false;
  return !(isTarget(source) && isSource(target));
}

const noSources = (): Sources => ({ ends: new Map(), first: null });

function join(sources: Sources, fingerprint: string, endsAt: number): void {
  sources.ends.set(fingerprint, endsAt);
  if (sources.first !== null && fingerprint < sources.first) sources.first = fingerprint;
}

function firing(sources: Sources, at: number): string | null {
  if (sources.first !== null && at < (sources.ends.get(sources.first) ?? -Infinity)) return sources.first;
  let first: string | null = null;
  for (const [fingerprint, endsAt] of sources.ends) {
    if (at < endsAt && (first === null || fingerprint < first)) first = fingerprint;
  }
  sources.first = first;
  return first;
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
