/**
 * `tocsin incidents`: alerts that are told as one. What is open, one incident's story, who commands it, and its end. Taking
 * one takes its alerts.
 */
import { TocsinError } from '../../domain/errors';
import { incidentRef, parseIncidentRef } from '../../domain/incident';
import type { TimelineEvent } from '../../domain/life';
import type { IncidentAlert, IncidentRow, NotificationRecord } from '../../history/port';
import type { InstanceOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import type { Operator } from '../port';
import { facts, fromNow, paint, severityStyle, span, stamp, stateStyle, tableOf, type Column } from '../show';
import { countOf, wordOf } from '../words';
import { notificationJson } from './alert-json';
import { act, ownerOf, withOperator } from './alerts';
import { notificationColumns, timelineColumns } from './show-alert';

interface Shown extends InstanceOption {
  readonly json?: boolean;
}

interface Acting extends Shown {
  readonly owner?: string;
  readonly comment?: string;
}

const DEFAULT_LIMIT = 50;
const MOST_LISTED = 1_000;
const MOST_ALERTS = 500;

export async function listIncidents(
  context: Context,
  options: Shown & { readonly all?: boolean; readonly limit?: string },
): Promise<ExitCode> {
  const limit =
    options.limit === undefined ? DEFAULT_LIMIT : countOf('--limit', options.limit, 1, MOST_LISTED);
  const all = options.all === true;
  const rows = await withOperator(context, options, ({ incidents }) => incidents.list({ all, limit }));
  if (options.json) context.print(JSON.stringify(rows.map(incidentJson), null, 2));
  else if (rows.length === 0) context.print(all ? 'There are no incidents.' : 'No incidents are open.');
  else context.print(tableOf(context, listColumns(context.now()), rows));
  return EXIT.ok;
}

export async function showIncident(context: Context, word: string, options: Shown): Promise<ExitCode> {
  const id = idOf(word);
  return withOperator(context, options, async ({ incidents }) => {
    const row = await found(incidents, id);
    const [alerts, timeline, notifications] = await Promise.all([
      incidents.alerts(id, MOST_ALERTS),
      incidents.timeline(id),
      incidents.notifications(id),
    ]);
    const story = { row, alerts, timeline, notifications };
    context.print(options.json ? JSON.stringify(storyJson(story), null, 2) : storyText(context, story));
    return EXIT.ok;
  });
}

/** The new commander is told in all of his ways for what is urgent, and those who know of the incident hear who he is. */
export async function commandIncident(
  context: Context,
  word: string,
  name: string,
  options: Acting,
): Promise<ExitCode> {
  const id = idOf(word);
  const by = ownerOf(context, options);
  return withOperator(context, options, async ({ incidents }, { onCall: { people } }) => {
    if (people.length === 0) throw usage('no people are configured, of whom one could command');
    const person = wordOf(
      'person',
      name,
      people.map((each) => each.name),
    );
    const ways = people.find((each) => each.name === person)!.notify.high;
    await found(incidents, id);
    const row = await incidents.handOver(id, { person, ways }, { by, comment: options.comment ?? '' });
    if (row === null) throw over(id);
    const said = `${person} commands ${incidentRef(id)} ${row.policy}`;
    context.print(options.json ? JSON.stringify(incidentJson(row), null, 2) : said);
    return EXIT.ok;
  });
}

/** Its alerts go on as they are: those that still fire may be related to what fires next. */
export async function resolveIncident(context: Context, word: string, options: Acting): Promise<ExitCode> {
  const id = idOf(word);
  const by = ownerOf(context, options);
  return withOperator(context, options, async ({ incidents }, { resolveTo }) => {
    await found(incidents, id);
    const row = await incidents.resolve(id, { by, comment: options.comment ?? '' }, resolveTo);
    if (row === null) throw over(id);
    const left = row.openAlerts === 0 ? '' : `; ${row.openAlerts} of its alerts are still open`;
    const said = `${incidentRef(id)} ${row.policy} is resolved${left}`;
    context.print(options.json ? JSON.stringify(incidentJson(row), null, 2) : said);
    return EXIT.ok;
  });
}

export async function takeIncident(context: Context, word: string, options: Acting): Promise<ExitCode> {
  const id = idOf(word);
  const open = await withOperator(context, options, async ({ incidents }) => {
    await found(incidents, id);
    const alerts = await incidents.alerts(id, MOST_ALERTS);
    return alerts.filter(({ state }) => state !== 'RESOLVED').map(({ fingerprint }) => fingerprint);
  });
  if (open.length === 0) throw usage(`no alert of ${incidentRef(id)} is open any more`);
  return act(context, 'ack', open, options);
}

function idOf(word: string): number {
  const id = parseIncidentRef(word);
  if (id !== null) return id;
  throw usage(
    `${JSON.stringify(word)} names no incident; give INC-7 or 7, as \`tocsin incidents list\` shows them`,
  );
}

async function found(incidents: Operator['incidents'], id: number): Promise<IncidentRow> {
  const row = await incidents.find(id);
  if (row === null) throw new TocsinError('TOC_INCIDENT_UNKNOWN', `there is no incident ${incidentRef(id)}`);
  return row;
}

const over = (id: number): TocsinError =>
  new TocsinError('TOC_INCIDENT_OVER', `${incidentRef(id)} is resolved already`);

const stateOf = ({ state }: IncidentRow): string => state.toUpperCase();
const style = ({ state }: IncidentRow) => stateStyle(state === 'open' ? 'FIRING' : 'RESOLVED');

const listColumns = (now: number): Column<IncidentRow>[] => [
  { title: 'ID', value: ({ id }) => incidentRef(id) },
  { title: 'STATE', value: stateOf, style },
  {
    title: 'SEVERITY',
    value: ({ severity }) => severity ?? '',
    style: ({ severity }) => severityStyle(severity ?? ''),
  },
  { title: 'NAME', value: ({ policy }) => policy },
  { title: 'OF', value: ({ about }) => about, flexible: true },
  { title: 'ALERTS', value: ({ alerts, openAlerts }) => `${openAlerts} of ${alerts} open` },
  { title: 'COMMANDER', value: ({ commander }) => commander ?? 'nobody' },
  { title: 'SINCE', value: ({ openedAt }) => fromNow(now, openedAt) },
];

const alertColumns = (now: number): Column<IncidentAlert>[] => [
  { title: 'ALERT', value: ({ fingerprint }) => fingerprint.slice(0, 8) },
  { title: 'STATE', value: ({ state }) => state, style: ({ state }) => stateStyle(state) },
  { title: 'SEVERITY', value: ({ labels }) => labels['severity'] ?? '' },
  { title: 'NAME', value: ({ labels }) => labels['alertname'] ?? '' },
  { title: 'ON', value: ({ labels }) => labels['instance_id'] ?? labels['instance'] ?? '', flexible: true },
  { title: 'FIRED', value: ({ at }) => fromNow(now, at) },
  { title: 'OVER', value: ({ endedAt }) => (endedAt === null ? '' : fromNow(now, endedAt)) },
];

interface Story {
  readonly row: IncidentRow;
  readonly alerts: readonly IncidentAlert[];
  readonly timeline: readonly TimelineEvent[];
  readonly notifications: readonly NotificationRecord[];
}

function storyText(context: Context, { row, alerts, timeline, notifications }: Story): string {
  const now = context.now();
  const { id, policy, about, severity, commander, openedAt, resolvedAt, resolvedBy } = row;
  const ended =
    resolvedAt === null
      ? null
      : `${stamp(resolvedAt)} by ${resolvedBy ?? 'somebody'}, after ${span(Date.parse(resolvedAt) - Date.parse(openedAt))}`;
  const head = `${paint(context, 'bold', `${incidentRef(id)} ${policy}`)}  ${paint(context, style(row), stateOf(row))}`;
  const said = facts(context, [
    ['Of', about],
    ['Severity', severity],
    ['Commander', commander ?? 'nobody'],
    ['Since', `${stamp(openedAt)}, ${fromNow(now, openedAt)}`],
    ['Resolved', ended],
  ]);
  const part = (title: string, text: string): string => `${paint(context, 'bold', title)}\n${text}`;
  return [
    `${head}\n${said}`,
    part(`Alerts (${row.openAlerts} of ${row.alerts} open)`, tableOf(context, alertColumns(now), alerts, 2)),
    part('Timeline', tableOf(context, timelineColumns(now), timeline, 2)),
    part(
      'Notifications',
      notifications.length === 0
        ? '  nobody was told'
        : tableOf(context, notificationColumns(now), notifications, 2),
    ),
  ].join('\n\n');
}

const incidentJson = (row: IncidentRow): Record<string, unknown> => ({
  id: incidentRef(row.id),
  name: row.policy,
  about: row.about,
  state: row.state,
  severity: row.severity,
  commander: row.commander,
  opened_at: row.openedAt,
  resolved_at: row.resolvedAt,
  resolved_by: row.resolvedBy,
  alerts: row.alerts,
  open_alerts: row.openAlerts,
});

function storyJson({ row, alerts, timeline, notifications }: Story): object {
  const { alerts: count, ...rest } = incidentJson(row);
  return {
    ...rest,
    alerts_count: count,
    alerts: alerts.map(({ endedAt, at, ...alert }) => ({ ...alert, fired_at: at, ended_at: endedAt })),
    timeline,
    notifications: notifications.map(notificationJson),
  };
}
