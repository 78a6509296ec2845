/** Functions of each value by itself. */

export type ValueFunction = (value: number, params: readonly number[]) => number;

/** Ties go up. Multiplying by the inverse loses less than dividing does. */
function round(value: number, [toNearest = 1]: readonly number[]): number {
  const inverse = 1 / toNearest;
  return Math.floor(value * inverse + 0.5) / inverse;
}

/** NaN makes everything NaN but an infinite bound, as Go's math.Max and math.Min have it. */
const clampMin = (value: number, bound: number): number =>
  value === Infinity || bound === Infinity ? Infinity : Math.max(value, bound);
const clampMax = (value: number, bound: number): number =>
  value === -Infinity || bound === -Infinity ? -Infinity : Math.min(value, bound);

/** Of a time in seconds since 1970, in UTC. */
const calendar =
  (of: (date: Date) => number): ValueFunction =>
  (value) =>
    of(new Date(Math.trunc(value) * 1_000));

const daysInMonth = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
const dayOfYear = (date: Date): number =>
  (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) -
    Date.UTC(date.getUTCFullYear(), 0, 1)) /
    86_400_000 +
  1;

export const CALENDAR: Readonly<Record<string, ValueFunction>> = {
  minute: calendar((date) => date.getUTCMinutes()),
  hour: calendar((date) => date.getUTCHours()),
  day_of_week: calendar((date) => date.getUTCDay()),
  day_of_month: calendar((date) => date.getUTCDate()),
  day_of_year: calendar(dayOfYear),
  days_in_month: calendar(daysInMonth),
  month: calendar((date) => date.getUTCMonth() + 1),
  year: calendar((date) => date.getUTCFullYear()),
};

export const ELEMENTWISE: Readonly<Record<string, ValueFunction>> = {
  ...CALENDAR,
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  rad: (value) => value * (Math.PI / 180),
  deg: (value) => value * (180 / Math.PI),
  round,
  clamp: (value, [least, most]) => clampMin(clampMax(value, most!), least!),
  clamp_min: (value, [least]) => clampMin(value, least!),
  clamp_max: (value, [most]) => clampMax(value, most!),
};
