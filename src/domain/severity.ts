/** What a severity asks for. */

/** How a person is to be told: `high` wakes, `low` can wait. */
export const URGENCIES = ['high', 'low'] as const;
export type Urgency = (typeof URGENCIES)[number];

export const SEVERITY_CLASSES = ['high', 'medium', 'low'] as const;
export type SeverityClass = (typeof SEVERITY_CLASSES)[number];

/** The worst first. */
const CLASSES: Readonly<Record<string, SeverityClass>> = {
  critical: 'high',
  high: 'high',
  warning: 'medium',
  medium: 'medium',
  low: 'low',
  info: 'low',
};

/** Null for a word that is not ours. */
export function severityClass(severity: string | undefined): SeverityClass | null {
  const word = (severity ?? '').toLowerCase();
  return Object.hasOwn(CLASSES, word) ? CLASSES[word]! : null;
}

/** Of what nobody knows the severity, somebody has to be told at once. */
export function urgencyOf(severity: string | undefined): Urgency {
  return (severityClass(severity) ?? 'high') === 'high' ? 'high' : 'low';
}

const WORDS = Object.keys(CLASSES);
/** A word that nobody knows stands between high and warning: it is as urgent as high, and critical goes before it. */
const UNKNOWN = WORDS.indexOf('warning') - 0.5;

/** The less, the worse. */
function rankOf(severity: string | null): number {
  if (severity === null || severity === '') return WORDS.length;
  const rank = WORDS.indexOf(severity.toLowerCase());
  return rank < 0 ? UNKNOWN : rank;
}

/** Whether `severity` is worse than `than`. */
export const isWorse = (severity: string | null, than: string | null): boolean =>
  rankOf(severity) < rankOf(than);

export function worstOf(severities: readonly (string | null)[]): string | null {
  return severities.reduce<string | null>((worst, one) => (isWorse(one, worst) ? one : worst), null);
}
