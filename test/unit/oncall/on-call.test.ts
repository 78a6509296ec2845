/** Whom a step tells: people and those on call, each in his way, and somebody in any case. */
import { TocsinError } from '../../../src/domain/errors';
import { createOnCall } from '../../../src/oncall/on-call';
import type { Asked, Override, Person } from '../../../src/oncall/port';
import { layer, MINUTE, schedule } from './schedules';

const person = (name: string, more: Partial<Person['notify']> = {}): Person => ({
  name,
  notify: {
    high: [{ receiver: `${name}-phone`, afterMs: 0 }],
    low: [{ receiver: 'mail', afterMs: 0 }],
    ...more,
  },
});
const PEOPLE = [
  person('ana', {
    high: [
      { receiver: 'ana-phone', afterMs: 0 },
      { receiver: 'sms', afterMs: 5 * MINUTE },
    ],
  }),
  person('ben'),
  person('cem'),
];
const ON = new Date('2026-01-05T12:00:00Z');

const asked = (more: Partial<Asked> = {}): Asked => ({
  ...{ labels: { severity: 'critical' }, receivers: [], people: [], schedules: [] },
  ...{ otherwise: ['route'], urgency: null, ...more },
});

function onCall(between: (name: string) => Promise<readonly Override[]> = async () => []) {
  const schedules = [
    schedule(),
    schedule({ name: 'later', layers: [layer({ start: '2030-01-01' })] }),
    schedule({ name: 'ghost', layers: [layer({ people: ['zoe'] })] }),
  ];
  return createOnCall({ people: PEOPLE, schedules, overrides: { between: between as never } });
}
const ways = async (more: Partial<Asked>, at = ON) =>
  (await onCall().resolve(asked(more), at)).recipients.map(
    ({ receiver, afterMs, person: who }) => `${receiver}+${afterMs / MINUTE} for ${who}`,
  );

it('tells whoever is on call at that time, in all of his ways', async () => {
  expect(await ways({ schedules: ['dba'] })).toEqual(['ana-phone+0 for ana', 'sms+5 for ana']);
  expect(await ways({ schedules: ['dba'] }, new Date('2026-01-06T12:00:00Z'))).toEqual([
    'ben-phone+0 for ben',
  ]);
});

it('tells the override instead', async () => {
  const day = { from: ON.getTime() - 1, to: ON.getTime() + 1 };
  const busy = onCall(async (name) => (name === 'dba' ? [{ person: 'cem', ...day }] : []));
  expect((await busy.resolve(asked({ schedules: ['dba'] }), ON)).people).toEqual(['cem']);
});

it('goes by the urgency of the step, else by the severity; what nobody knows is urgent', async () => {
  const told = async (severity: string | null, urgency: Asked['urgency'] = null) =>
    ways({ people: ['ben'], urgency, labels: severity === null ? {} : { severity } });
  for (const severity of ['critical', 'HIGH', 'page', null])
    expect(await told(severity)).toEqual(['ben-phone+0 for ben']);
  for (const severity of ['warning', 'medium', 'low', 'info'])
    expect(await told(severity)).toEqual(['mail+0 for ben']);
  expect(await told('critical', 'low')).toEqual(['mail+0 for ben']);
  expect(await told('info', 'high')).toEqual(['ben-phone+0 for ben']);
});

it('tells the receivers of the step beside the people, and names to them who is asked', async () => {
  expect(await ways({ receivers: ['room'], people: ['ben'], schedules: ['dba'] })).toEqual([
    'ben-phone+0 for ben',
    'ana-phone+0 for ana',
    'sms+5 for ana',
    'room+0 for ben, ana',
  ]);
  expect(await ways({ receivers: ['room'] })).toEqual(['room+0 for null']);
});

it('tells a person who is asked for twice once, and a shared place once, at the earliest', async () => {
  expect(await ways({ people: ['ana'], schedules: ['dba'] })).toEqual([
    'ana-phone+0 for ana',
    'sms+5 for ana',
  ]);
  expect(await ways({ people: ['ben', 'cem'], urgency: 'low' })).toEqual(['mail+0 for ben, cem']);
  expect(await ways({ people: ['ana'], receivers: ['sms'] })).toEqual([
    'ana-phone+0 for ana',
    'sms+0 for ana',
  ]);
});

describe('where nobody is found, those are told who are told of every alert', () => {
  it.each([
    ['a gap', { schedules: ['later'] }, 'nobody is on call in later'],
    ['a schedule that is gone', { schedules: ['old'] }, 'there is no schedule old any more'],
    ['a person who is gone', { people: ['zoe'] }, 'zoe is not among the people any more'],
    ['a turn of somebody who is gone', { schedules: ['ghost'] }, 'zoe is not among the people any more'],
  ])('%s', async (_, more, note) => {
    const { recipients, notes } = await onCall().resolve(asked(more), ON);
    expect(recipients.map(({ receiver }) => receiver)).toEqual(['route']);
    expect(notes).toEqual([note, 'nobody else can be told, so those are who are told of every alert: route']);
  });

  it('but not where the step has a receiver of its own', async () => {
    expect(await ways({ schedules: ['later'], receivers: ['room'] })).toEqual(['room+0 for null']);
  });
});

describe('overrides that cannot be read', () => {
  const failing = (error: Error) => onCall(async () => Promise.reject(error));

  it('are waited for while Postgres is away', async () => {
    const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'postgres is away');
    await expect(failing(away).resolve(asked({ schedules: ['dba'] }), ON)).rejects.toBe(away);
  });

  it('are left out where Postgres refuses, and it is said', async () => {
    const refused = new TocsinError('TOC_VALUE_REFUSED', 'no such column');
    const { people, notes } = await failing(refused).resolve(asked({ schedules: ['dba'] }), ON);
    expect(people).toEqual(['ana']);
    expect(notes).toEqual(['overrides of dba could not be read: no such column']);
  });
});
