/** `tocsin alerts list`, and the actions on one or more alerts. */
import { measuredText } from '../../domain/amount';
import { messageOf, TocsinError } from '../../domain/errors';
import type { ActionAnswer } from '../../domain/life';
import { shownState, type AlertState } from '../../domain/lifecycle';
import { didYouMean } from '../../config/problems';
import { SEVERITIES } from '../../domain/rule';
import type { AlertRow } from '../../history/port';
import { createMaintenances, withMaintenances } from '../../mute/maintenances';
import { createMutes } from '../../mute/mutes';
import type { Config } from '../../config/config';
import { instanceConfig, type InstanceOption } from '../configuration';
import type { Context } from '../context';
import { oneLine } from '../plain';
import { EXIT, failureText, usage, type ExitCode } from '../failures';
import type { AlertActions, AlertLists, Operator } from '../port';
import { fromNow, paint, severityStyle, span, stateStyle, tableOf, type Column } from '../show';
import { countOf, durationOf, fingerprintOf, matcherOf, wordOf } from '../words';
import { alertJson } from './alert-json';

/** How much of a fingerprint people are shown; the rest is accepted too. */
const SHORT = 8;
const MANY = 10_000;

export interface ListOptions extends InstanceOption {
  readonly state: string;
  readonly severity?: string;
  readonly matcher: readonly string[];
  readonly limit: string;
  readonly json?: boolean;
}

const STATE_WORDS = ['open', 'firing', 'acknowledged', 'silenced', 'resolved', 'all'] as const;

/** With the end of what holds it now, a silence or a maintenance, and what that is. */
export interface ListedAlert {
  readonly row: AlertRow;
  readonly silencedUntil: string | null;
  readonly heldBy: string | null;
}

export async function listAlerts(context: Context, options: ListOptions): Promise<ExitCode> {
  const word = wordOf('state', options.state, STATE_WORDS);
  const limit = countOf('--limit', options.limit, 1, MANY);
  const filter = {
    severity: options.severity && severityOf(options.severity),
    matchers: options.matcher.map(matcherOf),
    // which of them are silenced is known only afterwards
    limit: word === 'silenced' ? MANY : limit,
  };
  const rows = await withOperator(context, options, async ({ lists, ...operator }, config) => {
    const found = await Promise.all(
      statesOf(word).map((state) => lists.list({ ...filter, ...(state && { state }) })),
    );
    const listed = await withSilences(operator, config, found.flat().sort(newestFirst), context.now());
    return listed
      .filter(({ silencedUntil }) => word !== 'silenced' || silencedUntil !== null)
      .slice(0, limit);
  });
  if (options.json)
    context.print(
      JSON.stringify(
        rows.map(({ row, silencedUntil }) => alertJson(row, silencedUntil)),
        null,
        2,
      ),
    );
  else if (rows.length === 0) context.print(noneText(word, options.severity));
  else context.print(tableOf(context, columns(context.now()), rows));
  return EXIT.ok;
}

/** Rules may give any; those of Tocsin's own forms are taken in any case. */
const severityOf = (text: string): string => SEVERITIES.find((each) => each === text.toLowerCase()) ?? text;

function noneText(word: (typeof STATE_WORDS)[number], severity: string | undefined): string {
  const none = word === 'open' ? 'No open alerts.' : 'No such alerts.';
  if (severity === undefined || SEVERITIES.some((each) => each === severityOf(severity))) return none;
  const near = didYouMean(severity, SEVERITIES);
  const hint = near === null ? '' : ` did you mean "${near}"?`;
  return `${none} ${JSON.stringify(severity)} is a severity only where a rule gives it;${hint} usual ones: ${SEVERITIES.join(', ')}`;
}

function statesOf(word: (typeof STATE_WORDS)[number]): (AlertState | undefined)[] {
  if (word === 'all') return [undefined];
  return word === 'open' || word === 'silenced'
    ? ['FIRING', 'ACKNOWLEDGED']
    : [word.toUpperCase() as AlertState];
}

