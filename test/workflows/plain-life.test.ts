import { alertWorkflowId } from '../../src/domain/identity';
import { waitFor } from '../harness/wait-for';
import { realWorld, type World } from './world';

let world: World;
beforeAll(async () => void (world = await realWorld()));
afterAll(() => world.close());

const NO_SUCH_ALERT = { kind: 'resolved', at: 1, startsAt: 0 } as const;

it('a plain life of fire and resolve takes at most 16 history events', async () => {
  const { deliver, handle } = world.alert();
  expect(await deliver()).toBe('started');
  expect(await deliver({ kind: 'resolved', at: 1, startsAt: 0 })).toBe('signalled');
  await handle.result();
  const { events } = await handle.fetchHistory();
  expect(events!.length).toBeLessThanOrEqual(16);
});

it('shows its state in the search attributes and its story in the details', async () => {
  const { deliver, handle } = world.alert();
  await deliver();
  const { searchAttributes, staticSummary } = await handle.describe();
  expect(searchAttributes).toMatchObject({
    AlertName: ['ConnectionsHigh'],
    AlertState: ['FIRING'],
    Severity: ['critical'],
    Environment: ['production'],
    Resource: ['prod-db-01'],
  });
  expect(await staticSummary()).toContain('ConnectionsHigh');
  await waitFor(
    async () =>
      (await detailsOf(handle)).includes('**FIRING** ConnectionsHigh: connections are nearly used up'),
    { what: 'the details' },
  );
});

it('a known alert is told by a signal; a resolve for which no life runs is no error', async () => {
  const { deliver } = world.alert();
  expect(await deliver(NO_SUCH_ALERT)).toBe('no_life');
  expect(await deliver()).toBe('started');
  expect(await deliver()).toBe('signalled');
});

it.each([
  ['has control characters and half characters', `a\u0000b\ud800`],
  ['is too long', 'x'.repeat(500)],
  ['is too long in a script of three bytes a letter', '数'.repeat(500)],
])('a label value that %s is shortened and cleaned, not refused', async (_, value) => {
  const { deliver, transition, policy } = world.alert();
  const labels = { instance_id: value, alertname: value };
  expect(await deliver({ labels })).toBe('started');
  const id = alertWorkflowId(policy.instance, transition({ labels }).fingerprint);
  const { searchAttributes, staticSummary } = await world.client.workflow.getHandle(id).describe();
  expect((searchAttributes.Resource as string[])[0]!.length).toBeLessThanOrEqual(200);
  expect(Buffer.byteLength((await staticSummary())!)).toBeLessThanOrEqual(400);
});

it('a description that is longer than the server takes is shortened, not refused', async () => {
  const { deliver, handle } = world.alert();
  expect(await deliver({ more: { annotations: { description: '数'.repeat(20_000) } } })).toBe('started');
  const shown = (await (await handle.describe()).staticDetails())!;
  expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(20_000);
  expect(shown).toMatch(/^数+…$/);
});

it('goes on when the history is away, and writes what it owes when it is back', async () => {
  world.failing = true;
  const alert = world.alert();
  await alert.deliver();
  await alert.deliver({ kind: 'resolved', at: 1, startsAt: 0 });
  await waitFor(async () => (await alert.status()).state === 'RESOLVED', { what: 'the resolve' });
  expect(alert.records()).toEqual([]);
  world.failing = false;
  await alert.handle.result();
  expect(alert.messages()).toEqual(['escalate-1>mail-1']);
});

async function detailsOf(handle: ReturnType<World['alert']>['handle']): Promise<string> {
  const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}
