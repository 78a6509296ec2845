/**
 * The fatigue limit: within a time, a receiver is told of so many alerts that are alike, each in a message of its own; what
 * comes beyond it is told together, in a digest. Who has to be woken is told of each at once, whatever the number.
 */
import { fnv1a64, labelsText, ALERT_NAME, type Labels } from './labels';
import { urgencyOf } from './severity';

export interface FatigueLimit {
  /** So many have a message of their own … */
  readonly similar: number;
  /** … within this time, wherever one lays it. */
  readonly windowMs: number;
  /** Alerts with the same values of these labels are alike. Sorted, none twice. */
  readonly groupBy: readonly string[];
  /** A digest leaves so long after the first alert that it holds. */
  readonly digestAfterMs: number;
}

/** An alert that is critical, high, or of a severity that nobody knows is never limited. */
export const isLimited = ({ severity }: Labels): boolean => urgencyOf(severity) === 'low';

/** A first message that may leave, to one receiver. */
export interface FirstMessage {
  readonly receiver: string;
  readonly labels: Labels;
  /** Milliseconds. */
  readonly at: number;
}

/** `told`: how many like it the receiver was told of by themselves, within the time before. Null where the limit does not count it. */
export type Planned =
  | { readonly kind: 'single'; readonly told: number | null }
  | { readonly kind: 'digest'; readonly told: number; readonly leavesAt: number };

/**
 * What becomes of messages that each leave as soon as they may, one answer each. The history counts rows of a queue by the same
 * law; here it is for what has not happened.
 */
export function planFatigue(
  { similar, windowMs, digestAfterMs, groupBy }: FatigueLimit,
  messages: readonly FirstMessage[],
): Planned[] {
  const seen = new Map<string, { left: number[]; digestAt: number }>();
  const found = new Map<FirstMessage, Planned>();
  for (const message of [...messages].sort((a, b) => a.at - b.at)) {
    const { receiver, labels, at } = message;
    if (!isLimited(labels)) {
      found.set(message, { kind: 'single', told: null });
      continue;
    }
    const key = `${receiver} ${likenessKey(labels, groupBy)}`;
    const known = seen.get(key) ?? { left: [], digestAt: -Infinity };
    seen.set(key, known);
    const told = known.left.filter((left) => left > at - windowMs).length;
    if (told < similar) {
      known.left.push(at);
      found.set(message, { kind: 'single', told });
      continue;
    }
    if (known.digestAt <= at) known.digestAt = at + digestAfterMs;
    found.set(message, { kind: 'digest', told, leavesAt: known.digestAt });
  }
  return messages.map((message) => found.get(message)!);
}

/** What it has in common with those that are like it; a label that it lacks, they lack too. */
export function likeness(labels: Labels, by: readonly string[]): Labels {
  const common = by.filter((name) => (labels[name] ?? '') !== '').map((name) => [name, labels[name]!]);
  return Object.fromEntries(common) as Labels;
}

/** The same for alerts that are alike, and for no others. */
export const likenessKey = (labels: Labels, by: readonly string[]): string =>
  fnv1a64(JSON.stringify(by.map((name) => [name, labels[name] ?? ''])));

/** `HighConnections`, or `{alertname="HighConnections",team="dba"}`. */
export function likenessText(like: Labels): string {
  const names = Object.keys(like);
  return names.length === 1 && names[0] === ALERT_NAME ? like[ALERT_NAME]! : labelsText(like);
}
