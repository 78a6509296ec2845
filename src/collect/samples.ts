/** From the rows of a view to samples: a column is a metric of that name unless it is a label. */
import type { Labels } from '../domain/labels';
import type { Row } from '../domain/runbook';
import type { Sample } from './port';

/** A sample, or none where the value is unknown: unknown is left out, never invented. */
export function sample(name: string, value: unknown, labels?: Labels): Sample[] {
  if (value === null || value === undefined || value === '') return [];
  const number = Number(value);
  return Number.isNaN(number)
    ? []
    : [labels === undefined ? { name, value: number } : { name, value: number, labels }];
}

/** The rows' columns as samples; the columns in `labelColumns` become the labels of their row's samples. */
export function samplesOf(rows: readonly Row[], labelColumns: readonly string[] = []): Sample[] {
  return rows.flatMap((row) => {
    const labels = labelColumns.length === 0 ? undefined : labelsOf(row, labelColumns);
    return Object.keys(row)
      .filter((column) => !labelColumns.includes(column))
      .flatMap((column) => sample(column, row[column], labels));
  });
}

function labelsOf(row: Row, columns: readonly string[]): Labels {
  return Object.fromEntries(columns.map((column) => [column, String(row[column] ?? '').trim()]));
}
