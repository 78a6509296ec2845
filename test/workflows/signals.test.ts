import { timelineQuery, statusQuery, acknowledgeUpdate } from '../../workflows/messages';
import { transition } from '../builders/alerts';
import { waitFor } from '../harness/wait-for';
import { realWorld, type World } from './world';

let world: World;
beforeEach(async () => void (world = await realWorld()));
afterEach(() => world.close());

const kinds = async (handle: ReturnType<World['handle']>) =>
  (await handle.query(timelineQuery)).map((event) => event.kind);

it('acknowledge, silence and resolve work as Signals, as the Temporal Web UI sends them', async () => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await handle.signal('acknowledge', { owner: 'ada', lease_seconds: 600 });
  await waitFor(async () => (await handle.query(statusQuery)).state === 'ACKNOWLEDGED', {
    what: 'the acknowledgement',
  });
  await handle.signal('silence', { owner: 'ada', duration_seconds: 600 });
  await waitFor(async () => (await handle.query(statusQuery)).silencedUntil !== null, {
    what: 'the silence',
  });
  expect(world.silences).toHaveLength(1);
  await handle.signal('resolve', { owner: 'ada' });
  await waitFor(async () => (await handle.query(statusQuery)).state === 'RESOLVED', { what: 'the resolve' });
});

it.each([
  ['acknowledge', { who: 'ada' }],
  ['acknowledge', 'ada'],
  ['resolve', null],
  ['silence', { owner: 'ada', duration_seconds: 'a while' }],
  ['transition', { nonsense: true }],
  ['transition', null],
  ['remediation-result', 5],
  ['no-such-signal', { owner: 'ada' }],
])('a malformed Signal %s %j is refused in the timeline, and the alert lives on', async (name, payload) => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await handle.signal(name, payload);
  await waitFor(async () => (await kinds(handle)).includes('refused_signal'), { what: 'the refusal' });
  const refused = (await handle.query(timelineQuery)).find((event) => event.kind === 'refused_signal')!;
  expect(refused.text).toContain('Accepted:');
  expect((await handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] })).state).toBe(
    'ACKNOWLEDGED',
  );
});

it.each([
  ['broken JSON', { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"owner": ') }],
  [
    'an unknown encoding',
    { metadata: { encoding: Buffer.from('application/x-thing') }, data: Buffer.from('x') },
  ],
  ['no metadata', { data: Buffer.from('x') }],
])('a Signal whose payload is %s is refused too', async (_, payload) => {
  const firing = transition();
  await world.deliver(firing);
  const handle = world.handle(firing);
  await world.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId },
    signalName: 'acknowledge',
    input: { payloads: [payload] },
  });
  await waitFor(async () => (await kinds(handle)).includes('refused_signal'), { what: 'the refusal' });
  expect((await handle.query(statusQuery)).state).toBe('FIRING');
});
