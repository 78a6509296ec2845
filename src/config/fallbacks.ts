/** Fallbacks of receivers, of tocsin.yaml and of an alertmanager.yml alike. */
import type { Finding, Path } from './problems';
import { unknownName } from './references';

export interface WithFallback {
  readonly name: string;
  readonly fallback: string | null;
  readonly fallback_after?: number | null;
}

/** A fallback exists and leads, in the end, to a receiver without one. `names`: those that there are, each a `what`. */
export function fallbackFindings(
  section: Path,
  all: readonly WithFallback[],
  names: readonly string[],
  what: string,
): Finding[] {
  const next = new Map(all.map(({ name, fallback }) => [name, fallback]));
  return all.flatMap((receiver, index): Finding[] => {
    if (receiver.fallback === null) return timeFindings([...section, index], receiver);
    const path: Path = [...section, index, 'fallback'];
    const value = JSON.stringify(receiver.fallback);
    if (receiver.fallback === receiver.name) return [{ path, value, message: 'is the receiver itself' }];
    const unknown = unknownName(path, receiver.fallback, names, what);
    if (unknown.length > 0) return unknown;
    const way = [receiver.name];
    for (let name: string | null | undefined = receiver.fallback; name; name = next.get(name)) {
      if (name === receiver.name)
        return [{ path, value, message: `leads back to itself: ${[...way, name].join(' → ')}` }];
      // a loop further on is reported where it closes
      if (way.includes(name)) return [];
      way.push(name);
    }
    return [];
  });
}

function timeFindings(path: Path, { fallback_after: after }: WithFallback): Finding[] {
  if (after === undefined || after === null) return [];
  const message = 'is never used: the receiver has no fallback';
  return [{ level: 'warning', path: [...path, 'fallback_after'], message }];
}
