/**
 * Silences to be held against many alerts. One that asks for a value (`instance="db-1"`) is looked for by it, so that a
 * thousand silences of single alerts cost an alert a look-up for each of its labels; only the others are tried one by one.
 */
import { compileAlertmanagerMatchers } from '../domain/alertmanager-matchers';
import type { Labels } from '../domain/labels';
import type { Silence } from './port';

type Test = (labels: Labels) => boolean;

interface Entry {
  readonly order: number;
  readonly silence: Silence;
  readonly holds: Test;
}

export interface SilenceIndex {
  /** Those whose matchers hold, in the order in which they were given. */
  find(labels: Labels): readonly Silence[];
}

/** Regular expressions are compiled once a silence, and forgotten with it: `tests` are those of an earlier index. */
export function createSilenceIndex(
  silences: readonly Silence[],
  tests: Map<string, Test> = new Map(),
): SilenceIndex & { readonly tests: Map<string, Test> } {
  const kept = new Map<string, Test>();
  const byValue = new Map<string, Map<string, Entry[]>>();
  const others: Entry[] = [];

  for (const [order, silence] of silences.entries()) {
    // An id's matchers change never: a change of them is a new silence.
    const holds = tests.get(silence.id) ?? testOf(silence);
    kept.set(silence.id, holds);
    const entry = { order, silence, holds };
    const asked = silence.matchers.find(({ op, value }) => op === '=' && value !== '');
    if (asked === undefined) others.push(entry);
    else listIn(mapIn(byValue, asked.name), asked.value).push(entry);
  }

  return {
    tests: kept,
    find(labels) {
      const found = others.filter(({ holds }) => holds(labels));
      for (const name of byValue.size === 0 ? [] : Object.keys(labels)) {
        for (const entry of byValue.get(name)?.get(labels[name]!) ?? []) {
          if (entry.holds(labels)) found.push(entry);
        }
      }
      return found.sort((a, b) => a.order - b.order).map(({ silence }) => silence);
    },
  };
}

/** What cannot be understood holds for nothing, and takes no other with it. */
function testOf({ matchers }: Silence): Test {
  try {
    return compileAlertmanagerMatchers(matchers);
  } catch {
    return () => false;
  }
}

function mapIn<K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const found = maps.get(key) ?? new Map<L, V>();
  maps.set(key, found);
  return found;
}

function listIn<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const found = lists.get(key) ?? [];
  lists.set(key, found);
  return found;
}
