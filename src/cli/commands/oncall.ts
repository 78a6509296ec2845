/**
 * `tocsin oncall`: who is on call, who will be, and taking somebody's place. Schedules are the configuration's, overrides
 * rows in Postgres; while it is away, what is shown is the configuration's word and says so.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/config';
import { messageOf } from '../../domain/errors';
import { redactUrl } from '../../observe/redact';
import type { Schedule, Shift, StoredOverride } from '../../oncall/port';
import { compileSchedule, type CompiledSchedule } from '../../oncall/schedule';
import { parseWallTime, wallClock, wallText } from '../../oncall/wall-clock';
import { readConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { plain } from '../plain';
import { EXIT, usage, type ExitCode } from '../failures';
import { fromNow, span, tableOf, type Column } from '../show';
import { durationOf, wordOf } from '../words';
import { ownerOf, withOperator } from './alerts';

const DAY_MS = 86_400_000;
const LIST_MS = 14 * DAY_MS;
const LONGEST_LIST_MS = 400 * DAY_MS;
/** How far the next handoff is looked for. */
const AHEAD_MS = 400 * DAY_MS;

interface Shown extends ConfigOption {
  readonly json?: boolean;
}

interface Duty {
  readonly schedule: CompiledSchedule;
  readonly shift: Pick<Shift, 'person' | 'layer'>;
  readonly next: { readonly at: number; readonly person: string | null } | null;
}

export async function showOnCall(
  context: Context,
  name: string | undefined,
  options: Shown & { readonly at?: string },
): Promise<ExitCode> {
  const { schedules } = readConfig(context, options).onCall;
  const chosen = name === undefined ? schedules : [scheduleNamed(schedules, name)];
  if (chosen.length === 0) return nothing(context, options, 'No schedules are configured.');
  const asked = chosen.map((schedule) => {
    const from = timeOr(context.now(), '--at', options.at, schedule, context.now());
    return { schedule, from, to: from + AHEAD_MS };
  });
  const compiled = await withOverrides(context, options, asked);
  const duties = compiled.map((schedule, index): Duty => {
    const at = asked[index]!.from;
    return { schedule, shift: schedule.onDuty(at), next: schedule.nextHandoff(at) };
  });
  if (options.json) context.print(JSON.stringify(duties.map(dutyJson), null, 2));
  else context.print(tableOf(context, dutyColumns(context.now()), duties));
  return EXIT.ok;
}

export async function listShifts(
  context: Context,
  name: string,
  options: Shown & { readonly from?: string; readonly to?: string },
): Promise<ExitCode> {
  const now = context.now();
  const schedule = scheduleNamed(readConfig(context, options).onCall.schedules, name);
  const from = timeOr(now, '--from', options.from, schedule, now);
  const to = timeOr(from + LIST_MS, '--to', options.to, schedule, now);
  inOrder(from, to);
  if (to - from > LONGEST_LIST_MS) throw usage('--from and --to are more than 400 days apart');
  const [compiled] = await withOverrides(context, options, [{ schedule, from, to }]);
  const shifts = compiled!.shifts(from, to);
  if (options.json) context.print(JSON.stringify(shifts.map(shiftJson), null, 2));
  else context.print(tableOf(context, shiftColumns(schedule.timeZone), shifts));
  return EXIT.ok;
}

export interface OverrideOptions extends Shown {
  readonly from?: string;
  readonly to: string;
  readonly owner?: string;
  readonly comment?: string;
}

/** Puts a person in the place of whoever's turn it is. A later override wins, so it is also how one is taken back. */
export async function overrideOnCall(
  context: Context,
  name: string,
  person: string,
  options: OverrideOptions,
): Promise<ExitCode> {
  const now = context.now();
  const { people, schedules } = readConfig(context, options).onCall;
  const schedule = scheduleNamed(schedules, name);
  const from = timeOr(now, '--from', options.from, schedule, now);
  const to = timeIn('--to', options.to, schedule, now);
  inOrder(from, to);
  const override: StoredOverride = {
    ...{ id: randomUUID(), schedule: schedule.name, from, to },
    person: namedIn('person', person, people),
    createdBy: ownerOf(context, options),
    comment: options.comment ?? '',
  };
  await withOperator(context, options, ({ overrides }) => overrides.create(override));
  const { timeZone } = schedule;
  const said = `${override.person} is on call in ${schedule.name} from ${wallText(from, timeZone)} to ${wallText(to, timeZone)}`;
  context.print(options.json ? JSON.stringify(overrideJson(override), null, 2) : said);
  return EXIT.ok;
}

