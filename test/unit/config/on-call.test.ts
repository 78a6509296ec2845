/** People, schedules, escalations and severity routing: what is taken, and what is wrong with what is not. */
import { checkConfig, loadConfig } from '../../../src/config/load';
import { problemText } from '../../../src/config/problems';

const RECEIVERS = `
receivers:
  - { name: phone, type: webhook, url: "http://h/" }
  - { name: sms, type: webhook, url: "http://h/" }
  - { name: mail, type: webhook, url: "http://h/" }
route: { receivers: [mail] }
`;
const PEOPLE =
  'people: [{ name: ana, notify: { high: [phone, sms after 5m], low: [mail] } }, { name: ben, notify: { high: [phone] } }]\n';
const SCHEDULE = 'schedules: [{ name: dba, layers: [{ name: l, people: [ana, ben], start: 2026-01-05 }] }]\n';

const load = (text: string) => loadConfig({ text, path: 'tocsin.yaml' }, {});
const problems = (text: string): string[] =>
  checkConfig({ text, path: 'tocsin.yaml' }, {}).problems.map((problem) =>
    problemText(problem).replace(/^tocsin\.yaml:\d+:\d+: /, ''),
  );

describe('people', () => {
  it('have ways by urgency; who says nothing of what can wait is told of it likewise', () => {
    expect(load(RECEIVERS + PEOPLE).onCall.people).toEqual([
      {
        name: 'ana',
        notify: {
          high: [
            { receiver: 'phone', afterMs: 0 },
            { receiver: 'sms', afterMs: 300_000 },
          ],
          low: [{ receiver: 'mail', afterMs: 0 }],
        },
      },
      {
        name: 'ben',
        notify: { high: [{ receiver: 'phone', afterMs: 0 }], low: [{ receiver: 'phone', afterMs: 0 }] },
      },
    ]);
  });

  it('are told by receivers that there are', () => {
    const text = `${RECEIVERS}people:
  - { name: ana, notify: { high: [fone], low: [mail, smss after 1m] } }
  - { name: ana, notify: { high: [] } }
  - { name: ben, notify: { high: ['sms after a while'], hgih: [sms] } }
`;
    expect(problems(text)).toEqual([
      'people[0].notify.high[0]: "fone" is no receiver; accepted: phone, sms, mail',
      'people[0].notify.low[1]: "smss" is no receiver; did you mean "sms"?; accepted: phone, sms, mail',
      'people[1].notify.high: a list is too short; accepted: a list of at least 1',
      `people[2].notify.high[0]: "sms after a while" is not accepted; accepted: a receiver's name, or one and when: sms after 5m`,
      'people[2].notify.hgih: is not a key here; did you mean "high"?; accepted: high, low',
    ]);
    const twice = '{ name: ana, notify: { high: [sms] } }';
    expect(problems(`${RECEIVERS}people: [${twice}, ${twice}]`)).toEqual([
      'people[1].name: "ana" is the name of people[0] already',
    ]);
  });

  it('that have a mistake are nonetheless people whom schedules may name', () => {
    const text = `${RECEIVERS}people: [{ name: ana, notify: { high: [5] } }]\nschedules: [{ name: s, layers: [{ name: l, people: [ana], start: 2026-01-05 }] }]`;
    expect(problems(text)).toHaveLength(1);
  });
});

