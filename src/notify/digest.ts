/** What a digest says of itself: how many alerts of one kind it tells of, how many of them still fire, and why they come together. */
import { formatDuration } from '../domain/duration';
import { likenessText } from '../domain/fatigue';
import type { Labels } from '../domain/labels';
import { shortened } from '../domain/shortened';
import type { AlertRow } from '../history/port';

/** What alerts are told of together for. */
export interface Digest {
  readonly like: Labels;
  readonly limit: number;
  readonly windowMs: number;
}

const LONGEST = 150;
/** What asks for something leads. */
const ORDER: readonly AlertRow['state'][] = ['FIRING', 'ACKNOWLEDGED', 'RESOLVED'];

export const byUrgency = (a: AlertRow, b: AlertRow): number =>
  ORDER.indexOf(a.state) - ORDER.indexOf(b.state);

/** `5 in 1h`. */
export const limitText = ({ limit, windowMs }: Omit<Digest, 'like'>): string =>
  `${limit} in ${formatDuration(windowMs)}`;

/** `[WARNING, digest] 7 more like HighConnections: 5 firing, 2 over`; at their end `[RESOLVED, digest] 5 like HighConnections are over`. */
export function digestSubject({ like }: Digest, step: string, alerts: readonly AlertRow[]): string {
  const [{ state, labels }] = alerts as readonly [AlertRow];
  const tag = state === 'FIRING' ? (labels['severity']?.toUpperCase() ?? state) : state;
  const what =
    step === 'resolved'
      ? `${alerts.length} like ${likenessText(like)} are over`
      : `${alerts.length} more like ${likenessText(like)}: ${countsOf(alerts)}`;
  return shortened(`[${tag}, digest] ${what}`.replace(/\s+/g, ' '), LONGEST);
}

/** What its text begins with. */
export function digestLine(digest: Digest, step: string, alerts: readonly AlertRow[]): string {
  const { length } = alerts;
  const like = `${length === 1 ? 'alert' : 'alerts'} like ${likenessText(digest.like)}`;
  if (step === 'resolved') return `Digest: ${length} ${like}, of which a digest told, are over`;
  return `Digest: ${length} more ${like}, beyond the limit of ${limitText(digest)}: ${countsOf(alerts)}`;
}

function countsOf(alerts: readonly AlertRow[]): string {
  const words = { FIRING: 'firing', ACKNOWLEDGED: 'acknowledged', RESOLVED: 'over' } as const;
  return ORDER.map((state) => ({
    word: words[state],
    of: alerts.filter((one) => one.state === state).length,
  }))
    .filter(({ of }) => of > 0)
    .map(({ word, of }) => `${of} ${word}`)
    .join(', ');
}
