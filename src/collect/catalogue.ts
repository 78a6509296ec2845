/** The catalogue of all metrics, made from what the collectors declare, and the page that shows it (`docs/metrics.md`). */
import { formatDuration } from '../domain/duration';
import { COLLECTION_SUCCESS } from './availability';
import { COLLECTORS } from './collectors';
import { DEFAULT_LIMITS, type MetricSpec, type TargetType, type Unit } from './port';

export interface CatalogueEntry {
  readonly type: TargetType;
  /** Null for the metric that every group has. */
  readonly group: string | null;
  readonly intervalMs: number | null;
  readonly name: string;
  readonly unit: Unit;
  readonly description: string;
  readonly source: string;
  readonly labels: readonly string[];
}

export const CATALOGUE: readonly CatalogueEntry[] = COLLECTORS.flatMap((collector) => [
  ...collector.groups.flatMap((group) =>
    group.metrics.map((metric) => entry(collector.type, group.name, group.intervalMs, metric)),
  ),
  entry(collector.type, null, null, COLLECTION_SUCCESS),
]);

function entry(
  type: TargetType,
  group: string | null,
  intervalMs: number | null,
  metric: MetricSpec,
): CatalogueEntry {
  const { name, unit, description, source, labels = [] } = metric;
  return { type, group, intervalMs, name, unit, description, source, labels };
}

const TITLES: Readonly<Record<TargetType, string>> = {
  postgresql: 'PostgreSQL',
  mongodb: 'MongoDB',
  mssql: 'SQL Server',
  snowflake: 'Snowflake',
  host: 'Host',
};

/** The page `docs/metrics.md`; a test fails when the file differs. */
export function cataloguePage(): string {
  const sections = COLLECTORS.map((collector) => {
    const groups = collector.groups.map(
      (group) =>
        `### ${TITLES[collector.type]}: ${group.name} (every ${formatDuration(group.intervalMs)})\n\n${table(group.metrics)}`,
    );
    return [`## ${TITLES[collector.type]} (\`${collector.type}\`)`, ...groups].join('\n\n');
  });
  return [INTRODUCTION, ...sections].join('\n\n') + '\n';
}

function table(metrics: readonly MetricSpec[]): string {
  const rows = metrics.map(
    ({ name, unit, labels = [], description, source }) =>
      `| \`${name}\` | ${unit} | ${labels.join(', ')} | ${description} | ${source} |`,
  );
  return [
    '| metric | unit | labels | what it says | source |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const limits = DEFAULT_LIMITS;
const INTRODUCTION = `<!-- Made from the catalogue in src/collect. Change it there, then: UPDATE_DOCS=1 npx jest test/unit/collect/catalogue.test.ts -->

# Metrics

What Tocsin's collectors measure. Every series has the labels \`instance_id\` (the target's name), \`database_type\` (the
heading's word in brackets), the target's tags (\`environment\`, \`region\`, …) and the labels of its row; a metric's own label
wins over a tag of the same name. Metrics are collected in groups; the interval in a group's heading is its default, and a
target can have its own.

**up** is 1 or 0 for every target at every probe. When it is 0, the message's \`metadata.reason\` says why and
\`metadata.error\` gives the driver's words; the reason is no label, so that an alert on \`up == 0\` resolves when the same
series becomes 1. Rules that need the reason use \`up_reason\`.

| \`up_reason\` | \`metadata.reason\` | meaning |
| --- | --- | --- |
| 0 | | the target is up |
| 1 | dns | the host's name cannot be resolved |
| 2 | tcp | no usable connection: refused, reset, unreachable, TLS failed |
| 3 | auth | the server does not let this login in |
| 4 | timeout | no answer in time: ${formatDuration(limits.acquireMs)} for a connection and the probe, ${formatDuration(limits.statementMs)} for a statement |
| 5 | query | the server answered and refused or failed the work: starting up, too many clients, no such database |

\`up\` is decided by the group \`availability\` alone. Every other group reports the metric below with the label \`group\`, so
that a missing grant shows without making the target look dead.

${table([COLLECTION_SUCCESS])}

After ${limits.failureThreshold} failures in a row a target's breaker opens: it is left alone for ${formatDuration(limits.resetMs)}, and \`up\` stays 0 with the last
reason and \`metadata.breaker\` = \`open\`. Rates and increases compare two collections: the first collection yields none, nor
does the first after a counter was reset. What cannot be read (a view that is not there, a command that the server lacks) is
left out. A labelled series that is missing from two collections in a row ends with the stale marker.`;
