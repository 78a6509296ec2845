/**
 * `tocsin alerts show`: what a person who was woken needs to know, in this order: what is wrong and how badly, who holds
 * it, who is told next and when, what was tried, then how it came about. Rows come from Postgres; where the alert's life
 * does not answer, what only it knows is left out and said to be missing.
 */
import type { Config } from '../../config/config';
import { amountText, limitsText, unitOf } from '../../domain/amount';
import { messageOf } from '../../domain/errors';
import { readGroupPages, type GroupPage } from '../../dispatch/group-pages';
import type { Artifact } from '../../domain/artifact';
import { nextLevel } from '../../domain/escalation';
import type { LifeStatus, TimelineEvent } from '../../domain/life';
import { shownState } from '../../domain/lifecycle';
import { compileMatchers } from '../../domain/matchers';
import type { RemediationResult } from '../../domain/remediation';
import type { AlertRow, NotificationRecord } from '../../history/port';
import { redactUrl } from '../../observe/redact';
import { instanceConfig, instanceText, type InstanceOption } from '../configuration';
import type { Context } from '../context';
import { oneLine } from '../plain';
import { EXIT, type ExitCode } from '../failures';
import type { Operator } from '../port';
import { facts, fromNow, paint, severityStyle, span, stamp, stateStyle, tableOf, type Column } from '../show';
import { fingerprintOf } from '../words';
import { alertJson, groupPageJson, lifeJson, notificationJson } from './alert-json';
import { findAlert, withSilences } from './alerts';
import { foundLines } from './evidence';

type PlacedEvent = TimelineEvent & { readonly episode: number };

interface Story {
  readonly row: AlertRow;
  readonly status: LifeStatus | null;
  /** Why there is no status. */
  readonly away: string | null;
  readonly timeline: readonly PlacedEvent[];
  readonly notifications: readonly NotificationRecord[];
  /** By the routes of an alertmanager.yml. */
  readonly groupPages: readonly GroupPage[];
  readonly remediations: readonly RemediationResult[];
  readonly artifacts: readonly Artifact[];
  readonly silencedUntil: string | null;
  readonly heldBy: string | null;
  /** Of all episodes, or of the last. */
  readonly all: boolean;
}

export interface ShowOptions extends InstanceOption {
  /** All episodes instead of the last one. */
  readonly all?: boolean;
  readonly json?: boolean;
}

export async function showAlert(context: Context, word: string, options: ShowOptions): Promise<ExitCode> {
  const prefix = fingerprintOf(word);
  const config = instanceConfig(context, options);
  const { openOperator } = context.wiring;
  const operator = await openOperator(config);
  try {
    const story = await readStory(operator, config, prefix, options.all === true, context.now());
    context.print(
      options.json ? JSON.stringify(storyJson(story), null, 2) : storyText(context, story, config),
    );
    return EXIT.ok;
  } finally {
    await operator.close();
  }
}

async function readStory(
  operator: Operator,
  config: Config,
  prefix: string,
  all: boolean,
  now: number,
): Promise<Story> {
  const { lists, records, actions } = operator;
  const row = await findAlert(lists, prefix, instanceText(config));
  const { fingerprint } = row;
  const episode = all ? undefined : row.episode;
  const [live, timeline, notifications, groupPages, remediations, artifacts, [listed]] = await Promise.all([
    actions.status(fingerprint).then(
      (status) => ({ status, away: null }),
      (error: unknown) => ({ status: null, away: redactUrl(messageOf(error)) }),
    ),
    lists.timeline(fingerprint, episode),
    lists.notifications(fingerprint, episode),
    readGroupPages(row, records, all),
    lists.remediations(fingerprint, episode),
    lists.artifacts(fingerprint, row.episode),
    withSilences(operator, config, [row], now),
  ]);
  const silencedUntil = listed!.silencedUntil ?? live.status?.silencedUntil ?? null;
  const { heldBy } = listed!;
  const told = { notifications, groupPages, remediations };
  return { row, ...live, ...told, timeline, artifacts, silencedUntil, heldBy, all };
}

