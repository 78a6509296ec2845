/**
 * Who is on call when. Turns are counted on the wall clock of the schedule's zone: a handoff at 09:00 is at 09:00 in summer
 * and in winter. A handoff whose time is skipped when clocks are put forward is at the first instant after; one whose time
 * comes twice is at the first of the two. Overrides go before layers, later layers before earlier ones, and where none of
 * them covers, nobody is on call.
 */
import { compileTimeInterval } from '../domain/time-interval';
import type { Layer, Override, Schedule, Shift } from './port';
import { parseWallTime, wallClock, type WallClock } from './wall-clock';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** How far `nextHandoff` looks, step by step. */
const LOOKS_AHEAD_MS = [2, 14, 100, 400].map((days) => days * DAY_MS);

export type OnDuty = Pick<Shift, 'person' | 'layer'>;

export interface CompiledSchedule {
  readonly name: string;
  readonly timeZone: string;
  onDuty(instant: number): OnDuty;
  /** They tile the time from `from` up to `to`, gaps included. */
  shifts(from: number, to: number): Shift[];
  /** When another person than at `instant` is on call, or nobody any more; null when not within a year. */
  nextHandoff(instant: number): { readonly at: number; readonly person: string | null } | null;
}

/** `more`: overrides beside the schedule's own, which they win over. */
export function compileSchedule(schedule: Schedule, more: readonly Override[] = []): CompiledSchedule {
  const clock = wallClock(schedule.timeZone);
  const layers = schedule.layers.map((layer) => compileLayer(layer, clock)).reverse();
  const overrides = [...schedule.overrides, ...more].reverse();

  function onDuty(instant: number): OnDuty {
    const override = overrides.find(({ from, to }) => from <= instant && instant < to);
    if (override !== undefined) return { person: override.person, layer: null };
    for (const layer of layers) {
      const person = layer.onDuty(instant);
      if (person !== null) return { person, layer: layer.name };
    }
    return NOBODY;
  }

  function shifts(from: number, to: number): Shift[] {
    if (to <= from) return [];
    const changes = [
      ...overrides.flatMap((override) => [override.from, override.to]),
      ...layers.flatMap((layer) => layer.changes(from, to)),
    ];
    const within = changes.filter((at) => at > from && at < to);
    const starts = [...new Set([from, ...within])].sort((a, b) => a - b);
    const all = starts.map((at, index) => ({ from: at, to: starts[index + 1] ?? to, ...onDuty(at) }));
    return joined(all);
  }

  return {
    name: schedule.name,
    timeZone: schedule.timeZone,
    onDuty,
    shifts,
    nextHandoff(instant) {
      const { person } = onDuty(instant);
      for (const ahead of LOOKS_AHEAD_MS) {
        const next = shifts(instant, instant + ahead).find((shift) => shift.person !== person);
        if (next !== undefined) return { at: next.from, person: next.person };
      }
      return null;
    },
  };
}

const NOBODY: OnDuty = { person: null, layer: null };

/** Neighbours of the same person and layer are one shift. */
function joined(shifts: readonly Shift[]): Shift[] {
  const result: Shift[] = [];
  for (const shift of shifts) {
    const last = result.at(-1);
    if (last?.person === shift.person && last.layer === shift.layer)
      result[result.length - 1] = { ...last, to: shift.to };
    else result.push(shift);
  }
  return result;
}

interface CompiledLayer {
  readonly name: string;
  /** Null where the layer does not cover. */
  onDuty(instant: number): string | null;
  /** Every instant within the time at which its answer may change. */
  changes(from: number, to: number): number[];
}

function compileLayer(layer: Layer, clock: WallClock): CompiledLayer {
  const { name, people } = layer;
  const begin = parseWallTime(layer.start);
  const turnMs = layer.everyMinutes * MINUTE_MS;
  const startsAt = clock.first(begin);
  const endsAt = layer.end === null ? Infinity : clock.first(parseWallTime(layer.end));
  const handoff = (turn: number): number => clock.first(begin + turn * turnMs);
  const covered = coveredTimes(layer, clock);

  /** What the clock shows is not enough to tell: a time that comes twice must not give the turn back. */
  function turnAt(instant: number): number {
    let turn = Math.floor((clock.shown(instant) - begin) / turnMs);
    while (handoff(turn + 1) <= instant) turn += 1;
    while (handoff(turn) > instant) turn -= 1;
    return turn;
  }

  return {
    name,
    onDuty(instant) {
      if (people.length === 0 || instant < startsAt || instant >= endsAt || !covered.at(instant)) return null;
      return people[turnAt(instant) % people.length]!;
    },
    changes(from, to) {
      const [first, last] = [Math.max(from, startsAt), Math.min(to, endsAt)];
      if (first >= last) return [];
      const handoffs: number[] = [];
      if (people.length > 1) {
        for (let turn = turnAt(first), at = handoff(turn); at < last; at = handoff((turn += 1)))
          handoffs.push(at);
      }
      return [startsAt, endsAt, ...handoffs, ...covered.changes(first, last)];
    },
  };
}

interface CoveredTimes {
  at(instant: number): boolean;
  changes(from: number, to: number): number[];
}

function coveredTimes({ only }: Layer, clock: WallClock): CoveredTimes {
  if (only === null) return { at: () => true, changes: () => [] };
  const tests = only.map((interval) => compileTimeInterval({ ...interval, location: clock.zone }));
  const ends = only
    .flatMap(({ times }) => times ?? [])
    .flatMap((range) => [range.startMinute, range.endMinute]);
  // Weekdays and days of a month change at midnight.
  const minutes = [...new Set([0, ...ends])];
  return {
    at: (instant) => tests.some((holds) => holds(instant)),
    changes(from, to) {
      const found = clock.changes(from, to);
      const lastDay = clock.shown(to) + DAY_MS;
      for (let day = floorToDay(clock.shown(from)) - DAY_MS; day <= lastDay; day += DAY_MS)
        for (const minute of minutes) found.push(...clock.all(day + minute * MINUTE_MS));
      return found;
    },
  };
}

const floorToDay = (wall: number): number => Math.floor(wall / DAY_MS) * DAY_MS;
