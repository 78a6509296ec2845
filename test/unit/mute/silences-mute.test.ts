/** Who may be told of an alert: the silences answer with a reason, from a reading that is at most half a second old. */
import { createMutes } from '../../../src/mute/mutes';
import type { Silence } from '../../../src/mute/port';

const at = (ms: number) => new Date(ms);
const silence = (id: string, change: Partial<Silence> = {}): Silence => ({
  id,
  matchers: [{ name: 'instance', op: '=~', value: 'db-.*' }],
  startsAt: at(0).toISOString(),
  endsAt: at(60_000).toISOString(),
  createdBy: 'ann',
  comment: 'moving disks',
  ...change,
});

function storeOf(silences: Silence[]) {
  const reads: number[] = [];
  const active = async (when: Date) => {
    reads.push(when.getTime());
    return [...silences];
  };
  return { active, reads, silences };
}

test('a silence that covers the alert mutes it, and says whose and until when', async () => {
  const mutes = createMutes(storeOf([silence('s1')]));
  expect(await mutes.verdict({ instance: 'db-1' }, at(1_000))).toEqual({
    muted: true,
    reason: 'silence',
    by: 'ann',
    until: '1970-01-01T00:01:00.000Z',
    detail: 'silence s1 of ann until 1970-01-01T00:01:00.000Z: moving disks',
    holder: {
      ...{ kind: 'silence', id: 's1', createdBy: 'ann', comment: 'moving disks' },
      endsAt: '1970-01-01T00:01:00.000Z',
    },
  });
  expect(await mutes.verdict({ instance: 'web-1' }, at(1_000))).toEqual({ muted: false });
});

test('all matchers have to hold; a comment may be missing', async () => {
  const both = silence('s1', {
    comment: '',
    matchers: [
      { name: 'a', op: '=', value: '1' },
      { name: 'b', op: '!=', value: '2' },
    ],
  });
  const mutes = createMutes(storeOf([both]));
  expect(await mutes.verdict({ a: '1', b: '2' }, at(0))).toEqual({ muted: false });
  expect(await mutes.verdict({ a: '1' }, at(0))).toMatchObject({
    detail: 'silence s1 of ann until 1970-01-01T00:01:00.000Z',
  });
});

test('a storm reads the silences once in half a second', async () => {
  const store = storeOf([silence('s1')]);
  const mutes = createMutes(store);
  await Promise.all(Array.from({ length: 100 }, (_, i) => mutes.verdict({ instance: 'web-1' }, at(i))));
  await mutes.verdict({}, at(499));
  expect(store.reads).toEqual([0]);
  await mutes.verdict({}, at(500));
  expect(store.reads).toEqual([0, 500]);
});

test('what is only remembered mutes nobody: a storm that is silenced asks once more, together', async () => {
  const store = storeOf([silence('s1')]);
  const mutes = createMutes(store);
  const storm = () =>
    Promise.all(Array.from({ length: 100 }, (_, i) => mutes.verdict({ instance: 'db-1' }, at(i))));
  expect((await storm()).every(({ muted }) => muted)).toBe(true);
  expect(store.reads).toHaveLength(2);
  store.silences.pop();
  expect((await storm()).some(({ muted }) => muted)).toBe(false);
  expect(store.reads).toHaveLength(3);
});

test('a silence ends at its time, also within one reading', async () => {
  const mutes = createMutes(storeOf([silence('s1', { endsAt: at(300).toISOString() })]));
  expect((await mutes.verdict({ instance: 'db-1' }, at(299))).muted).toBe(true);
  expect((await mutes.verdict({ instance: 'db-1' }, at(300))).muted).toBe(false);
});

test('a new silence is heeded with the next reading', async () => {
  const store = storeOf([]);
  const mutes = createMutes(store);
  expect((await mutes.verdict({ instance: 'db-1' }, at(0))).muted).toBe(false);
  store.silences.push(silence('s1'));
  expect((await mutes.verdict({ instance: 'db-1' }, at(1_000))).muted).toBe(true);
});

test('unreadable silences throw, and are asked for again', async () => {
  let fail = true;
  const mutes = createMutes({
    active: async () => {
      if (fail) throw new Error('postgres is away');
      return [silence('s1')];
    },
  });
  await expect(mutes.verdict({}, at(0))).rejects.toThrow('postgres is away');
  fail = false;
  expect((await mutes.verdict({ instance: 'db-1' }, at(1))).muted).toBe(true);
});

test('a silence that cannot be understood mutes nothing and harms no other', async () => {
  const broken = silence('broken', { matchers: [{ name: 'a', op: '=~', value: '(' }] });
  const mutes = createMutes(storeOf([broken, silence('s1')]));
  expect(await mutes.verdict({ instance: 'db-1' }, at(0))).toMatchObject({ muted: true, by: 'ann' });
  expect(await mutes.verdict({ a: 'x' }, at(0))).toEqual({ muted: false });
});

test('all silences that hold are named, the one that ends first stands first', async () => {
  const later = silence('later', { endsAt: at(90_000).toISOString() });
  const exact = silence('exact', { matchers: [{ name: 'instance', op: '=', value: 'db-1' }] });
  const other = silence('other', { matchers: [{ name: 'instance', op: '=', value: 'db-2' }] });
  const over = silence('over', { endsAt: at(500).toISOString() });
  const store = storeOf([later, exact, other, silence('s1'), over]);
  const mutes = createMutes(store);
  expect(await mutes.silencedBy({ instance: 'db-1' }, at(1_000))).toEqual(['s1', 'exact', 'later']);
  expect(await mutes.silencedBy({ instance: 'web' }, at(1_000))).toEqual([]);
  // Read anew, though something is remembered: what has just been silenced is shown as silenced.
  store.silences.push(silence('new', { matchers: [{ name: 'instance', op: '=', value: 'web' }] }));
  expect(await mutes.silencedBy({ instance: 'web' }, at(1_001))).toEqual(['new']);
  const reads = store.reads.length;
  const silencer = await mutes.silencer(at(1_002));
  expect([silencer({ instance: 'web' }), silencer({ instance: 'x' })]).toEqual([['new'], []]);
  expect(store.reads).toHaveLength(reads + 1);
});

test('matchers mean what they mean to Alertmanager: a dot is no line end, an absent label is empty', async () => {
  const dot = silence('dot', { matchers: [{ name: 'a', op: '=~', value: 'x.y' }] });
  const absent = silence('absent', { matchers: [{ name: 'b', op: '=', value: '' }] });
  const mutes = createMutes(storeOf([dot, absent]));
  expect(await mutes.silencedBy({ a: 'x\ny', b: '1' }, at(0))).toEqual([]);
  expect(await mutes.silencedBy({ a: 'x-y', b: '1' }, at(0))).toEqual(['dot']);
  expect(await mutes.silencedBy({ a: 'z' }, at(0))).toEqual(['absent']);
});
