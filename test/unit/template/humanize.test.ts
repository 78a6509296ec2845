/** Numbers for people: as numbers, integers or texts, each function says the same. */
import { ruleProblem, ruleText } from './rule';

it.each([
  [
    'humanize',
    [
      ['0.0', '0'],
      ['1.0', '1'],
      ['1234567.0', '1.235M'],
      ['.12', '120m'],
      ['-1', '-1'],
      ['999.99', '1000'],
      ['9223372036854775807', '9.223E'],
      ['1e30', '1e+06Y'],
      ['1e-30', '1e-06y'],
    ],
  ],
  [
    'humanize1024',
    [
      ['0.0', '0'],
      ['1', '1'],
      ['1048576.0', '1Mi'],
      ['.12', '0.12'],
      ['1234567', '1.177Mi'],
      ['9223372036854775807', '8Ei'],
      ['1023', '1023'],
      ['1024', '1ki'],
    ],
  ],
  [
    'humanizeDuration',
    [
      ['0', '0s'],
      ['1', '1s'],
      ['60', '1m 0s'],
      ['3600', '1h 0m 0s'],
      ['86400', '1d 0h 0m 0s'],
      ['90000', '1d 1h 0m 0s'],
      ['-183845', '-2d 3h 4m 5s'],
      ['899.99', '14m 59s'],
      ['.1', '100ms'],
      ['.0001', '100us'],
      ['.12345', '123.5ms'],
      ['60.5', '1m 0s'],
      ['1.2345', '1.234s'],
      ['12.345', '12.35s'],
    ],
  ],
  [
    'humanizePercentage',
    [
      ['-0.22222', '-22.22%'],
      ['0.0', '0%'],
      ['0.1234567', '12.35%'],
      ['1.23456', '123.5%'],
      ['1234567', '1.235e+08%'],
    ],
  ],
  [
    'humanizeTimestamp',
    [
      ['0', '1970-01-01 00:00:00 +0000 UTC'],
      ['-1', '1969-12-31 23:59:59 +0000 UTC'],
      ['1435065584.128', '2015-06-23 13:19:44.128 +0000 UTC'],
      ['9223372036', '2262-04-11 23:47:16 +0000 UTC'],
    ],
  ],
])('%s', (name, cases) => {
  for (const [number, expected] of cases) {
    expect(ruleText(`{{ ${name} ${number} }}`)).toBe(expected);
    expect(ruleText(`{{ "${number}" | ${name} }}`)).toBe(expected);
  }
});

it.each(['+Inf', '-Inf', 'NaN'])('%s stays what it is', (text) => {
  const call = `{{ humanize "${text}" }} {{ humanize1024 "${text}" }} {{ humanizeDuration "${text}" }} {{ humanizeTimestamp "${text}" }}`;
  expect(ruleText(call)).toBe([text, text, text, text].join(' '));
});

it.each([
  ['"one"', 'strconv.ParseFloat: parsing "one": invalid syntax'],
  ['"1e400"', 'strconv.ParseFloat: parsing "1e400": value out of range'],
  ['"1__0"', 'strconv.ParseFloat: parsing "1__0": invalid syntax'],
  ['true', "can't convert bool to float"],
  ['nil', "can't convert <nil> to float"],
  ['$labels', "can't convert map[string]string to float"],
  ['(toDuration 1)', "can't convert *time.Duration to float"],
])('%s is no number', (value, message) => {
  for (const name of ['humanize', 'humanize1024', 'humanizeDuration', 'humanizePercentage', 'toTime']) {
    expect(ruleProblem(`{{ ${name} ${value} }}`)).toContain(`error calling ${name}: ${message}`);
  }
});

it.each([
  ['"0x1p4"', '16'],
  ['"1_000"', '1k'],
  ['" 1"', null],
  ['"+5"', '5'],
  ['"0x1.8p-1"', '750m'],
])('%s is a number where it is one for Go', (text, expected) => {
  if (expected === null) expect(ruleProblem(`{{ humanize ${text} }}`)).toContain('invalid syntax');
  else expect(ruleText(`{{ humanize ${text} }}`)).toBe(expected);
});

it('a time that Go could not hold is refused', () => {
  expect(ruleProblem('{{ humanizeTimestamp 1e11 }}')).toContain(
    '1e+11 cannot be represented as a nanoseconds timestamp since it overflows int64',
  );
});
