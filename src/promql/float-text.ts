/** A number in decimal digits without an exponent, the shortest that reads back; `+Inf`, `-Inf`, `NaN`. Go's `%f` of least precision. */
export function floatText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits, exponent] = String(value).split('e');
  if (exponent === undefined) return digits!;
  const sign = digits!.startsWith('-') ? '-' : '';
  const [whole, fraction = ''] = digits!.replace('-', '').split('.');
  const shift = Number(exponent);
  if (shift < 0) return `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(shift, '0')}`;
}

/** As OpenMetrics writes bounds and quantiles: `1.0`, `0.99`, `1e-05`. */
export function openMetricsText(value: number): string {
  if (!Number.isFinite(value)) return floatText(value);
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (power < -4 || power >= 6) return `${digits}e${signedPower(power)}`;
  return Number.isInteger(value) ? `${value}.0` : floatText(value);
}

/** At least two digits, as in C and Go. */
const signedPower = (power: number): string =>
  `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
