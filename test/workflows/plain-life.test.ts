import { transition } from '../builders/alerts';
import { realWorld, type World } from './world';

let world: World;
beforeEach(async () => void (world = await realWorld()));
afterEach(() => world.close());

it('a plain life of fire and resolve takes at most 16 history events', async () => {
  const firing = transition();
  expect(await world.deliver(firing)).toBe('started');
  expect(await world.deliver(transition({ kind: 'resolved', at: 1, startsAt: 0 }))).toBe('signalled');
  const handle = world.handle(firing);
  await handle.result();
  const { events } = await handle.fetchHistory();
  expect(events!.length).toBeLessThanOrEqual(16);
});

it('shows its state in the search attributes and its story in the details', async () => {
  const firing = transition();
  await world.deliver(firing);
  const { searchAttributes, staticSummary } = await world.handle(firing).describe();
  expect(searchAttributes).toMatchObject({
    AlertName: ['ConnectionsHigh'],
    AlertState: ['FIRING'],
    Severity: ['critical'],
    Environment: ['production'],
    Resource: ['prod-db-01'],
  });
  expect(await staticSummary()).toContain('ConnectionsHigh');
  const metadata = await world
    .handle(firing)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toContain('**FIRING** ConnectionsHigh');
});

it('a known alert is told by a signal; a resolve for which no life runs is no error', async () => {
  const firing = transition();
  expect(await world.deliver(transition({ kind: 'resolved', at: 1, startsAt: 0 }))).toBe('no_life');
  expect(await world.deliver(firing)).toBe('started');
  expect(await world.deliver(firing)).toBe('signalled');
});

it('a label value that is too long or has control characters is shortened and cleaned, not refused', async () => {
  const firing = transition({ labels: { instance_id: `a\u0000b\ud800${'x'.repeat(500)}` } });
  expect(await world.deliver(firing)).toBe('started');
  const { searchAttributes } = await world.handle(firing).describe();
  expect((searchAttributes.Resource as string[])[0]!.length).toBeLessThanOrEqual(200);
});

it('goes on when the history is away, and writes what it owes when it is back', async () => {
  world.failing = true;
  const firing = transition();
  await world.deliver(firing);
  await world.deliver(transition({ kind: 'resolved', at: 1, startsAt: 0 }));
  world.failing = false;
  await world.handle(firing).result();
  expect(world.messages()).toEqual(['escalate-1>mail-1']);
});
