/** What a kind throws, and what it waits for, becomes a delivery in time. */
import { createTemplates } from '../../../../src/notify/integrations/group-template';
import { createIntegration, type Send } from '../../../../src/notify/integrations/integration';
import { Passing, Refused } from '../../../../src/notify/integrations/outcome';
import { EXTERNAL_URL, message } from './groups';
import { notify } from './sending';

const PLACE = { receiver: 'team', kind: 'webhook', index: 3, sendResolved: true };

const sending = (send: Send, timeoutMs = 0) =>
  createIntegration(PLACE, { address: { url: null }, send, timeoutMs }, null, {
    ...{ externalUrl: EXTERNAL_URL, templates: createTemplates([], () => 0), now: () => 0, environment: {} },
  });

const never = new Promise<never>(() => undefined);

it('ends with the signal, though what it waits for does not heed it', async () => {
  expect(
    await notify(
      sending(() => never),
      message(),
      AbortSignal.timeout(20),
    ),
  ).toEqual({
    ...{ kind: 'retry', error: 'no answer in time', retryAfterMs: null },
  });
  expect(
    await notify(
      sending(() => never),
      message(),
      AbortSignal.abort(),
    ),
  ).toMatchObject({ kind: 'retry' });
});

it('ends with the time of its own', async () => {
  expect(await notify(sending(() => never, 20))).toMatchObject({
    error: 'no answer in time (timeout: 0.02s)',
  });
});

it.each([
  [new Refused('why'), { kind: 'refused', error: 'why' }],
  [new Passing('why', 7), { kind: 'retry', error: 'why', retryAfterMs: 7 }],
  [new Error('why'), { kind: 'retry', error: 'why', retryAfterMs: null }],
  [
    new AggregateError([new Error('one'), new Error('two')]),
    { kind: 'retry', error: 'two', retryAfterMs: null },
  ],
])('%s', async (error, delivery) => {
  expect(await notify(sending(() => Promise.reject(error)))).toEqual(delivery);
});

it('hides what was revealed, also in what is delivered', async () => {
  const send: Send = async ({ secrets }) => {
    const secret = secrets.reveal({ reveal: () => 'S3cr3t/ü' }, '');
    return { kind: 'delivered', detail: `${secret} ${encodeURIComponent(secret)}` };
  };

  expect(await notify(sending(send))).toEqual({ kind: 'delivered', detail: '*** ***' });
});

it('has a name for what fails together where the address is not known', () => {
  expect(sending(() => never).destination).toBe('webhook:team/3');
});
