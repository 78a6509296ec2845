/** What a severity asks for. */

/** How a person is to be told: `high` wakes, `low` can wait. */
export const URGENCIES = ['high', 'low'] as const;
export type Urgency = (typeof URGENCIES)[number];

export const SEVERITY_CLASSES = ['high', 'medium', 'low'] as const;
export type SeverityClass = (typeof SEVERITY_CLASSES)[number];

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