/** Nobody hears of an alert that is over: what still silences its labels is no news of it. */
export function withSilences(
  { silences, maintenances: store }: Pick<Operator, 'silences' | 'maintenances'>,
  { maintenance: configured }: Pick<Config, 'maintenance'>,
  rows: readonly AlertRow[],
  now: number,
): Promise<ListedAlert[]> {
  const mutes = withMaintenances(
    createMutes(silences),
    createMaintenances({ store, configured: () => configured }),
  );
  return Promise.all(
    rows.map(async (row): Promise<ListedAlert> => {
      const verdict = row.state === 'RESOLVED' ? null : await mutes.verdict(row.labels, new Date(now));
      if (!verdict?.muted) return { row, silencedUntil: null, heldBy: null };
      const { reason, until, by, holder } = verdict;
      const left = `${span(Date.parse(until) - now)} left`;
      const end = holder.kind === 'maintenance' && holder.endsAt === null ? 'until it is ended' : left;
      return { row, silencedUntil: until, heldBy: `${reason === 'silence' ? 'silenced' : by}, ${end}` };
    }),
  );
}

const newestFirst = (a: AlertRow, b: AlertRow): number => b.episode - a.episode;

function columns(now: number): Column<ListedAlert>[] {
  return [
    { title: 'ID', value: ({ row }) => row.fingerprint.slice(0, SHORT) },
    { title: 'STATE', value: stateText, style: (listed) => stateStyle(stateText(listed)) },
    {
      title: 'SEVERITY',
      value: ({ row: { labels } }) => labels.severity ?? '',
      style: ({ row: { labels } }) => severityStyle(labels.severity ?? ''),
    },
    { title: 'ALERT', value: ({ row: { labels } }) => labels.alertname ?? '', flexible: true },
    {
      title: 'RESOURCE',
      value: ({ row: { labels } }) => labels.instance_id ?? labels.instance ?? '',
      flexible: true,
    },
    { title: 'VALUE', value: ({ row }) => measuredText(row), flexible: true },
    { title: 'SINCE', value: ({ row }) => span(now - Date.parse(row.startsAt)) },
    { title: 'HELD BY', value: (listed) => heldText(listed, now), flexible: true },
  ];
}

const stateText = ({ row, silencedUntil }: ListedAlert): string =>
  shownState(row.state, silencedUntil !== null);

function heldText({ row: { acknowledgement: held }, heldBy }: ListedAlert, now: number): string {
  const by =
    held === null
      ? null
      : held.until === null
        ? held.owner
        : `${held.owner}, until ${fromNow(now, held.until)}`;
  return [by, heldBy].filter(Boolean).join('; ');
}

export interface ActOptions extends InstanceOption {
  readonly owner?: string;
  readonly comment?: string;
  readonly for?: string;
  readonly untilResolved?: boolean;
  readonly json?: boolean;
}

type Act = (actions: AlertActions, row: AlertRow) => Promise<ActionAnswer>;

export type ActionName = 'ack' | 'unack' | 'silence' | 'unsilence' | 'resolve' | 'escalate';

/** Does the action on each alert; a refusal of one does not keep the others from theirs, and makes the exit code 1. */
export async function act(
  context: Context,
  name: ActionName,
  words: readonly string[],
  options: ActOptions,
): Promise<ExitCode> {
  const prefixes = words.map(fingerprintOf);
  const action = actionOf(name, options, ownerOf(context, options));
  return withOperator(context, options, async ({ lists, actions }) => {
    const results = [];
    for (const prefix of prefixes) results.push(await actOn(lists, actions, prefix, action));
    if (options.json) context.print(JSON.stringify(results.map(resultJson), null, 2));
    else results.forEach((result) => tell(context, `tocsin alerts ${name}`, result));
    return results.some(({ error }) => error !== null) ? EXIT.failed : EXIT.ok;
  });
}

interface Result {
  readonly prefix: string;
  readonly row: AlertRow | null;
  readonly answer: ActionAnswer | null;
  readonly error: unknown;
}

