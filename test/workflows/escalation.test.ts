import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  acknowledgeUpdate,
  escalateUpdate,
  resolveUpdate,
  silenceUpdate,
  statusQuery,
  unacknowledgeUpdate,
} from '../../workflows/messages';
import { MINUTE, transition } from '../builders/alerts';
import { skippingWorld, type World } from './world';

let world: World;
let env: TestWorkflowEnvironment;
beforeEach(async () => ({ world, env } = await skippingWorld()));
afterEach(() => world.close());

it('level after level is told at its time, and the resolve ends it', async () => {
  const firing = transition();
  await world.deliver(firing);
  await env.sleep(16 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
  await world.deliver(transition({ kind: 'resolved', at: 1, startsAt: 0 }));
  await world.handle(firing).result();
  await env.sleep(200 * MINUTE);
  expect(world.messages()).toHaveLength(2);
});

it('an acknowledgement stops it, and when its lease lapses it goes on at the same step with what was left', async () => {
  const firing = transition();
  await world.deliver(firing);
  await env.sleep(5 * MINUTE);
  const answer = await world
    .handle(firing)
    .executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada', lease_seconds: 3_600 }] });
  expect(answer.state).toBe('ACKNOWLEDGED');
  await env.sleep(59 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1']);
  await env.sleep(9 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1']);
  await env.sleep(3 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1', 'escalate-2>mail-2']);
  expect(world.records.flatMap((record) => record.timeline).map((event) => event.kind)).toEqual([
    'escalated',
    'acknowledged',
    'lapsed',
    'escalated',
  ]);
});

it('an acknowledgement that is given back lets it go on', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] });
  await env.sleep(100 * MINUTE);
  expect(world.messages()).toHaveLength(1);
  await handle.executeUpdate(unacknowledgeUpdate, { args: [{ owner: 'ada' }] });
  await env.sleep(16 * MINUTE);
  expect(world.messages()).toHaveLength(2);
});

it('a silence is stored before it is answered, and escalation waits until it ends', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await handle.executeUpdate(silenceUpdate, {
    args: [{ owner: 'ada', duration_seconds: 3_600, comment: 'deploy' }],
  });
  expect(world.silences).toMatchObject([{ createdBy: 'ada', comment: 'deploy' }]);
  expect(world.silences[0]!.matchers).toContainEqual({ name: 'instance_id', op: '=', value: 'prod-db-01' });
  expect((await handle.query(statusQuery)).state).toBe('SILENCED');
  await env.sleep(59 * MINUTE);
  expect(world.messages()).toHaveLength(1);
  await env.sleep(17 * MINUTE);
  expect(world.messages()).toHaveLength(2);
});

it('a person can escalate at once; an action that does not fit the state is refused with the reason', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  expect((await handle.executeUpdate(escalateUpdate, { args: [{ owner: 'ada' }] })).message).toContain(
    'senior_dba',
  );
  await handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada', comment: 'known' }] });
  await expect(handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'bob' }] })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('RESOLVED') },
  });
  await expect(handle.executeUpdate('acknowledge', { args: [{ name: 'bob' }] })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('Accepted: {"owner"') },
  });
});

it('a manual resolve is quiet for the cool-down and then opens a new episode when the condition still holds', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada' }] });
  await env.sleep(4 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1']);
  await env.sleep(2 * MINUTE);
  expect(world.messages()).toEqual(['escalate-1>mail-1', 'fire>service', 'escalate-1>mail-1']);
  expect((await handle.query(statusQuery)).state).toBe('FIRING');
});
