/** When an expression is evaluated, and what is prepared for it. */
import type { TimeShift } from './ast';
import type { Vector } from './values';

/** Milliseconds; the bounds are for `@ start()` and `@ end()`. */
export interface Moment {
  readonly time: number;
  readonly start: number;
  readonly end: number;
}

/** Of what is evaluated at one time, and not over a stretch of it. */
export const momentAt = (time: number): Moment => ({ time, start: time, end: time });

export type Instant = (moment: Moment) => Vector;

/** The vector's own time: shifted, or a time of its own. */
export function shiftedTime({ at, offset }: TimeShift, { time, start, end }: Moment): number {
  return (at === null ? time : at === 'start' ? start : at === 'end' ? end : at) - offset;
}
