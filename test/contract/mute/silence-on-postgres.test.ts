/** A silence that has been created is heeded by every process within the time that a reading is kept. */
import { createMutes } from '../../../src/mute/mutes';
import { testHistory } from '../history/test-history';

test('create, mute, end, tell again', async () => {
  const first = await testHistory();
  const mutes = createMutes((await first.another()).silences);
  const labels = { alertname: 'High', instance: 'db-1' };
  const now = Date.now();
  const silence = {
    id: 's1',
    matchers: [{ name: 'alertname', op: '=' as const, value: 'High' }],
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 600).toISOString(),
    createdBy: 'ann',
    comment: '',
  };
  expect(await mutes.verdict(labels, new Date(now))).toEqual({ muted: false });
  await first.history.silences.create(silence);
  expect(await mutes.verdict(labels, new Date(now + 500))).toMatchObject({
    muted: true,
    by: 'ann',
    until: silence.endsAt,
  });
  expect(await mutes.verdict(labels, new Date(now + 1_000))).toEqual({ muted: false });
  await first.close();
});

test('one is ended by its very matchers, others go on', async () => {
  const { history, close } = await testHistory();
  const at = new Date();
  const on = (name: string, value: string) => [{ name, op: '=' as const, value }];
  const silence = (id: string, matchers: ReturnType<typeof on>) => ({
    ...{ id, matchers, createdBy: 'ann', comment: '' },
    startsAt: new Date(at.getTime() - 1_000).toISOString(),
    endsAt: new Date(at.getTime() + 60_000).toISOString(),
  });
  await history.silences.create(silence('s1', on('alertname', 'High')));
  await history.silences.create(silence('s2', on('alertname', 'Low')));
  expect(await history.silences.end(on('alertname', 'High'), at)).toBe(1);
  expect((await history.silences.active(at)).map(({ id }) => id)).toEqual(['s2']);
  // done again, as after a cut connection
  expect(await history.silences.end(on('alertname', 'High'), at)).toBe(1);
  expect(await history.silences.end(on('alertname', 'None'), at)).toBe(0);
  await close();
});

test('silences that cannot be read are an error, not an answer', async () => {
  const first = await testHistory();
  const another = await first.another();
  const mutes = createMutes(another.silences);
  await first.sql.query(`alter table ${first.schema}.silences rename to gone`);
  await expect(mutes.verdict({}, new Date())).rejects.toThrow('silences');
  await first.close();
});
