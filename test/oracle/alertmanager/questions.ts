/** What Alertmanager was asked, beside the mutants: matchers in each mode, and instants in time intervals. */

export const MATCHER_TEXTS: readonly string[] = [
  ...[
    '',
    ' ',
    '{}',
    '{',
    '}',
    '{ }',
    ',',
    '{,}',
    'foo',
    'foo=',
    '=bar',
    'foo=bar',
    ' foo = bar ',
    'foo=bar,',
    'foo=bar,,',
  ],
  ...[
    'foo=bar,baz!=qux',
    '{foo=bar,baz!=qux}',
    '{foo=bar',
    'foo=bar}',
    '{foo=bar}}',
    'foo=bar baz',
    '{foo=bar} x',
    'foo==bar',
  ],
  ...[
    'foo=~bar.*',
    'foo!~"a|b"',
    'foo~bar',
    'foo!bar',
    'foo=~(',
    'foo=~"["',
    'foo=~"a)|(b"',
    'foo=~',
    'foo!=""',
    'foo=""',
  ],
  ...[
    '"foo"=bar',
    '"foo bar"="baz"',
    '"foo\\"bar"=x',
    '🙂=🙂',
    'foo=🙂',
    'föö=bar',
    'foo:bar=x',
    '1foo=x',
    'foo-bar=x',
    '""=x',
  ],
  ...[
    'foo="bar',
    'foo=bar"',
    'foo="b"ar"',
    'foo=b"ar',
    "foo='bar'",
    'foo=`bar`',
    'foo="a,b"',
    'foo=a,b',
    'foo="a\\,b"',
  ],
  ...[
    'foo="a\\\\b"',
    'foo="a\\b"',
    'foo="a\\d"',
    'foo=a\\d',
    'foo=a\\\\d',
    'foo=a\\',
    'foo="a\\"',
    'foo="a\\nb"',
    'foo=a\\nb',
  ],
  ...[
    'foo="\\x41"',
    'foo="\\u0041"',
    'foo="\\u00e9"',
    'foo="\\xff"',
    'foo="\\101"',
    'foo="\\400"',
    'foo="\\\'"',
    'foo="a\nb"',
  ],
  ...[
    'foo=a b',
    'foo="a b"',
    'foo=a\u00a0b',
    '\u00a0foo=b',
    'foo=b\u00a0',
    'foo={',
    'foo="{}"',
    'foo=a=b',
    'foo=!b',
    'foo=~~b',
  ],
  ...[
    '{foo="bar",}',
    '{foo="bar", }',
    '{"a"="b","c"=~"d"}',
    '{foo=bar},baz=qux',
    'foo=bar,{baz=qux}',
    'foo = "bar" , baz =~ "q"',
  ],
];

export interface IntervalQuestion {
  /** Of one interval, as YAML's flow form. */
  readonly text: string;
  readonly instants: readonly string[];
}

const around = (day: string, zone = 'Z'): string[] =>
  [
    '00:00',
    '00:59',
    '01:00',
    '01:30',
    '02:00',
    '02:30',
    '03:00',
    '06:29',
    '06:30',
    '12:00',
    '22:00',
    '23:59',
  ].map((time) => `${day}T${time}:00${zone}`);