async function actOn(lists: AlertLists, actions: AlertActions, prefix: string, action: Act): Promise<Result> {
  let row: AlertRow | null = null;
  try {
    row = await findAlert(lists, prefix);
    return { prefix, row, answer: await action(actions, row), error: null };
  } catch (error) {
    return { prefix, row, answer: null, error };
  }
}

function actionOf(name: ActionName, options: ActOptions, owner: string): Act {
  const request = { owner, ...(options.comment !== undefined && { comment: options.comment }) };
  const seconds = options.for === undefined ? null : durationOf('--for', options.for) / 1_000;
  switch (name) {
    case 'ack':
      return (actions, row) =>
        actions.acknowledge(row, seconds === null ? request : { ...request, lease_seconds: seconds });
    case 'unack':
      return (actions, row) => actions.unacknowledge(row, request);
    case 'silence':
      return silenceOf(request, seconds, options.untilResolved === true);
    case 'unsilence':
      return (actions, row) => actions.unsilence(row, request);
    case 'resolve':
      return (actions, row) => actions.resolve(row, request);
    case 'escalate':
      return (actions, row) => actions.escalate(row, request);
  }
}

function silenceOf(
  request: { readonly owner: string; readonly comment?: string },
  seconds: number | null,
  untilResolved: boolean,
): Act {
  if (seconds !== null && untilResolved)
    throw usage('--for and --until-resolved both say when it ends: give one of them');
  if (seconds !== null)
    return (actions, row) => actions.silence(row, { ...request, duration_seconds: seconds });
  if (!untilResolved)
    throw usage('--for is missing: for how long, such as --for 2h; or give --until-resolved');
  return (actions, row) => actions.silence(row, { ...request, until_resolved: true });
}

export function ownerOf({ env, accountName }: Context, { owner }: { readonly owner?: string }): string {
  const named = owner ?? env.TOCSIN_OWNER ?? env.USER ?? env.LOGNAME ?? env.USERNAME;
  const name = (named ?? accountName() ?? '').trim();
  if (name === '') throw usage('who are you? Give --owner NAME, or set TOCSIN_OWNER');
  return name;
}

function tell(context: Context, command: string, { row, answer, error }: Result): void {
  if (answer === null) return context.complain(failureText(command, error));
  const id = row!.fingerprint.slice(0, SHORT);
  const name = oneLine(row!.labels.alertname ?? '');
  context.print(
    `${id}  ${name}  ${paint(context, stateStyle(answer.state), answer.state)}  ${oneLine(answer.message)}`,
  );
}

function resultJson({ prefix, row, answer, error }: Result): object {
  const failure =
    error instanceof TocsinError
      ? { code: error.code, message: error.message }
      : { code: null, message: messageOf(error) };
  return { fingerprint: row?.fingerprint ?? prefix, answer, error: error === null ? null : failure };
}

/** By a fingerprint or its beginning. Throws TOC_ALERT_UNKNOWN when there is none or more than one; `whose`: as that says it. */
export async function findAlert(lists: AlertLists, prefix: string, whose?: string): Promise<AlertRow> {
  const row = await lists.find(prefix);
  if (row !== null) return row;
  const several = (await lists.list({ limit: MANY })).filter(({ fingerprint }) =>
    fingerprint.startsWith(prefix),
  );
  if (several.length < 2)
    throw new TocsinError(
      'TOC_ALERT_UNKNOWN',
      `no alert's fingerprint begins with ${prefix}${whose === undefined ? '' : `, in ${whose}`}`,
    );
  const names = several
    .slice(0, 5)
    .map(({ fingerprint, labels }) => `${fingerprint} (${labels.alertname ?? 'no name'})`);
  throw new TocsinError(
    'TOC_ALERT_UNKNOWN',
    `several alerts' fingerprints begin with ${prefix}: ${names.join(', ')}${several.length > 5 ? ', …' : ''}`,
  );
}

export async function withOperator<T>(
  context: Context,
  options: InstanceOption,
  use: (operator: Operator, config: Config) => Promise<T>,
): Promise<T> {
  const config = instanceConfig(context, options);
  const operator = await context.wiring.openOperator(config);
  try {
    return await use(operator, config);
  } finally {
    await operator.close();
  }
}
