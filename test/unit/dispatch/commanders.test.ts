/** Who commands: whoever is on call, else whom the policy names; and when that is asked at all. */
import { commandsOf } from '../../../src/dispatch/commanders';
import { createPagesHandler } from '../../../src/dispatch/dispatcher';
import { createCorrelation } from '../../../src/dispatch/incidents';
import type { IncidentPolicy } from '../../../src/dispatch/port';
import { createOnCall } from '../../../src/oncall/on-call';
import { transition } from '../../builders/alerts';
import { layer, schedule } from '../oncall/schedules';

const ON = new Date('2026-01-05T12:00:00Z');
const person = (name: string) => ({
  name,
  notify: { high: [{ receiver: `${name}-phone`, afterMs: 0 }], low: [{ receiver: 'mail', afterMs: 0 }] },
});
const onCall = createOnCall({
  people: ['ana', 'ben', 'cem'].map(person),
  schedules: [schedule(), schedule({ name: 'later', layers: [layer({ start: '2030-01-01' })] })],
  overrides: { between: async () => [] },
});
const policy = (commander: Partial<IncidentPolicy['commander']>): IncidentPolicy => ({
  ...{
    name: 'shop',
    matchers: [],
    groupBy: ['service'],
    related: {},
    windowMs: 1,
    minAlerts: 2,
    resolveAfterMs: 0,
  },
  ...{ receivers: ['slack'], commander: { schedules: [], people: [], ...commander } },
});
const commandOf = async (commander: Partial<IncidentPolicy['commander']>) =>
  (await commandsOf(onCall, [policy(commander)], ON)).get('shop');

it.each([
  [{ schedules: ['dba'], people: ['cem'] }, 'ana', []],
  [{ schedules: ['later', 'dba'] }, 'ana', ['nobody is on call in later']],
  [{ schedules: ['later'], people: ['cem', 'ben'] }, 'cem', ['nobody is on call in later']],
])('%j', async (commander, who, notes) => {
  expect(await commandOf(commander)).toEqual({
    ...{ commander: who, notes, recipients: [{ receiver: `${who}-phone`, afterMs: 0 }] },
  });
});

it('nobody, where nobody is there', async () => {
  expect(await commandOf({ schedules: ['later'] })).toEqual({
    ...{ commander: null, recipients: [], notes: ['nobody is on call in later'] },
  });
});

it('nothing is asked where nothing that fires can belong to an incident', async () => {
  let asked = 0;
  const handle = createPagesHandler({
    store: { apply: async (_fingerprints, decide) => decide(new Map()) },
    ...{ pageFor: () => [], resolveTo: [], now: () => ON, wakeNotifier: () => undefined },
    incidents: {
      correlation: createCorrelation([policy({})]),
      commandsOf: async () => (asked++, new Map()),
    },
  });
  const batch = (one: ReturnType<typeof transition>) =>
    [{ transition: one }] as unknown as Parameters<typeof handle>[0];
  await handle(batch(transition()));
  await handle(batch(transition({ kind: 'resolved', at: 1, startsAt: 0, labels: { service: 'orders' } })));
  expect(asked).toBe(0);
  await handle(batch(transition({ labels: { service: 'orders' } })));
  expect(asked).toBe(1);
});