function storyText(context: Context, story: Story, config: Config): string {
  const { row, timeline, notifications, groupPages, artifacts, all } = story;
  const told = [...notifications, ...groupPages];
  const parts = [
    `${title(context, story)}\n${facts(context, summary(context, story, config))}`,
    section(context, 'Evidence', artifacts.length === 0 ? null : evidenceText(context, story)),
    section(
      context,
      'Timeline',
      timeline.length === 0
        ? '  nothing is recorded'
        : tableOf(context, timelineColumns(context.now()), timeline, 2),
    ),
    section(
      context,
      'Notifications',
      told.length === 0 ? '  nobody was told' : tableOf(context, notificationColumns(context.now()), told, 2),
    ),
  ];
  const episodes =
    row.fireCount > 1 && !all
      ? `\n\n${paint(context, 'dim', `Episode ${row.fireCount} of this alert; \`tocsin alerts show ${row.fingerprint} --all\` shows the earlier ones too.`)}`
      : '';
  return parts.filter((part) => part !== null).join('\n\n') + episodes;
}

/** A maintenance has a name, and may have no end. */
function heldText(until: string | null, heldBy: string | null, now: number): string | null {
  if (until === null) return null;
  if (heldBy?.startsWith('maintenance ') === true) return `by ${heldBy}`;
  return `until ${stamp(until)}, ${fromNow(now, until)}`;
}

function section(context: Context, name: string, text: string | null): string | null {
  return text === null ? null : `${paint(context, 'bold', name)}\n${text}`;
}

function title(context: Context, story: Story): string {
  const { labels } = story.row;
  const severity = oneLine(labels.severity ?? '');
  const state = shownState(story.row.state, story.silencedUntil !== null);
  const name = oneLine(labels.alertname ?? 'an alert without a name');
  const parts = [
    paint(context, stateStyle(state), state),
    paint(context, 'bold', name),
    paint(context, severityStyle(severity), severity),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

function summary(context: Context, story: Story, config: Config): [string, string | null][] {
  const { row, away, silencedUntil, heldBy } = story;
  const now = context.now();
  const own: [string, string | null][] = [
    ['Id', `${row.fingerprint}  (fired ${row.fireCount === 1 ? 'once' : `${row.fireCount} times`})`],
    ['Since', `${stamp(row.startsAt)}, ${fromNow(now, row.startsAt)}`],
    ['Ended', endedText(row, now)],
    ['Value', valueText(row)],
    ['Held open', row.state === 'RESOLVED' ? null : heldOpenText(row)],
    ['Where', whereText(row)],
    ['Summary', row.annotations.summary ?? row.annotations.description ?? null],
    ['Held by', row.state === 'RESOLVED' ? null : acknowledgedText(row, now)],
    ['Silenced', heldText(silencedUntil, heldBy, now)],
    ['Escalation', escalationText(story, config, now)],
    ['Remediation', remediationText(story, now)],
    ['Runbook', row.annotations.runbook_url ?? null],
    ['Dashboard', row.annotations.dashboard_url ?? null],
    ['Correlation', row.correlationId],
    [
      'Note',
      away === null ? null : `the alert's life did not answer (${away}); the next escalation is not shown`,
    ],
  ];
  return own.map(([label, value]) => [label, value === null ? null : oneLine(value)]);
}

function endedText(row: AlertRow, now: number): string | null {
  if (row.state !== 'RESOLVED' || row.endsAt === null) return null;
  const by = row.resolvedBy === null ? '' : `, by ${row.resolvedBy}`;
  return `${stamp(row.endsAt)}, ${fromNow(now, row.endsAt)}, after ${span(Date.parse(row.endsAt) - row.episode)}${by}`;
}

function valueText(row: AlertRow): string | null {
  const { value, condition } = row;
  if (value === null) return null;
  const measured = `${condition ? `${condition.metric} = ` : ''}${amountText(value, unitOf(row))}`;
  return [measured, limitsText(row)].filter((part) => part !== null).join(', ');
}

/** The annotations by which an evaluator says that not the condition alone keeps the alert firing. */
const HOLDING_OPEN = ['keep_firing_for', 'flapping', 'no_data'];

function heldOpenText({ annotations }: AlertRow): string | null {
  const said = HOLDING_OPEN.filter((name) => annotations[name]).map(
    (name) => `${name}: ${annotations[name]}`,
  );
  return said.length === 0 ? null : said.join('; ');
}

function whereText({ labels }: AlertRow): string | null {
  const { instance_id, instance, database_type, environment, region, service, owner, team } = labels;
  const place = instance_id ?? instance;
  const kind = [database_type, environment, region].filter(Boolean).join(', ');
  const parts = [
    place && `${place}${kind === '' ? '' : ` (${kind})`}`,
    service && `service ${service}`,
    owner && `owner ${owner}`,
    team && `team ${team}`,
  ].filter(Boolean);
  return parts.length === 0 ? null : parts.join(', ');
}

function acknowledgedText({ acknowledgement: held }: AlertRow, now: number): string {
  if (held === null) return 'nobody';
  const until =
    held.until === null
      ? 'until it is taken back'
      : `until ${stamp(held.until)}, ${fromNow(now, held.until)}`;
  return `${held.owner}, ${until}${held.comment === null ? '' : `: ${held.comment}`}`;
}

