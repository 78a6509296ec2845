/** Points in time and lengths have the methods that Go gives them, in UTC. */
import { ruleProblem, ruleText } from './rule';

it.each([
  ['{{ now }}', '1.353755652e+09'],
  ['{{ (now | toTime).Format "Mon Jan 2 15:04:05 2006" }}', 'Sat Nov 24 11:14:12 2012'],
  ['{{ (1435065584.128 | toTime).Format "2006" }}', '2015'],
  ['{{ toTime "1435065584.128" }}', '2015-06-23 13:19:44.128 +0000 UTC'],
  ['{{ (1800 | toDuration).String }}', '30m0s'],
  ['{{ toDuration "90061.5" }}', '25h1m1.5s'],
  ['{{ ("-30m" | parseDuration | toDuration | (now | toTime).Add).UnixMilli }}', '1353753852000'],
  ['{{ (now | toTime).Sub (toTime 0) }}', '376043h14m12s'],
  ['{{ humanizeDuration ((now | toTime).Sub (toTime 1353755600)) }}', '52s'],
  [
    '{{ (toTime 0).Month }} {{ (toTime 0).Weekday }} {{ printf "%d" (toTime 0).Month }}',
    'January Thursday 1',
  ],
  ['{{ ((toTime 951782400).AddDate 0 1 1).Format "2006-01-02" }}', '2000-03-30'],
  ['{{ (toTime 5).Before (toTime 6) }} {{ (toTime 5).Unix }} {{ (toTime 5).YearDay }}', 'true 5 1'],
  [
    '{{ (toDuration 90).Minutes }} {{ (toDuration 0.0015) }} {{ (toDuration 1e-9) }} {{ toDuration 0 }}',
    '1.5 1.5ms 1ns 0s',
  ],
  ['{{ lt ((toTime 1).Sub (toTime 0)) 5 }}', 'false'],
])('%s', (text, expected) => {
  expect(ruleText(text)).toBe(expected);
});

it.each([
  ['January Jan 1 01 Monday Mon', 'January Jan 1 01 Monday Mon'],
  ['2 02 _2 002 __2', '2 02  2 002   2'],
  ['15 3 03 PM pm 4 04 5 05', '15 3 03 PM pm 4 04 5 05'],
  ['2006 06 MST -0700 Z07:00', '2023 23 UTC +0000 Z'],
  ['05.000 05.999 05,0', '05.120 05.12 05,1'],
  ['Janx Mond _2006 Monday1', 'Janx Mond _2023 Monday1'],
])('layout %s', (layout, expected) => {
  // Monday, 2 January 2023, 15:04:05.12
  expect(ruleText(`{{ (toTime 1672671845.12).Format "${layout}" }}`)).toBe(expected);
});

it.each([
  ['1h2m10ms', '3720.01'],
  ['-1h2m10ms', '-3720.01'],
  ['1y1w1d1h1m1s1ms', '3.2230861001e+07'],
  ['0', '0'],
])('parseDuration %s', (text, expected) => {
  expect(ruleText(`{{ parseDuration "${text}" | printf "%v" }}`)).toBe(expected);
});

it.each([
  ['', 'empty duration string'],
  ['5', 'not a valid duration string: "5"'],
  ['5x', 'unknown unit "x" in duration "5x"'],
  ['5m5h', 'not a valid duration string: "5m5h"'],
  ['300y', 'duration out of range'],
])('parseDuration refuses %j', (text, message) => {
  expect(ruleProblem(`{{ parseDuration "${text}" }}`)).toContain(`error calling parseDuration: ${message}`);
});
