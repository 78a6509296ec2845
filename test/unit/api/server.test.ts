/** The listener: its address, its bounds, and its end. */
import { connect } from 'node:net';
import { createApi } from '../../../src/api/server';
import { testApi } from './test-api';

const LOCAL = { host: '127.0.0.1', port: 0 };

test('requests under way are answered before it ends, no others are taken', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let arrived = (): void => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  const { options } = testApi({
    alerts: {
      ...{ list: async () => [], groups: async () => [] },
      post: async () => {
        arrived();
        await held;
      },
    },
  });
  const api = await createApi(options, LOCAL);
  const posted = fetch(`${api.address}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '[{"labels":{"a":"b"}}]',
  });
  await arrival;
  const closed = api.close();
  release();
  expect((await posted).status).toBe(200);
  await closed;
  await expect(fetch(`${api.address}/-/healthy`)).rejects.toThrow();
});

test('an idle connection does not hold up its end', async () => {
  const api = await createApi(testApi().options, LOCAL);
  await fetch(`${api.address}/-/healthy`);
  const silent = connect(api.port, LOCAL.host);
  await new Promise((resolve) => silent.once('connect', resolve));
  const gone = new Promise((resolve) => silent.once('close', resolve));
  silent.resume();
  await api.close();
  await gone;
});

test('an address that is taken is named', async () => {
  const api = await createApi(testApi().options, LOCAL);
  const again = createApi(testApi().options, { ...LOCAL, port: api.port });
  await expect(again).rejects.toMatchObject({
    code: 'TOC_CANNOT_LISTEN',
    message: expect.stringMatching(
      `^the API cannot listen on 127.0.0.1:${api.port}: another process listens there .*--listen$`,
    ),
  });
  await api.close();
});

test('counts its alerts and silences, and says its version, without being asked to', async () => {
  const api = await createApi(testApi().options, LOCAL);
  const text = await (await fetch(`${api.address}/metrics`)).text();
  for (const line of [
    'alertmanager_alerts{state="active"} 0',
    'alertmanager_build_info{version="0.34.2",revision="tocsin 0.0.1"} 1',
  ])
    expect(text).toContain(line);
  await api.close();
});