describe('schedules', () => {
  it('have layers in turns of a length, and overrides', () => {
    const [schedule] = load(`${RECEIVERS}${PEOPLE}schedules:
  - name: dba
    time_zone: Europe/Berlin
    layers:
      - { name: nights, people: [ana, ben], start: 2026-01-05T09:00, end: 2027-01-01, handoff: 12h }
      - name: office
        people: [ben]
        start: 2026-01-05
        handoff: weekly
        only: [{ weekdays: ['monday:friday'], times: [{ start_time: '09:00', end_time: '17:30' }] }]
    overrides: [{ person: ben, from: 2026-02-01T00:00+01:00, to: 2026-02-02T00:00:00Z }]
`).onCall.schedules;
    const all = { daysOfMonth: null, months: null, years: null, location: 'Europe/Berlin' };
    expect(schedule).toEqual({
      name: 'dba',
      timeZone: 'Europe/Berlin',
      layers: [
        {
          ...{ name: 'nights', people: ['ana', 'ben'], start: '2026-01-05T09:00', end: '2027-01-01' },
          ...{ everyMinutes: 720, only: null },
        },
        {
          ...{ name: 'office', people: ['ben'], start: '2026-01-05', end: null, everyMinutes: 10_080 },
          only: [
            { ...all, weekdays: [{ begin: 1, end: 5 }], times: [{ startMinute: 540, endMinute: 1_050 }] },
          ],
        },
      ],
      overrides: [
        { person: 'ben', from: Date.parse('2026-01-31T23:00Z'), to: Date.parse('2026-02-02T00:00Z') },
      ],
    });
  });

  it('daily in UTC are what is meant where nothing is said', () => {
    const [schedule] = load(RECEIVERS + PEOPLE + SCHEDULE).onCall.schedules;
    expect([schedule!.timeZone, schedule!.layers[0]!.everyMinutes]).toEqual(['UTC', 1_440]);
  });

  it('are refused with all that is wrong in their form', () => {
    expect(
      problems(`${RECEIVERS}${PEOPLE}schedules:
  - name: dba
    layers:
      - { name: a, people: [], start: 2026-02-30, handoff: 5m }
      - { name: b, people: [ana], start: 2026-01-05T09:00Z, only: [{ weekdays: [mon], times: [{ start_time: 9am, end_time: '25:00' }] }] }
    overrides: [{ person: ana, from: 2026-01-01, to: 2026-01-02T00:00Z }]
  - { name: bare, layers: [] }
`),
    ).toEqual([
      'schedules[0].layers[0].people: a list is too short; accepted: a list of at least 1',
      'schedules[0].layers[0].start: "2026-02-30" is not accepted; accepted: a date or a time of day without a zone: 2026-01-05 or 2026-01-05T09:00',
      'schedules[0].layers[0].handoff: "5m" is not accepted; accepted: daily, weekly, or a duration of whole minutes from 30m to 366d, such as 12h',
      'schedules[0].layers[1].start: "2026-01-05T09:00Z" is not accepted; accepted: a date or a time of day without a zone: 2026-01-05 or 2026-01-05T09:00',
      'schedules[0].layers[1].only[0].weekdays[0]: "mon" is not accepted; accepted: days such as monday or monday:friday; a week begins with sunday',
      'schedules[0].layers[1].only[0].times[0].start_time: "9am" is not accepted; accepted: HH:MM from 00:00 to 24:00',
      'schedules[0].layers[1].only[0].times[0].end_time: "25:00" is not accepted; accepted: HH:MM from 00:00 to 24:00',
      'schedules[0].overrides[0].from: "2026-01-01" is not accepted; accepted: a time with a zone, such as 2026-01-05T09:00:00Z or 2026-01-05T09:00+01:00',
      'schedules[1].layers: a list is too short; accepted: a list of at least 1',
    ]);
  });

  it('are refused with all that is wrong in their meaning', () => {
    expect(
      problems(`${RECEIVERS}${PEOPLE}schedules:
  - name: dba
    time_zone: Europe/Berln
    layers:
      - { name: a, people: [anna], start: 2026-01-05, end: 2026-01-05, only: [{ times: [{ start_time: '17:00', end_time: '09:00' }] }] }
      - { name: a, people: [ben], start: 2026-01-05 }
    overrides: [{ person: eva, from: 2026-01-02T00:00Z, to: 2026-01-01T00:00Z }]
  - { name: dba, time_zone: Local, layers: [{ name: l, people: [ana], start: 2026-01-05 }] }
`),
    ).toEqual([
      'schedules[0].time_zone: "Europe/Berln" is no time zone; did you mean "Europe/Berlin"?; accepted: a name of the time zone database, such as Europe/Berlin',
      'schedules[0].layers[0].people[0]: "anna" is no person; did you mean "ana"?; accepted: ana, ben',
      'schedules[0].layers[0].end: "2026-01-05" is not after start, 2026-01-05',
      'schedules[0].layers[0].only[0].times[0].end_time: is not after start_time: for a time over midnight write two ranges, up to 24:00 and from 00:00',
      'schedules[0].layers[1].name: "a" is the name of schedules[0].layers[0] already',
      expect.stringMatching(/^schedules\[0\]\.overrides\[0\]\.person: "eva" is no person/),
      'schedules[0].overrides[0].to: "2026-01-01T00:00:00.000Z" is not after from, 2026-01-02T00:00:00.000Z',
      'schedules[1].name: "dba" is the name of schedules[0] already',
      expect.stringMatching(/^schedules\[1\]\.time_zone: "Local" is no time zone/),
    ]);
  });
});

