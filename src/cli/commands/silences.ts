/**
 * `tocsin silences`: Alertmanager's silences from the command line, until a time or until their alerts are over, and a look
 * at what one would mute before it is made.
 */
import { parseMatcherList } from '../../domain/alertmanager-matchers';
import { messageOf } from '../../domain/errors';
import { matchersOf } from '../../domain/exact-matchers';
import { labelsText } from '../../domain/labels';
import { matcherText, type Matcher } from '../../domain/matchers';
import { episodesOf, matchersFault, silenceState } from '../../domain/silence';
import { UNTIL_RESOLVED_MS, untilResolvedComment } from '../../domain/until-resolved';
import { previewSilence as preview } from '../../mute/preview';
import type { KeptSilence, MutedAlerts, SilencePreview, WantedSilence } from '../../mute/port';
import { instanceConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { oneLine } from '../plain';
import type { Operator } from '../port';
import { fromNow, paint, stamp, tableOf, type Column } from '../show';
import { durationOf, fingerprintOf } from '../words';
import { findAlert, ownerOf } from './alerts';

interface Common extends ConfigOption {
  readonly instance?: string;
  readonly json?: boolean;
}

export interface AddOptions extends Common {
  readonly for?: string;
  readonly untilResolved?: boolean;
  readonly owner?: string;
  readonly comment?: string;
}

export async function addSilence(
  context: Context,
  words: readonly string[],
  options: AddOptions,
): Promise<ExitCode> {
  if ((options.for === undefined) === (options.untilResolved !== true))
    throw usage('say how long: --for 2h, or --until-resolved');
  const lengthMs = options.for === undefined ? UNTIL_RESOLVED_MS : durationOf('--for', options.for);
  return withOperator(context, options, async (operator) => {
    const matchers = await matchersNamed(operator, words);
    const now = context.now();
    const untilResolved = options.untilResolved === true ? await openMatched(operator, matchers) : undefined;
    const said = options.comment ?? '';
    const comment = untilResolved === undefined ? said : untilResolvedComment(said);
    const wanted: WantedSilence = {
      ...{ id: null, matchers, createdBy: ownerOf(context, options), comment, annotations: {} },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + lengthMs).toISOString(),
      ...(untilResolved && { untilResolved }),
    };
    const id = (await operator.silences.set(wanted, new Date(now)))!;
    const until =
      untilResolved === undefined
        ? `until ${stamp(wanted.endsAt)}`
        : `until ${untilResolved.length === 1 ? 'its alert is' : `its ${untilResolved.length} alerts are`} over`;
    context.print(
      options.json
        ? JSON.stringify({ id, until_resolved: untilResolved ?? null, ends_at: wanted.endsAt }, null, 2)
        : `silence ${id} ${until}: ${oneLine(matchers.map(matcherText).join(', '))}`,
    );
    return EXIT.ok;
  });
}

/** One that would end at once is meant otherwise. */
async function openMatched(
  { episodes }: Operator,
  matchers: readonly Matcher[],
): Promise<NonNullable<WantedSilence['untilResolved']>> {
  const open = episodesOf(matchers, await episodes.open());
  if (open.length === 0)
    throw usage('no open alert has such labels, so it would be over at once; give --for');
  return open;
}

export async function listSilences(
  context: Context,
  options: Common & { readonly all?: boolean },
): Promise<ExitCode> {
  return withOperator(context, options, async ({ silences }) => {
    const now = context.now();
    const all = await silences.list(new Date(now));
    const listed = options.all === true ? all : all.filter((one) => silenceState(one, now) !== 'expired');
    if (options.json)
      context.print(
        JSON.stringify(
          listed.map((one) => silenceJson(one, now)),
          null,
          2,
        ),
      );
    else if (listed.length === 0) context.print('No silences are in effect or to come.');
    else context.print(tableOf(context, columns(now), listed));
    return EXIT.ok;
  });
}

export async function expireSilences(
  context: Context,
  ids: readonly string[],
  options: Common,
): Promise<ExitCode> {
  return withOperator(context, options, async ({ silences }) => {
    for (const id of ids)
      if (!(await silences.expire(id, new Date(context.now()))))
        throw usage(`there is no silence ${id}; \`tocsin silences list\` shows them`);
    context.print(options.json ? JSON.stringify({ expired: ids }) : `ended: ${ids.join(', ')}`);
    return EXIT.ok;
  });
}

