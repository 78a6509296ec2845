import { fingerprint } from '../../src/domain/labels';
import {
  acknowledgeUpdate,
  escalateUpdate,
  resolveUpdate,
  silenceUpdate,
  timelineQuery,
  transitionSignal,
  unacknowledgeUpdate,
  unsilenceUpdate,
} from '../../workflows/messages';
import { waitFor } from '../harness/wait-for';
import { realWorld, type TestAlert, type World } from './world';

let world: World;
beforeAll(async () => void (world = await realWorld()));
afterAll(() => world.close());

const refusals = async ({ handle }: TestAlert) =>
  (await handle.query(timelineQuery)).filter(({ kind }) => kind === 'refused_signal');

/** The alert still hears, decides and answers. */
async function livesOn(alert: TestAlert): Promise<void> {
  const answer = await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada' }] });
  expect(answer.state).toBe('ACKNOWLEDGED');
}

it('acknowledge, silence and resolve work as Signals, as the Temporal Web UI sends them', async () => {
  const { deliver, handle, status } = world.alert();
  await deliver();
  await handle.signal('acknowledge', { owner: 'ada', lease_seconds: 600 });
  await waitFor(async () => (await status()).state === 'ACKNOWLEDGED', { what: 'the acknowledgement' });
  await handle.signal('silence', { owner: 'ada', duration_seconds: 600 });
  await waitFor(async () => (await status()).silencedUntil !== null, { what: 'the silence' });
  expect(world.silences).toHaveLength(1);
  await handle.signal('resolve', { owner: 'ada' });
  await waitFor(async () => (await status()).state === 'RESOLVED', { what: 'the resolve' });
});

it('a silence is ended by hand, and there is none to end a second time', async () => {
  const { deliver, handle, status } = world.alert();
  await deliver();
  await handle.executeUpdate(silenceUpdate, { args: [{ owner: 'ada', duration_seconds: 600 }] });
  const answer = await handle.executeUpdate(unsilenceUpdate, { args: [{ owner: 'bob' }] });
  expect(answer.message).toBe('bob ended its silence; escalation goes on');
  expect((await status()).silencedUntil).toBeNull();
  const again = handle.executeUpdate(unsilenceUpdate, { args: [{ owner: 'bob' }] });
  await expect(again).rejects.toMatchObject({ cause: { message: 'no silence holds exactly this alert' } });
});

it('two silences of one moment are two silences', async () => {
  const { deliver, handle, status } = world.alert();
  await deliver();
  const before = world.silences.length;
  await Promise.all(
    [600, 900].map((duration_seconds) => handle.signal('silence', { owner: 'ada', duration_seconds })),
  );
  await waitFor(() => world.silences.length === before + 2, { what: 'both silences' });
  expect(new Set(world.silences.map(({ id }) => id)).size).toBe(world.silences.length);
  const longest = world.silences
    .slice(before)
    .map(({ endsAt }) => endsAt)
    .sort()
    .at(-1);
  await waitFor(async () => (await status()).silencedUntil === longest, { what: 'the longer one' });
});

describe('a malformed Signal is refused in the timeline with the accepted form, and the alert lives on', () => {
  const firing = (more: object) => {
    const alert = world.alert();
    return { policy: alert.policy, transition: { ...alert.transition({ at: 5 }), ...more } };
  };

  it.each<[string, string, () => unknown]>([
    ['an unknown field', 'acknowledge', () => ({ who: 'ada' })],
    ['a text', 'acknowledge', () => 'ada'],
    ['nothing', 'resolve', () => null],
    ['no duration', 'silence', () => ({ owner: 'ada', duration_seconds: 'a while' })],
    ['a very long name', 'acknowledge', () => ({ owner: 'x'.repeat(1_900_000) })],
    ['an unknown name', 'no-such-signal', () => ({ owner: 'ada' })],
    ['no transition', 'transition', () => ({ nonsense: true })],
    ['nothing as a transition', 'transition', () => null],
    ['another alert’s transition', 'transition', () => firing({})],
    ['a transition of no time', 'transition', () => firing({ event_time: 'yesterday', starts_at: 'now' })],
    ['a transition of an unknown kind', 'transition', () => firing({ kind: 'burning' })],
    ['a transition without a policy', 'transition', () => ({ ...firing({}), policy: {} })],
    [
      'a chain without end',
      'transition',
      () => {
        const { policy, transition } = firing({});
        return { transition, policy: { ...policy, escalation: { ...policy.escalation!, repeat: 1e12 } } };
      },
    ],
    [
      'a wait of no length',
      'transition',
      () => ({ ...firing({}), policy: { ...firing({}).policy, cooldownMs: 'long' } }),
    ],
    ['no result', 'remediation-result', () => 5],
    ['no step', 'undelivered', () => ({ episode: 1, step: 'resolved', reason: '' })],
    ['a result without an outcome', 'remediation-result', () => ({ remediation_id: 'r-1' })],
  ])('%s (%s)', async (_, name, payload) => {
    const alert = world.alert();
    await alert.deliver();
    await alert.handle.signal(name, payload());
    await waitFor(async () => (await refusals(alert)).length === 1, { what: 'the refusal' });
    const [refused] = await refusals(alert);
    expect(refused!.text).toContain('Accepted:');
    expect(refused!.text.length).toBeLessThan(1_100);
    await livesOn(alert);
  });

  it.each([
    ['broken JSON', { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"owner": ') }],
    [
      'an unknown encoding',
      { metadata: { encoding: Buffer.from('application/x-thing') }, data: Buffer.from('x') },
    ],
    ['no metadata', { data: Buffer.from('x') }],
  ])('a payload that is %s', async (_, payload) => {
    const alert = world.alert();
    await alert.deliver();
    for (const signalName of ['acknowledge', 'transition', 'no-such-signal']) {
      await world.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: alert.handle.workflowId },
        signalName,
        input: { payloads: [payload] },
      });
    }
    await waitFor(async () => (await refusals(alert)).length === 3, { what: 'the refusals' });
    await livesOn(alert);
  });

  it('a thousand of them: what is carried and answered stays bounded', async () => {
    const alert = world.alert();
    await alert.deliver();
    for (let batch = 0; batch < 20; batch++) {
      const sent = Array.from({ length: 50 }, (_, n) =>
        alert.handle.signal('acknowledge', { owner: '', comment: `${batch}-${n} ${'数'.repeat(2_000)}` }),
      );
      await Promise.all(sent);
      await waitFor(() => alert.timeline().length >= (batch + 1) * 50, {
        what: `batch ${batch}`,
        timeoutMs: 20_000,
      });
    }
    expect(alert.timeline().filter(({ kind }) => kind === 'refused_signal')).toHaveLength(1_000);
    expect((await alert.handle.query(timelineQuery)).length).toBeLessThanOrEqual(100);
    const metadata = await alert.handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails!.length).toBeLessThan(20_000);
    await livesOn(alert);
  });
});

