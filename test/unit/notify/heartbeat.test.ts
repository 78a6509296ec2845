/** A sign of life to an address outside: there while audits succeed, away when they do not. */
import { createHeartbeat, type Heartbeat } from '../../../src/notify/channels/heartbeat';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';

let outside: HttpCatcher;
let heartbeat: Heartbeat | null = null;
let errors: (string | null)[];
beforeEach(async () => {
  outside = await startHttpCatcher();
  errors = [];
});
afterEach(async () => {
  await heartbeat?.stop();
  heartbeat = null;
  await outside.close();
});

function start(more: Partial<Parameters<typeof createHeartbeat>[0]> = {}): Heartbeat {
  return (heartbeat = createHeartbeat({
    ...{ url: { reveal: () => `${outside.url}/ping/secret` }, instance: 'blue' },
    ...{ everyMs: 20, validMs: 60_000, onBeat: (error) => errors.push(error) },
    ...more,
  }));
}

it('beats with the first audit that succeeds, and goes on by itself', async () => {
  const { audited } = start();
  expect(outside.requests).toHaveLength(0);
  audited();
  await waitFor(() => outside.requests.length >= 3, { what: 'three beats' });
  expect(outside.requests[0]).toMatchObject({
    method: 'POST',
    path: '/ping/secret',
    json: { instance: 'blue' },
  });
});

it('stops when no audit has succeeded for a while, and begins again with the next', async () => {
  const { audited } = start({ validMs: 100 });
  const began = Date.now();
  audited();
  await waitFor(() => Date.now() - began > 1_000, { what: 'a second' });
  const last = outside.requests.at(-1)!.at;
  expect(last - began).toBeLessThan(900);
  audited();
  await waitFor(() => outside.requests.at(-1)!.at > last, { what: 'another beat' });
});

it('an address that refuses or hangs holds nothing up, and is tried again; the secret is not told', async () => {
  outside.answer({ status: 500 }, 'hang');
  start({ timeoutMs: 100 }).audited();
  await waitFor(() => errors.includes(null), { what: 'a beat that arrived' });
  expect(errors.filter((error) => error !== null)).toHaveLength(2);
  expect(errors.join()).not.toContain('secret');
});
