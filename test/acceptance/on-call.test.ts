/**
 * While an alert waits for its first level, somebody takes another's place: it is he who is told when the level is due, by
 * roles that were started before.
 */
import { testServers } from '../harness/servers';
import { startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

/** Enough to make an override in, also on a machine that is busy. */
const DELAY = '15s';
const STORY_MS = 180_000;
const HOUR_MS = 3_600_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({
    servers: testServers(),
    // The receivers level1 and level2 are phones here.
    levels: [1, 1],
    more: {
      log: { level: 'debug' },
      people: [
        { name: 'ana', notify: { high: ['level1'] } },
        { name: 'ben', notify: { high: ['level2'] } },
      ],
      schedules: [{ name: 'dba', layers: [{ name: 'all', people: ['ana'], start: '2020-01-01' }] }],
      escalation: [
        {
          name: 'chain',
          delay: DELAY,
          levels: [
            { name: 'first', schedules: ['dba'], timeout: '0s' },
            { name: 'many', receivers: ['hook'], when: { alerts: 2 }, timeout: '1h' },
            { name: 'second', people: ['ana'], timeout: '1h' },
          ],
        },
      ],
    },
  });
});

afterAll(() => system.close());

test(
  'an override that is made after the fire counts when the level is due',
  async () => {
    const { history } = system;
    await system.startEach('evaluator', 'dispatcher', 'effects');
    await system.sample('db-1', 90);
    await waitFor(() => system.told().includes('hook fire db-1'), { what: 'the fire', timeoutMs: 30_000 });

    const now = Date.now();
    await history.overrides.create({
      ...{ id: 'swap', schedule: 'dba', person: 'ben', createdBy: 'eve', comment: '' },
      ...{ from: now - HOUR_MS, to: now + HOUR_MS },
    });
    await waitFor(() => system.told().length >= 3, { what: 'both levels', timeoutMs: 60_000 });

    expect(system.told()).toEqual(['hook fire db-1', 'level1 escalate-3 db-1', 'level2 escalate-1 db-1']);
    const asked = system.messages().map(({ step, payload }) => [step, payload.on_call_person]);
    expect(Object.fromEntries(asked)).toEqual({ fire: null, 'escalate-1': 'ben', 'escalate-3': 'ana' });
    const [row] = await history.lists.list({});
    const story = (await history.lists.timeline(row!.fingerprint)).map(({ text }) => text);
    expect(story).toEqual(
      expect.arrayContaining([
        'escalate-1: ben is asked (dba)',
        'level 2, many, was skipped: 1 of at least 2 alerts are open',
      ]),
    );
  },
  STORY_MS,
);
