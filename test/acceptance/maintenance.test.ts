/**
 * Maintenance of a target: nobody is told of its alerts and the guard refuses its runbook, both under the maintenance's
 * name; its end lets the page out and has the repair asked for again. Another target is told of all the while.
 */
import { ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, METRIC, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 240_000;

let system: System;

beforeAll(async () => {
  const servers = testServers();
  const url = servers.postgres;
  system = await startSystem({
    servers,
    more: {
      log: { level: 'debug' },
      targets: ['db-1', 'db-2'].map((name) => ({ name, type: 'postgresql', url })),
      remediation: {
        environments: ['test'],
        soak: '1s',
        runbooks: { 'terminate-idle-sessions': { environments: ['test'] } },
      },
      rules: [
        {
          ...{ name: 'ConnectionsHigh', metric: METRIC, threshold: 80, recovery_threshold: 60 },
          ...{ severity: 'critical', runbook: 'terminate-idle-sessions' },
        },
      ],
    },
  });
});

afterAll(() => system.close());

test(
  'what is worked on is left alone until it is done',
  async () => {
    const { kafka, instance, history } = system;
    const topic = metricTopic(instance, sampleOf('db-1', 0, 0));
    await ensureTopics(kafka, instance, [topic], { development: true });
    const [evaluator] = await Promise.all([
      system.start('evaluator'),
      system.start('dispatcher'),
      system.start('effects'),
    ]);
    await waitFor(() => evaluator.output().includes('evaluate: assigned'), {
      what: 'its partitions',
      timeoutMs: 30_000,
    });
    const rowOf = async (instanceId: string) =>
      (await history.lists.list({ matchers: [`instance_id="${instanceId}"`] }))[0];
    const textsOf = async (instanceId: string): Promise<string[]> => {
      const row = await rowOf(instanceId);
      return row === undefined ? [] : (await history.lists.timeline(row.fingerprint)).map(({ text }) => text);
    };
    const starts = async (): Promise<number> =>
      (await textsOf('db-1')).filter((text) => text.includes('was started for db-1')).length;
    const refusals = async (): Promise<number> =>
      (await textsOf('db-1')).filter((text) => /: refused\. maintenance: move: /.test(text)).length;

    const now = new Date();
    await history.maintenances.start(
      {
        ...{ id: 'm1', name: 'move', targets: ['db-1'], environments: [], matchers: [], intervals: null },
        ...{ startsAt: now.toISOString(), endsAt: null, createdBy: 'ana', comment: 'disks' },
      },
      now,
    );
    await system.sample('db-1', 90);
    await system.sample('db-2', 90);
    await waitFor(async () => (await refusals()) > 0, { what: 'the refusal', timeoutMs: 60_000 });
    await waitFor(() => system.told().includes('hook fire db-2'), { what: 'the other', timeoutMs: 30_000 });
    await waitFor(async () => (await textsOf('db-1')).some((text) => text.includes('did not tell hook')), {
      what: 'the page to be held',
      timeoutMs: 30_000,
    });
    expect(system.told().filter((line) => line.endsWith('db-1'))).toEqual([]);

    const { fingerprint } = (await rowOf('db-1'))!;
    const why = await system.command('why', fingerprint, '--json');
    const [{ pages }] = JSON.parse(why) as [{ pages: { stage: string; by: unknown[]; text: string }[] }];
    const held = pages.find(({ stage }) => stage === 'maintenance');
    expect(held?.by).toMatchObject([{ kind: 'maintenance', name: 'move', createdBy: 'ana', endsAt: null }]);
    expect(pages.find(({ stage }) => stage === 'remediation')?.text).toMatch(/refused\. maintenance: move/);

    // That the maintenance began is news to the alert's life, too, and may have been a reason to ask again.
    await waitFor(async () => (await starts()) === (await refusals()), {
      what: 'each request to be refused',
      timeoutMs: 30_000,
    });
    const before = { starts: await starts(), refusals: await refusals() };
    expect(await system.command('maintenance', 'end', 'move')).toContain('maintenance move has ended');
    await waitFor(() => system.told().includes('hook fire db-1'), { what: 'the page', timeoutMs: 30_000 });
    await waitFor(async () => (await starts()) > before.starts, {
      what: 'the repair to be asked for again',
      timeoutMs: 30_000,
    });
    await waitFor(
      async () =>
        (await textsOf('db-1')).some((text) => /^terminate-idle-sessions: (?!refused\. m)/.test(text)),
      { what: 'another answer of the guard', timeoutMs: 30_000 },
    );
    expect(await refusals()).toBe(before.refusals);
  },
  STORY_MS,
);
