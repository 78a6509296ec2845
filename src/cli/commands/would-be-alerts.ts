/** The table of alerts that rules would have made. */
import { formatDuration } from '../../domain/duration';
import { labelsText, type Labels } from '../../domain/labels';
import { severityStyle, type Column } from '../show';

export interface ShownAlert {
  readonly group: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly startsAt: number;
  /** Null while it goes on. */
  readonly endsAt: number | null;
  readonly value: number | string | null;
}

export const timeText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

export const lengthOf = ({ startsAt, endsAt }: Pick<ShownAlert, 'startsAt' | 'endsAt'>): string =>
  endsAt === null ? 'goes on' : formatDuration(endsAt - startsAt);

export const WOULD_BE_COLUMNS: readonly Column<ShownAlert>[] = [
  { title: 'BEGINS', value: ({ startsAt }) => timeText(startsAt) },
  { title: 'LASTS', value: lengthOf },
  { title: 'SEVERITY', value: severityOf, style: (alert) => severityStyle(severityOf(alert)) },
  { title: 'GROUP', value: ({ group }) => group },
  { title: 'ALERT', value: ({ rule }) => rule },
  { title: 'VALUE', value: ({ value }) => String(value ?? '–') },
  { title: 'LABELS', value: ({ labels }) => labelsText(othersOf(labels)), flexible: true },
];

function severityOf({ labels }: ShownAlert): string {
  return labels.severity ?? '';
}

/** Those that have no column of their own. */
export const othersOf = ({ alertname: _alertname, severity: _severity, ...labels }: Labels): Labels => labels;
