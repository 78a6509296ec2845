/** A shard is collected by a Schedule that outlives its server: what the server holds of it after a start of the collector. */
import { ScheduleNotFoundError, type Client } from '@temporalio/client';
import { collectWorkflowId } from '../../../src/domain/identity';
import { connectClient } from '../../../src/temporal/client';
import { deleteCollectionSchedules, ensureCollectionSchedules } from '../../../src/temporal/schedules';
import { testServers, uniqueInstance } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';

const EVERY_MS = 300_000;
const instance = uniqueInstance();
let client: Client;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ client, close } = await connectClient({ address: testServers().temporal, namespace: 'default' }));
});
afterAll(async () => {
  await deleteCollectionSchedules(client, instance);
  await close();
});

const ensure = (...shards: string[]) =>
  ensureCollectionSchedules(client, { instance, shards, everyMs: EVERY_MS });
const handle = (shard: string) => client.schedule.getHandle(collectWorkflowId(instance, shard));

test('the first run begins at once', async () => {
  await ensure('a');
  await waitFor(async () => (await handle('a').describe()).info.numActionsTaken === 1, {
    what: 'the first run',
  });
});

test('a run that is under way holds back the next, by time or by another start of a collector', async () => {
  const everyMs = 1_000;
  const often = () => ensureCollectionSchedules(client, { instance, shards: ['a', 'often'], everyMs });
  await often();
  await waitFor(async () => (await handle('often').describe()).info.numActionsTaken === 1, {
    what: 'the first run',
  });
  const { nextActionTimes } = (await handle('often').describe()).info;
  await often();
  await waitFor(
    async () => (await handle('often').describe()).info.nextActionTimes[0]! > nextActionTimes[2]!,
    { what: 'three due times' },
  );
  // Nobody works on runs here, so the first is still under way.
  expect((await handle('often').describe()).info.numActionsTaken).toBe(1);
  await ensure('a');
});

test('a whole interval is made up for, so that no stop of the server leaves a gap behind it', async () => {
  const { policies, spec } = await handle('a').describe();
  expect(spec.intervals).toMatchObject([{ every: EVERY_MS }]);
  expect(policies.catchupWindow).toBeGreaterThanOrEqual(EVERY_MS);
});

test('a person who has paused it is not overruled by the next start of a collector', async () => {
  await handle('a').pause('maintenance');
  await ensure('a');
  expect((await handle('a').describe()).state).toMatchObject({ paused: true, note: 'maintenance' });
  await handle('a').unpause();
});

test('the Schedule of a shard that is gone goes, too', async () => {
  const gone = async (): Promise<boolean> => {
    await ensure('b');
    return handle('a')
      .describe()
      .then(
        () => false,
        (error: unknown) => error instanceof ScheduleNotFoundError,
      );
  };
  // the server lists a Schedule somewhat after it was made
  await waitFor(gone, { what: 'the end of shard a' });
  expect((await handle('b').describe()).scheduleId).toBe(collectWorkflowId(instance, 'b'));
});
