/** `tocsin config diff`: what another alertmanager.yml would do to the alerts that are open. */
import type { Config } from '../../config/config';
import { labelsText, type Labels } from '../../domain/labels';
import {
  differenceOf,
  type ChangedAlert,
  type Difference,
  type ReceiverChange,
} from '../../whatif/difference';
import { alertmanagerAt } from '../alertmanager-file';
import { instanceConfig, instanceText, type InstanceOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { readText } from '../files';
import { matcherModeOf } from '../matcher-mode';
import { oneLine } from '../plain';
import { paint, tableOf, type Column } from '../show';
import { countOf, timeOf } from '../words';

export interface ConfigDiffOptions extends InstanceOption {
  /** A JSON file of alerts, as Alertmanager's API lists them; left out: those that are open. */
  readonly alerts?: string;
  readonly at?: string;
  readonly limit: string;
  readonly enableFeature?: string;
  readonly json?: boolean;
}

const MANY = 100_000;

export async function configDiff(
  context: Context,
  oldFile: string,
  newFile: string,
  options: ConfigDiffOptions,
): Promise<ExitCode> {
  const mode = { matcherMode: matcherModeOf(options.enableFeature) };
  const limit = countOf('--limit', options.limit, 0, MANY);
  const at = options.at === undefined ? context.now() : timeOf('--at', options.at, context.now());
  const [before, after] = [
    alertmanagerAt(context, '<old>', oldFile, mode),
    alertmanagerAt(context, '<new>', newFile, mode),
  ];
  const asked = options.alerts === undefined ? instanceConfig(context, options) : null;
  const alerts = asked === null ? alertsIn(options.alerts!) : await openAlerts(context, asked);
  const difference = differenceOf(before, after, alerts, at);
  const whose = asked === null ? `alerts of ${options.alerts!}` : `open alerts of ${instanceText(asked)}`;
  if (options.json)
    context.print(
      JSON.stringify({ instance: asked?.instance ?? null, ...differenceJson(difference, limit) }, null, 2),
    );
  else context.print(differenceText(context, whose, difference, limit));
  return EXIT.ok;
}

async function openAlerts(context: Context, config: Config): Promise<Labels[]> {
  const operator = await context.wiring.openOperator(config);
  try {
    const now = context.now();
    const found = await Promise.all(
      (['FIRING', 'ACKNOWLEDGED'] as const).map((state) => operator.lists.list({ state, limit: MANY })),
    );
    return found
      .flat()
      .filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
      .map(({ labels }) => labels);
  } finally {
    await operator.close();
  }
}

/** What `GET /api/v2/alerts` answers, or a list of label sets alone. */
function alertsIn(file: string): Labels[] {
  const wrong = (what: string) =>
    usage(`${file} ${what}; accepted is a JSON list of alerts, each {"labels": {"alertname": "Down", …}}`);
  let whole: unknown;
  try {
    whole = JSON.parse(readText(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong(`is no JSON: ${error.message}`);
    throw error;
  }
  if (!Array.isArray(whole)) throw wrong('holds no list');
  return whole.map((each: unknown, index) => {
    const labels = isRecord(each) && 'labels' in each ? each.labels : each;
    if (!isRecord(labels) || !Object.values(labels).every((value) => typeof value === 'string'))
      throw wrong(`has an item without labels, the ${index + 1}th`);
    return labels as Labels;
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function differenceText(
  context: Context,
  whose: string,
  { alerts, changed, receivers }: Difference,
  limit: number,
): string {
  const head = `${changed.length} of ${alerts} ${whose} would go another way`;
  const touched = receivers.filter((each) => Object.values(deltaOf(each)).some((count) => count > 0));
  const parts = [paint(context, 'bold', head)];
  if (touched.length > 0) parts.push(tableOf(context, RECEIVER_COLUMNS, touched, 2));
  if (changed.length > 0) parts.push(...changed.slice(0, limit).map((each) => changedText(context, each)));
  if (changed.length > limit)
    parts.push(`and ${changed.length - limit} more; --limit ${changed.length} lists them all`);
  return parts.join('\n\n');
}

const deltaOf = ({ gained, lost, muted, unmuted }: ReceiverChange) => ({ gained, lost, muted, unmuted });

const RECEIVER_COLUMNS: readonly Column<ReceiverChange>[] = [
  { title: 'RECEIVER', value: ({ receiver }) => receiver, flexible: true },
  { title: 'ALERTS', value: ({ before }) => String(before) },
  { title: 'THEN', value: ({ after }) => String(after) },
  { title: 'GAINED', value: ({ gained }) => String(gained) },
  { title: 'LOST', value: ({ lost }) => String(lost), style: ({ lost }) => (lost > 0 ? 'yellow' : null) },
  {
    title: 'MUTED',
    value: ({ muted }) => String(muted),
    style: ({ muted }) => (muted > 0 ? 'yellow' : null),
  },
  { title: 'UNMUTED', value: ({ unmuted }) => String(unmuted) },
];

function changedText(context: Context, { fingerprint, labels, changes }: ChangedAlert): string {
  const lines = changes.flatMap(({ kind, before, after }) => [
    `  ${kind}`,
    paint(context, 'red', `    - ${oneLine(before)}`),
    paint(context, 'green', `    + ${oneLine(after)}`),
  ]);
  return [`${fingerprint}  ${oneLine(labelsText(labels))}`, ...lines].join('\n');
}

function differenceJson({ alerts, changed, receivers }: Difference, limit: number): object {
  return {
    alerts,
    changed: changed.length,
    receivers,
    listed: changed.slice(0, limit),
  };
}
