/**
 * A cron expression in the form that both people and Temporal's Schedules take: minute, hour, day of the month, month and
 * weekday, each `*`, a value, a range, a list, or one of these with a step. Only its form is checked here; when it comes
 * is the server's to say. Unlike cron, where both a day of the month and a weekday are given, both have to hold.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly what: string;
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const FIELDS: readonly Field[] = [
  { what: 'minute', least: 0, most: 59, names: [] },
  { what: 'hour', least: 0, most: 23, names: [] },
  { what: 'day of the month', least: 1, most: 31, names: [] },
  { what: 'month', least: 1, most: 12, names: MONTHS },
  { what: 'weekday', least: 0, most: 7, names: WEEKDAYS },
];

/** What is wrong with it; null: nothing. */
export function cronFault(text: string): string | null {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) return `has ${parts.length} parts instead of ${FIELDS.length}`;
  for (const [index, part] of parts.entries()) {
    const field = FIELDS[index]!;
    if (!part.split(',').every((item) => isItem(item, field)))
      return `has no ${field.what} in ${JSON.stringify(part)}: ${field.least} to ${field.most}`;
  }
  return null;
}

function isItem(item: string, field: Field): boolean {
  const found = /^([^/-]+)(?:-([^/-]+))?(?:\/(\d{1,2}))?$/.exec(item);
  if (found === null) return false;
  const [, first, last, step] = found;
  if (step !== undefined && Number(step) < 1) return false;
  if (first === '*') return last === undefined;
  const from = valueOf(first!, field);
  const to = last === undefined ? from : valueOf(last, field);
  return from !== null && to !== null && from <= to;
}

function valueOf(text: string, { least, most, names }: Field): number | null {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + least;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : null;
}