function nothing(context: Context, { json }: Shown, text: string): ExitCode {
  context.print(json ? '[]' : text);
  return EXIT.ok;
}

const scheduleNamed = (schedules: Config['onCall']['schedules'], name: string): Schedule =>
  schedules.find((each) => each.name === namedIn('schedule', name, schedules))!;

function namedIn(what: string, name: string, all: readonly { readonly name: string }[]): string {
  if (all.length === 0) throw usage(`no ${what} is configured`);
  return wordOf(
    what,
    name,
    all.map((each) => each.name),
  );
}

/** The schedule's wall clock, an instant, or from now on: `2026-12-24T18:00`, `2026-12-24T17:00:00Z`, `+2h`. */
function timeIn(option: string, text: string, { timeZone }: Schedule, now: number): number {
  if (text === 'now') return now;
  if (text.startsWith('+')) return now + durationOf(option, text.slice(1));
  try {
    return wallClock(timeZone).first(parseWallTime(text));
  } catch {
    const instant = /T.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
    if (!Number.isNaN(instant)) return instant;
  }
  throw usage(
    `${option} ${text} is no time; accepted: the clock's time in ${timeZone}, as 2026-12-24T18:00, one with a zone, as 2026-12-24T17:00:00Z, now, or so long from now, as +2h`,
  );
}

const timeOr = (
  byDefault: number,
  option: string,
  text: string | undefined,
  schedule: Schedule,
  now: number,
) => (text === undefined ? byDefault : timeIn(option, text, schedule, now));

function inOrder(from: number, to: number): void {
  if (to <= from) throw usage('--to is not after --from');
}

/** For commands that only look: without Postgres they go on, and say what they do not know. */
async function withOverrides(
  context: Context,
  options: ConfigOption,
  asked: readonly { readonly schedule: Schedule; readonly from: number; readonly to: number }[],
): Promise<CompiledSchedule[]> {
  const read = withOperator(context, options, ({ overrides }) =>
    Promise.all(asked.map(({ schedule, from, to }) => overrides.between(schedule.name, from, to))),
  );
  const stored = await read.catch((error: unknown) => {
    const reason = plain(redactUrl(messageOf(error)));
    context.complain(`overrides are left out, for they cannot be read: ${reason}`);
    return [];
  });
  return asked.map(({ schedule }, index) => compileSchedule(schedule, stored[index] ?? []));
}

function dutyColumns(now: number): Column<Duty>[] {
  return [
    { title: 'SCHEDULE', value: ({ schedule }) => schedule.name },
    { title: 'ON CALL', value: ({ shift }) => shift.person ?? 'nobody', style: dutyStyle },
    { title: 'BY', value: ({ shift }) => sourceOf(shift) },
    { title: 'NEXT', value: ({ next }) => (next === null ? '' : (next.person ?? 'nobody')) },
    {
      title: 'HANDOFF',
      value: ({ next, schedule }) =>
        next === null ? '' : `${wallText(next.at, schedule.timeZone)}, ${fromNow(now, next.at)}`,
      flexible: true,
    },
  ];
}

const dutyStyle = ({ shift }: Duty): 'red' | null => (shift.person === null ? 'red' : null);

const sourceOf = ({ person, layer }: Pick<Shift, 'person' | 'layer'>): string =>
  layer ?? (person === null ? '' : 'override');

function shiftColumns(timeZone: string): Column<Shift>[] {
  return [
    { title: 'FROM', value: ({ from }) => wallText(from, timeZone) },
    { title: 'TO', value: ({ to }) => wallText(to, timeZone) },
    { title: 'FOR', value: ({ from, to }) => span(to - from) },
    {
      title: 'ON CALL',
      value: ({ person }) => person ?? 'nobody',
      style: ({ person }) => (person === null ? 'red' : null),
    },
    { title: 'BY', value: sourceOf },
  ];
}

const iso = (ms: number): string => new Date(ms).toISOString();

function dutyJson({ schedule, shift, next }: Duty): object {
  return {
    schedule: schedule.name,
    person: shift.person,
    by: sourceOf(shift) || null,
    next: next && { person: next.person, at: iso(next.at) },
  };
}

const shiftJson = (shift: Shift): object => ({
  from: iso(shift.from),
  to: iso(shift.to),
  person: shift.person,
  by: sourceOf(shift) || null,
});

const overrideJson = ({ from, to, createdBy, ...override }: StoredOverride): object => ({
  ...override,
  from: iso(from),
  to: iso(to),
  created_by: createdBy,
});