export async function previewSilence(
  context: Context,
  words: readonly string[],
  options: Common,
): Promise<ExitCode> {
  return withOperator(context, options, async (operator) => {
    const matchers = await matchersNamed(operator, words);
    const found = await preview(matchers, operator.episodes, new Date(context.now()));
    context.print(
      options.json ? JSON.stringify(previewJson(found), null, 2) : previewText(context, matchers, found),
    );
    return EXIT.ok;
  });
}

async function withOperator<T>(
  context: Context,
  options: Common,
  use: (operator: Operator) => Promise<T>,
): Promise<T> {
  const operator = await context.wiring.openOperator(instanceConfig(context, options));
  try {
    return await use(operator);
  } finally {
    await operator.close();
  }
}

/** Matchers, or the alert whose labels they are. Refuses what Alertmanager refuses. */
async function matchersNamed({ lists }: Operator, words: readonly string[]): Promise<readonly Matcher[]> {
  const [first] = words;
  if (words.length === 1 && /^[0-9a-f]+$/i.test(first!))
    return matchersOf((await findAlert(lists, fingerprintOf(first!))).labels);
  const matchers = words.flatMap((word) => matchersIn(word));
  const fault = matchersFault(matchers, 'fallback');
  if (fault !== null) throw usage(`this cannot be a silence: ${fault}`);
  return matchers;
}

function matchersIn(word: string): readonly Matcher[] {
  try {
    return parseMatcherList(word, 'fallback').matchers;
  } catch (error) {
    throw usage(`${JSON.stringify(word)}: ${messageOf(error)}`);
  }
}

function columns(now: number): Column<KeptSilence>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'STATE', value: (one) => silenceState(one, now) },
    {
      title: 'MATCHERS',
      value: ({ matchers }) => oneLine(matchers.map(matcherText).join(', ')),
      flexible: true,
    },
    { title: 'ENDS', value: ({ endsAt }) => `${stamp(endsAt)}, ${fromNow(now, endsAt)}` },
    { title: 'BY', value: ({ createdBy }) => oneLine(createdBy) },
    { title: 'COMMENT', value: ({ comment }) => oneLine(comment), flexible: true },
  ];
}

const silenceJson = (silence: KeptSilence, now: number): object => ({
  id: silence.id,
  state: silenceState(silence, now),
  matchers: silence.matchers,
  starts_at: silence.startsAt,
  ends_at: silence.endsAt,
  created_by: silence.createdBy,
  comment: silence.comment,
});

function previewText(context: Context, matchers: readonly Matcher[], { now, past }: SilencePreview): string {
  const days = 'in the last 7 days';
  const many = past.isWhole ? '' : ' (there are more than can be counted)';
  const last = past.last === null ? '' : `, the last ${fromNow(context.now(), past.last)}`;
  return [
    `A silence on ${oneLine(matchers.map(matcherText).join(', '))}`,
    `${paint(context, 'bold', `mutes ${countText(now.count, 'open alert')} now`)}${namesText(now)}`,
    `${paint(context, 'bold', `would have muted ${countText(past.count, 'episode')} of ${countText(past.alerts, 'alert')} ${days}`)}${last}${many}${namesText(past)}`,
    ...examplesText(now, past),
  ].join('\n');
}

const countText = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const MOST_NAMES = 20;

function namesText({ byAlertname }: MutedAlerts): string {
  const shown = byAlertname
    .slice(0, MOST_NAMES)
    .map(
      ({ alertname, count }) => `\n  ${count}  ${alertname === '' ? '(without a name)' : oneLine(alertname)}`,
    );
  const left = byAlertname.length - shown.length;
  return shown.join('') + (left > 0 ? `\n  and ${left} names more` : '');
}

function examplesText(now: MutedAlerts, past: MutedAlerts): string[] {
  const examples = now.count > 0 ? now.examples : past.examples;
  if (examples.length === 0) return [];
  return ['Such as', ...examples.map((labels) => `  ${oneLine(labelsText(labels))}`)];
}

function previewJson({ now, past }: SilencePreview): object {
  const part = ({ count, alerts, byAlertname, examples }: MutedAlerts): object => ({
    ...{ count, alerts, examples },
    by_alertname: byAlertname,
  });
  return {
    now: part(now),
    past: { ...part(past), since: past.since, last: past.last, complete: past.isWhole },
  };
}