export const INTERVALS: readonly IntervalQuestion[] = [
  // clocks go forward on 29 March and back on 25 October 2026 in Berlin, on 8 March and 1 November in New York
  {
    text: "{times: [{start_time: '02:00', end_time: '03:00'}], location: Europe/Berlin}",
    instants: [
      ...around('2026-03-29', '+01:00'),
      ...around('2026-10-25', '+02:00'),
      ...around('2026-10-25', '+01:00'),
    ],
  },
  {
    text: "{times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:30'}], location: America/New_York}",
    instants: [...around('2026-03-08', '-05:00'), ...around('2026-11-01', '-04:00')],
  },
  {
    text: '{weekdays: [monday:friday], location: Australia/Sydney}',
    instants: [
      ...around('2026-04-05'),
      ...around('2026-04-06'),
      ...around('2026-10-02'),
      ...around('2026-10-03'),
    ],
  },
  {
    text: "{weekdays: [sunday, 'tuesday:wednesday']}",
    instants: ['22', '23', '24', '25', '26', '27', '28'].flatMap((day) =>
      around(`2026-11-${day}`).slice(9, 11),
    ),
  },
  {
    text: "{days_of_month: ['-1']}",
    instants: ['2024-02-28', '2024-02-29', '2025-02-28', '2026-04-30', '2026-12-31', '2026-12-30'].map(
      (day) => `${day}T12:00:00Z`,
    ),
  },
  {
    text: "{days_of_month: ['-3:-1']}",
    instants: ['2024-02-26', '2024-02-27', '2024-02-29', '2025-02-25', '2025-02-26', '2026-06-28'].map(
      (day) => `${day}T12:00:00Z`,
    ),
  },
  {
    text: "{days_of_month: ['-31:-29']}",
    instants: [
      '2024-02-01',
      '2025-02-01',
      '2026-01-01',
      '2026-01-03',
      '2026-01-04',
      '2026-04-01',
      '2026-04-02',
      '2026-04-03',
    ].map((day) => `${day}T12:00:00Z`),
  },
  {
    text: "{days_of_month: ['29:31']}",
    instants: ['2024-02-29', '2025-02-28', '2026-04-30', '2026-05-31', '2026-05-28'].map(
      (day) => `${day}T12:00:00Z`,
    ),
  },
  {
    text: "{days_of_month: ['15:-1', '1']}",
    instants: ['2025-02-01', '2025-02-02', '2025-02-14', '2025-02-15', '2025-02-28', '2025-03-01'].map(
      (day) => `${day}T12:00:00Z`,
    ),
  },
  {
    text: "{months: [january:march, 'december', '6'], years: ['2024:2025', '2028']}",
    instants: ['2024-01-31', '2024-04-01', '2025-12-31', '2026-01-01', '2028-06-15', '2028-07-01'].map(
      (day) => `${day}T23:59:59Z`,
    ),
  },
  {
    text: "{months: [january], years: ['2026'], location: Pacific/Kiritimati}",
    instants: [
      '2025-12-31T09:59:59Z',
      '2025-12-31T10:00:00Z',
      '2026-01-31T09:59:59Z',
      '2026-01-31T10:00:00Z',
    ],
  },
  { text: '{}', instants: ['2026-01-01T00:00:00Z'] },
  { text: '{times: []}', instants: ['2026-01-01T00:00:00Z'] },
  { text: '{weekdays: null, months: []}', instants: ['2026-01-01T00:00:00Z'] },
  ...[
    "{times: [{start_time: '10:00', end_time: '09:00'}]}",
    "{times: [{start_time: '10:00', end_time: '10:00'}]}",
    "{times: [{start_time: '9:00', end_time: '10:00'}]}",
    "{times: [{start_time: '09:00', end_time: '24:01'}]}",
    "{times: [{start_time: '09:00'}]}",
    '{weekdays: [friday:monday]}',
    '{weekdays: [fri]}',
    "{weekdays: ['1']}",
    "{days_of_month: ['0']}",
    "{days_of_month: ['32']}",
    "{days_of_month: ['-32']}",
    "{days_of_month: ['-1:5']}",
    "{days_of_month: ['5:1']}",
    "{days_of_month: ['29:-29']}",
    "{days_of_month: ['a']}",
    '{months: [december:january]}',
    '{months: [dec]}',
    "{months: ['13']}",
    "{years: ['2026:2025']}",
    "{years: ['a']}",
    "{years: ['2020:2021:2022']}",
    '{location: Mars/Base}',
    '{location: europe/berlin}',
    '{location: US/Eastern}',
    '{unknown: 1}',
  ].map((text) => ({ text, instants: [] })),
];