function escalationText({ row, status, silencedUntil }: Story, config: Config, now: number): string | null {
  if (status?.escalation == null || status.episode !== row.episode) return null;
  const { policy: name, told, nextAt } = status.escalation;
  const policy =
    config.escalations.find((each) => each.policy.name === name && compileMatchers(each.matchers)(row.labels))
      ?.policy ?? null;
  const levels = policy === null ? '' : ` of ${policy.levels.length * (policy.repeat + 1)}`;
  const last = policy !== null && told > 0 ? nextLevel(policy, told - 1) : null;
  const so =
    told === 0
      ? 'nobody told yet'
      : `${told}${levels} told${last === null ? '' : `, last ${last.spec.name}`}`;
  const next = policy === null ? null : nextLevel(policy, told);
  if (nextAt !== null)
    return `${name}: ${so}; next ${next?.spec.name ?? `level ${told + 1}`} ${fromNow(now, nextAt)} (${stamp(nextAt)})`;
  const waits =
    row.state === 'ACKNOWLEDGED'
      ? 'waits while it is held'
      : silencedUntil !== null
        ? 'waits while it is silenced'
        : 'nobody is told next';
  return `${name}: ${so}; ${waits}`;
}

function remediationText({ row, status, remediations }: Story, now: number): string | null {
  const running =
    status?.episode === row.episode && status.remediation?.outcome === 'running' ? status.remediation : null;
  if (running) return `${running.runbook} is running`;
  const last = [...remediations].sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at)).at(-1);
  if (last === undefined) return 'none';
  const risk = last.residual_risk === null ? '' : `; residual risk ${last.residual_risk}`;
  return `${last.runbook}: ${last.outcome.replaceAll('_', ' ')}, ${fromNow(now, last.ended_at)}: ${last.reason}${risk}`;
}

/** Under the table what a person would look for first in it. */
function evidenceText(context: Context, { artifacts, remediations }: Story): string {
  const lines = foundLines(artifacts, remediations).map((line) => `  ${oneLine(line)}`);
  return [tableOf(context, evidenceColumns, artifacts, 2), ...lines].join('\n');
}

const evidenceColumns: readonly Column<Artifact>[] = [
  { title: 'PROVIDER', value: ({ provider }) => provider },
  {
    title: 'STATUS',
    value: ({ status }) => status,
    style: ({ status }) => (status === 'ok' ? null : 'yellow'),
  },
  {
    title: 'FOUND',
    value: ({ title: what, error }) => (error === null ? what : `${what}: ${error}`),
    flexible: true,
  },
];

export function timelineColumns(now: number): Column<TimelineEvent>[] {
  return [
    { title: 'WHEN', value: ({ at }) => fromNow(now, at) },
    { title: 'TIME', value: ({ at }) => new Date(at).toISOString().slice(11, 19) },
    { title: 'WHAT', value: ({ kind }) => kind.replaceAll('_', ' ') },
    { title: 'WHO', value: ({ actor }) => actor },
    { title: 'DETAILS', value: ({ text }) => text, flexible: true },
  ];
}

type Told = Pick<
  NotificationRecord,
  'receiver' | 'step' | 'state' | 'via' | 'attempts' | 'sentAt' | 'dueAt' | 'detail'
>;

export function notificationColumns(now: number): Column<Told>[] {
  return [
    { title: 'RECEIVER', value: ({ receiver }) => receiver },
    { title: 'STEP', value: ({ step }) => step },
    {
      title: 'STATE',
      value: ({ state }) => state,
      style: ({ state }) => (state === 'dead' ? 'red' : state === 'pending' ? 'yellow' : null),
    },
    { title: 'VIA', value: ({ via }) => via ?? '' },
    { title: 'TRIES', value: ({ attempts }) => String(attempts) },
    {
      title: 'WHEN',
      value: ({ sentAt, dueAt, state }) =>
        sentAt ? fromNow(now, sentAt) : state === 'pending' ? `due ${fromNow(now, dueAt.getTime())}` : '',
    },
    { title: 'DETAILS', value: ({ detail }) => detail ?? '', flexible: true },
  ];
}

function storyJson(story: Story): object {
  const { row, status, away, timeline, notifications, groupPages } = story;
  const { remediations, artifacts, silencedUntil } = story;
  return {
    ...alertJson(row, silencedUntil),
    life: status && lifeJson(status),
    life_error: away,
    timeline,
    notifications: notifications.map(notificationJson),
    group_notifications: groupPages.map(groupPageJson),
    remediations,
    artifacts,
  };
}
