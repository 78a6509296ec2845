/**
 * `tocsin maintenance`: what is being worked on. Nobody is told of its alerts, and no runbook acts on it. Recurring ones are
 * the configuration's or rows; what is begun by command is a row in Postgres, in effect once the command has returned.
 */
import { randomUUID } from 'node:crypto';
import {
  compileMaintenance,
  isEndless,
  scopeText,
  type Maintenance,
  type MaintenanceScope,
} from '../../domain/maintenance';
import { parseMatcher } from '../../domain/matchers';
import { messageOf } from '../../domain/errors';
import { matchersFault } from '../../domain/silence';
import {
  isTimeZone,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  type TimeInterval,
} from '../../domain/time-interval';
import { didYouMean } from '../../config/problems';
import type { Config } from '../../config/config';
import { instanceConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { oneLine } from '../plain';
import { fromNow, stamp, tableOf, type Column } from '../show';
import { durationOf, instantOf, matcherOf, wordOf } from '../words';
import { ownerOf } from './alerts';

interface Common extends ConfigOption {
  /** Of `tocsin serve`; left out, the configuration's. */
  readonly instance?: string;
  readonly json?: boolean;
}

export interface StartOptions extends Common {
  readonly target: readonly string[];
  readonly environment: readonly string[];
  readonly matcher: readonly string[];
  readonly from?: string;
  readonly for?: string;
  readonly until?: string;
  readonly times: readonly string[];
  readonly weekdays: readonly string[];
  readonly daysOfMonth: readonly string[];
  readonly months: readonly string[];
  readonly timeZone?: string;
  readonly owner?: string;
  readonly comment?: string;
}

const DAY_MS = 86_400_000;
/** As long as silences are shown after their end. */
const SHOWN_MS = 5 * DAY_MS;
const NAME = /^[\w.-]{1,80}$/;

export async function startMaintenance(
  context: Context,
  name: string,
  options: StartOptions,
): Promise<ExitCode> {
  const config = instanceConfig(context, options);
  if (!NAME.test(name))
    throw usage(
      `${JSON.stringify(name)} cannot be a name; give letters, digits, _ . and -, at most 80, such as move-db-1`,
    );
  if (config.maintenance.some((one) => one.name === name))
    throw usage(`${name} is a maintenance of the configuration; choose another name`);
  const maintenance = wantedMaintenance(context, name, options, config);
  const started = await withMaintenances(context, config, (store) =>
    store.start(maintenance, new Date(context.now())),
  );
  if (!started) throw usage(`a maintenance ${name} is not over yet; end it, or choose another name`);
  const shown = standing(maintenance, context.now());
  context.print(options.json ? JSON.stringify(toJson(shown), null, 2) : startedText(context, shown));
  return EXIT.ok;
}

export async function endMaintenance(context: Context, name: string, options: Common): Promise<ExitCode> {
  const config = instanceConfig(context, options);
  const ended = await withMaintenances(context, config, (store) => store.end(name, new Date(context.now())));
  if (ended === 0) {
    const isConfigured = config.maintenance.some((one) => one.name === name);
    throw usage(
      isConfigured
        ? `${name} is of the configuration: it ends by itself, or when it is taken out of ${config.file ?? 'the file'}`
        : `no maintenance ${name} is in effect or to come; \`tocsin maintenance list\` shows them`,
    );
  }
  context.print(options.json ? JSON.stringify({ name, ended }) : `maintenance ${name} has ended`);
  return EXIT.ok;
}

export async function listMaintenance(
  context: Context,
  options: Common & { readonly all?: boolean },
): Promise<ExitCode> {
  const config = instanceConfig(context, options);
  const now = context.now();
  const rows = await withMaintenances(context, config, (store) =>
    options.all === true ? store.list(new Date(now - SHOWN_MS)) : store.current(new Date(now)),
  );
  const all = [...config.maintenance, ...rows].map((one) => standing(one, now));
  if (options.json) context.print(JSON.stringify(all.map(toJson), null, 2));
  else if (all.length === 0) context.print('No maintenance is in effect or to come.');
  else context.print(tableOf(context, columns(now), all));
  return EXIT.ok;
}

async function withMaintenances<T>(
  context: Context,
  config: Config,
  use: (store: Awaited<ReturnType<Context['wiring']['openOperator']>>['maintenances']) => Promise<T>,
): Promise<T> {
  const operator = await context.wiring.openOperator(config);
  try {
    return await use(operator.maintenances);
  } finally {
    await operator.close();
  }
}

function wantedMaintenance(
  context: Context,
  name: string,
  options: StartOptions,
  config: Config,
): Maintenance {
  const now = context.now();
  const start = options.from === undefined ? now : instantOf('--from', options.from, now);
  const end = endOf(options, start, now);
  if (end !== null && end <= Math.max(start, now)) throw usage('it would be over before it begins');
  return {
    ...{ id: randomUUID(), name, ...scopeOf(options, config), intervals: intervalsOf(options) },
    startsAt: new Date(start).toISOString(),
    endsAt: end === null ? null : new Date(end).toISOString(),
    createdBy: ownerOf(context, options),
    comment: options.comment ?? '',
  };
}

function endOf(options: StartOptions, start: number, now: number): number | null {
  if (options.for !== undefined && options.until !== undefined)
    throw usage('--for and --until both say when it ends: give one of them');
  if (options.for !== undefined) return start + durationOf('--for', options.for);
  return options.until === undefined ? null : instantOf('--until', options.until, now);
}

function scopeOf(options: StartOptions, { targets: configured }: Config): MaintenanceScope {
  const { target: targets, environment: environments } = options;
  const given = [targets, environments, options.matcher].filter((one) => one.length > 0);
  if (given.length !== 1 || given[0]!.includes(''))
    throw usage(
      'say what is worked on: give --target, --environment or --matcher, one of the three; each may be repeated',
    );
  const names = configured.map(({ name }) => name);
  // A process that stands in for Alertmanager has no targets: they are its senders'.
  if (options.instance === undefined && names.length > 0)
    for (const target of targets) wordOf('target', target, names);
  const matchers = options.matcher.map((text) => parseMatcher(matcherOf(text)));
  const fault = matchers.length === 0 ? null : matchersFault(matchers, 'fallback');
  if (fault !== null) throw usage(`--matcher: ${fault}`);
  return { targets, environments, matchers };
}

/** Null where it does not recur. */
function intervalsOf(options: StartOptions): readonly TimeInterval[] | null {
  const { times, weekdays, daysOfMonth, months, timeZone } = options;
  if ([times, weekdays, daysOfMonth, months].every((each) => each.length === 0)) {
    if (timeZone !== undefined)
      throw usage('--time-zone has a meaning only with --times, --weekdays and the like');
    return null;
  }
  const interval = {
    weekdays: ranges('--weekdays', weekdays, parseWeekdays),
    daysOfMonth: ranges('--days-of-month', daysOfMonth, parseDaysOfMonth),
    months: ranges('--months', months, parseMonths),
    ...{ years: null, location: zoneOf(timeZone ?? 'UTC') },
  };
  return [{ ...interval, times: ranges('--times', times, timesOf) }];
}

function ranges<T>(option: string, texts: readonly string[], parse: (text: string) => T): T[] | null {
  if (texts.length === 0) return null;
  return texts.map((text) => {
    try {
      return parse(text);
    } catch (error) {
      throw usage(`${option} ${text}: ${messageOf(error)}`);
    }
  });
}

function timesOf(text: string): { startMinute: number; endMinute: number } {
  const [start, end, ...more] = text.split('-');
  if (start === undefined || end === undefined || more.length > 0)
    throw new RangeError('is no range of times, such as 02:00-04:00');
  const range = { startMinute: parseTimeOfDay(start), endMinute: parseTimeOfDay(end) };
  if (range.endMinute <= range.startMinute)
    throw new RangeError('ends before it begins: over midnight give two ranges, up to 24:00 and from 00:00');
  return range;
}

/** The machine's own zone is another on each machine. */
function zoneOf(zone: string): string {
  if (zone !== 'Local' && isTimeZone(zone)) return zone;
  const near = didYouMean(zone, Intl.supportedValuesOf('timeZone'));
  const hint = near === null ? '' : ` did you mean "${near}"?`;
  throw usage(
    `--time-zone: ${JSON.stringify(zone)} is no time zone;${hint} accepted: names such as Europe/Berlin`,
  );
}

interface Standing {
  readonly maintenance: Maintenance;
  readonly state: 'in effect' | 'to come' | 'over';
  /** ISO 8601; null: until somebody ends it, or it is not in effect. */
  readonly until: string | null;
  /** When it is in effect next; null where that is never, or far away. */
  readonly next: string | null;
}

function standing(maintenance: Maintenance, now: number): Standing {
  const compiled = compileMaintenance(maintenance);
  const until = compiled.activeUntil(now);
  const isOver = maintenance.endsAt !== null && Date.parse(maintenance.endsAt) <= now;
  const next = isOver ? null : compiled.nextStart(now);
  return {
    maintenance,
    state: until !== null ? 'in effect' : isOver ? 'over' : 'to come',
    until: until === null || isEndless(maintenance) ? null : new Date(until).toISOString(),
    next: next === null ? null : new Date(next).toISOString(),
  };
}

function columns(now: number): Column<Standing>[] {
  return [
    { title: 'NAME', value: ({ maintenance }) => maintenance.name },
    { title: 'OF', value: ({ maintenance }) => oneLine(scopeText(maintenance)), flexible: true },
    {
      title: 'STATE',
      value: ({ state }) => state,
      style: ({ state }) => (state === 'in effect' ? 'magenta' : null),
    },
    { title: 'UNTIL', value: (one) => untilText(one, now) },
    { title: 'NEXT', value: ({ next }) => (next === null ? '' : `${stamp(next)}, ${fromNow(now, next)}`) },
    { title: 'BY', value: ({ maintenance }) => oneLine(maintenance.createdBy) },
    { title: 'COMMENT', value: ({ maintenance }) => oneLine(maintenance.comment), flexible: true },
  ];
}

function untilText({ state, until }: Standing, now: number): string {
  if (state !== 'in effect') return '';
  return until === null ? 'ended by hand' : `${stamp(until)}, ${fromNow(now, until)}`;
}

function startedText(context: Context, { maintenance, state, until, next }: Standing): string {
  const { name, intervals } = maintenance;
  const when =
    state === 'in effect'
      ? `is in effect until ${until === null ? `\`tocsin maintenance end ${name}\`` : stamp(until)}`
      : next === null
        ? 'never comes into effect: its times do not come'
        : `is in effect from ${stamp(next)} on, ${fromNow(context.now(), next)}`;
  const again = intervals === null ? '' : '; it recurs';
  return `maintenance ${name} of ${oneLine(scopeText(maintenance))} ${when}${again}`;
}

function toJson({ maintenance, state, until, next }: Standing): object {
  const { id, name, targets, environments, matchers, intervals } = maintenance;
  return {
    ...{ id, name, state, targets, environments, matchers },
    recurs: intervals !== null,
    starts_at: maintenance.startsAt,
    ends_at: maintenance.endsAt,
    in_effect_until: until,
    next_start: next,
    created_by: maintenance.createdBy,
    comment: maintenance.comment,
  };
}
