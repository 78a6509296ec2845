/** The evaluator dies by SIGKILL after Kafka has acknowledged a transition and before the sample's offset is committed. */
import { join } from 'node:path';
import { withAdmin } from '../../src/stream/kafka';
import { alertsTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

/** Of the story as a whole; each of its waits, and each start of a process, has a limit of its own. */
const STORY_MS = 180_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ servers: testServers() });
});

afterAll(() => system.close());

test(
  'the transition is not lost and nobody is told twice',
  async () => {
    await system.start('dispatcher effects');
    const dying = await system.script(join(__dirname, 'fixtures', 'evaluator-that-dies.ts'));
    await system.sample('db-1', 90);
    await waitFor(() => dying.ended(), { what: 'the evaluator to be killed', timeoutMs: 30_000 });
    expect(await transitionsOnTheWire()).toBe(1);
    expect(await committedSamples()).toBe(0);

    await system.start('evaluator');
    await waitFor(async () => (await committedSamples()) === 1, {
      what: 'the sample to be committed',
      timeoutMs: 30_000,
    });
    await system.sample('db-1', 10);
    await waitFor(() => system.told().length >= 2, { what: 'both messages', timeoutMs: 30_000 });
    expect(system.told()).toEqual(['hook fire db-1', 'hook resolved db-1']);
    const row = (await system.history.lists.list({}))[0]!;
    expect(row).toMatchObject({ state: 'RESOLVED', fireCount: 1 });
  },
  STORY_MS,
);

async function transitionsOnTheWire(): Promise<number> {
  const offsets = await withAdmin(system.kafka, (admin) =>
    admin.fetchTopicOffsets(alertsTopic(system.instance)),
  );
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

async function committedSamples(): Promise<number> {
  return withAdmin(system.kafka, async (admin) => {
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    const groupId = groups.find((id) => id.startsWith(system.instance) && id.includes('gds-alerting'))!;
    const topics = await admin.fetchOffsets({ groupId });
    return topics
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  });
}