it('a start by hand with anything in it fails with the reason and blocks nobody', async () => {
  const handle = await world.client.workflow.start('alertWorkflow', {
    workflowId: `${world.instance}/by-hand`,
    taskQueue: `${world.instance}/tocsin-lifecycle`,
    args: [{ transition: { fingerprint: fingerprint({}) }, policy: null }],
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining('not an alert: transition: kind') },
  });
});

describe('an Update with wrong input is refused with the accepted form', () => {
  it.each([
    [acknowledgeUpdate, { name: 'bob' }],
    [acknowledgeUpdate, { owner: 'ada', lease_seconds: -5 }],
    [unacknowledgeUpdate, 'ada'],
    [resolveUpdate, null],
    [silenceUpdate, { owner: 'ada', duration_seconds: Number.MAX_VALUE }],
    [escalateUpdate, { owner: ['ada'] }],
  ])('%j %j', async ({ name }, input) => {
    const { deliver, handle } = world.alert();
    await deliver();
    await expect(handle.executeUpdate(name, { args: [input] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('Accepted: {"owner"') },
    });
  });

  it('an unknown Update is refused', async () => {
    const { deliver, handle } = world.alert();
    await deliver();
    await expect(handle.executeUpdate('approve', { args: [{}] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('approve') },
    });
  });
});

it('of people who act at the same moment one is first, and the others are answered by what he did', async () => {
  const alert = world.alert();
  await alert.deliver();
  const answers = await Promise.allSettled([
    ...Array.from({ length: 4 }, (_, n) =>
      alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: `ada-${n}` }] }),
    ),
    ...Array.from({ length: 4 }, (_, n) =>
      alert.handle.executeUpdate(resolveUpdate, { args: [{ owner: `bob-${n}` }] }),
    ),
  ]);
  const resolves = answers.slice(4).filter(({ status }) => status === 'fulfilled');
  expect(resolves).toHaveLength(1);
  for (const answer of answers)
    if (answer.status === 'rejected') expect(String(answer.reason.cause)).toContain('RESOLVED');
  expect((await alert.status()).state).toBe('RESOLVED');
  expect(alert.timeline().filter(({ kind }) => kind === 'resolved')).toHaveLength(1);
});

it('messages that come before the first task are heard after what the life starts with', async () => {
  const alert = world.alert();
  const { workflowId } = alert.handle;
  await world.client.workflow.signalWithStart('alertWorkflow', {
    workflowId,
    taskQueue: `${world.instance}/tocsin-lifecycle`,
    args: [{ transition: alert.transition(), policy: alert.policy }],
    signal: transitionSignal,
    signalArgs: [
      { transition: alert.transition({ kind: 'resolved', at: 1, startsAt: 0 }), policy: alert.policy },
    ],
  });
  await alert.handle.result();
  expect(alert.messages()).toEqual(['escalate-1>mail-1']);
});

it.each([
  ['in the future', 3_600_000_000_000],
  ['before the episode', -3_600_000],
])('an event time %s is taken as it is', async (_, at) => {
  const alert = world.alert();
  await alert.deliver();
  await alert.deliver({ kind: 'changed', at, startsAt: 0, value: 7 });
  await livesOn(alert);
  expect((await alert.status()).value).toBe(at > 0 ? 7 : 95);
});