describe('escalations', () => {
  const escalation = (levels: string, more = '') =>
    `${RECEIVERS}${PEOPLE}${SCHEDULE}escalation: [{ name: e, ${more} levels: [${levels}] }]`;

  it('ask people and schedules, with conditions', () => {
    const text = escalation(
      `{ name: one, schedules: [dba], timeout: 10m },
       { name: two, people: [ben], receivers: [mail], urgency: low, timeout: 0s,
         when: { hours: [{ weekdays: [monday], time_zone: Europe/Berlin }], not_hours: [{ days_of_month: ['-1'] }], severities: [critical], alerts: 3 } }`,
      'group_by: [service],',
    );
    const interval = { times: null, weekdays: null, daysOfMonth: null, months: null, years: null };
    expect(load(text).escalations[0]!.policy).toStrictEqual({
      ...{ name: 'e', delayMs: 0, repeat: 0, groupBy: ['service'] },
      levels: [
        { name: 'one', receivers: [], schedules: ['dba'], timeoutMs: 600_000 },
        {
          ...{ name: 'two', receivers: ['mail'], people: ['ben'], urgency: 'low', timeoutMs: 0 },
          when: {
            hours: [{ ...interval, weekdays: [{ begin: 1, end: 1 }], location: 'Europe/Berlin' }],
            notHours: [{ ...interval, daysOfMonth: [{ begin: -1, end: -1 }], location: 'UTC' }],
            severities: ['critical'],
            alerts: 3,
          },
        },
      ],
    });
  });

  it('without any of it are what they were', () => {
    const text = escalation('{ name: one, receivers: [mail], timeout: 10m }', 'group_by: [service],');
    expect(load(text).escalations[0]!.policy).toStrictEqual({
      ...{ name: 'e', delayMs: 0, repeat: 0 },
      levels: [{ name: 'one', receivers: ['mail'], timeoutMs: 600_000 }],
    });
  });

  it('are refused where a level tells nobody, or names lead nowhere', () => {
    const levels = `{ name: one, timeout: 1m },
      { name: two, people: [bem], schedules: [dbb], timeout: 1m, when: { hours: [{ time_zone: Mars }] } }`;
    expect(problems(escalation(levels))).toEqual([
      'escalation[0].levels[0]: tells nobody; accepted: receivers, people or schedules',
      'escalation[0].levels[1].people[0]: "bem" is no person; did you mean "ben"?; accepted: ana, ben',
      'escalation[0].levels[1].schedules[0]: "dbb" is no schedule; did you mean "dba"?; accepted: dba',
      expect.stringMatching(
        /^escalation\[0\]\.levels\[1\]\.when\.hours\[0\]\.time_zone: "Mars" is no time zone/,
      ),
    ]);
  });

  it('must not tell everybody again in the same moment', () => {
    const level = '{ name: one, receivers: [mail], timeout: 0s }';
    expect(problems(escalation(level, 'repeat: 2,'))).toEqual([
      'escalation[0].repeat: 2 tells everybody again in the same moment: no level has a timeout',
    ]);
    expect(problems(escalation(level))).toEqual([]);
  });

  it('whose levels all have a condition are warned of', () => {
    const level = '{ name: one, receivers: [mail], timeout: 1m, when: { severities: [critical] } }';
    expect(problems(escalation(level))).toEqual([
      'escalation[0].levels: warning: has a condition on every level: of an alert that meets none, nobody is told',
    ]);
  });
});

describe('the fatigue limit', () => {
  const limit = (text: string) => `receivers: [{ name: mail, type: webhook, url: "http://h/" }]
route: { receivers: [mail], fatigue_limit: ${text} }`;

  it('is off unless it is asked for; then 5 of one name in an hour, and a digest each quarter of an hour', () => {
    expect(load('{}').fatigueLimit).toBeNull();
    expect(load(limit('{}')).fatigueLimit).toEqual({
      ...{ similar: 5, windowMs: 3_600_000, groupBy: ['alertname'], digestAfterMs: 900_000 },
    });
  });

  it('takes labels in any order, also one twice', () => {
    expect(load(limit('{ group_by: [team, alertname, team] }')).fatigueLimit?.groupBy).toEqual([
      'alertname',
      'team',
    ]);
  });

  it('says what is wrong, and what would be right', () => {
    expect(problems(limit('{ similar: 0, group_by: [], windw: 1h }'))).toEqual([
      'route.fatigue_limit.similar: 0 is not accepted; accepted: a whole number from 1 to 1000',
      'route.fatigue_limit.group_by: a list is too short; accepted: a list of at least 1',
      'route.fatigue_limit.windw: is not a key here; did you mean "window"?; accepted: similar, window, group_by, digest_after',
    ]);
    expect(problems(limit('{ digest_after: 2h }'))).toEqual([
      'route.fatigue_limit.digest_after: 2h is longer than window: after 1h the next alerts would be told before those that wait; accepted: at most 1h',
    ]);
  });
});

describe('severity routing', () => {
  const route = (routing: string, names = ['pagerduty', 'slack-db', 'mail']) =>
    `receivers: [${names.map((name) => `{ name: ${name}, type: webhook, url: "http://h/" }`)}]
route: { receivers: [mail], severity_routing: ${routing} }`;
  const routed = (text: string) => {
    const { pageBySeverity } = load(text);
    return (
      pageBySeverity && Object.values(pageBySeverity).map((pages) => pages.map(({ receiver }) => receiver))
    );
  };

  it('is off unless it is asked for; then high is for pagerduty, medium for slack and low for nobody', () => {
    expect(routed(route('null'))).toBeNull();
    expect(routed(route('{}'))).toEqual([['pagerduty'], ['slack-db'], []]);
  });

  it('takes other receivers, class by class', () => {
    expect(routed(route('{ high: [mail, pagerduty], low: [mail] }'))).toEqual([
      ['mail', 'pagerduty'],
      ['slack-db'],
      ['mail'],
    ]);
  });

  it('without a receiver of the kind says what to name', () => {
    expect(problems(route('{ medium: [mial] }', ['mail']))).toEqual([
      'route.severity_routing.high: is missing: there is no receiver of type pagerduty, nor one named pagerduty or pagerduty-…; accepted: mail',
      'route.severity_routing.medium[0]: "mial" is no receiver; did you mean "mail"?; accepted: mail',
    ]);
  });
});
