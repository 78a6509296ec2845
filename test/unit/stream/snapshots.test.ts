/** What is restored of snapshots, whoever has written them, and when. */
import { serialize } from 'node:v8';
import { createSnapshots, type SnapshotsOptions } from '../../../src/stream/snapshots';
import { waitFor } from '../../harness/wait-for';

function keeping(more: Partial<SnapshotsOptions> = {}) {
  const written = new Map<number, Buffer>();
  const events: string[] = [];
  const sink = { save: () => ({ of: 'here' }), flush: () => Promise.resolve(), worthOf: () => 'whole' };
  const here = [0];
  const snapshots = createSnapshots({
    ...{ sink, positions: { isBehind: () => false, offsetsOf: () => ({ m: 5 }) } },
    topic: {
      read: (numbers: readonly number[]) =>
        Promise.resolve(new Map([...written].filter(([number]) => numbers.includes(number)))),
      write: (number: number, bytes: Buffer) => Promise.resolve(void written.set(number, bytes)),
      close: () => Promise.resolve(),
    },
    ...{ now: () => 1_000, has: () => here, onEvent: ({ kind }: { kind: string }) => events.push(kind) },
    ...more,
  } as unknown as SnapshotsOptions);
  return { snapshots, written, events };
}

test('what was decided under a clock that was ahead is of a time to come, though it is written later', async () => {
  let asked = 0;
  const times = [1_000, 86_400_000];
  const { snapshots } = keeping({ now: () => times[asked++] ?? 2_000 });
  await waitFor(() => asked > times.length, { what: 'the clock to be set back' });
  await snapshots.close();
  expect((await snapshots.restore([0])).get(0)).toMatchObject({ takenAt: 86_400_000, state: { of: 'here' } });
});

const whole = { state: {}, offsets: { m: 1 }, takenAt: 1 };

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['another text', Buffer.from('{"state":{}}')],
  ['a part', serialize(whole).subarray(0, 20)],
  ['a later form', Buffer.from([0xff, 0x7f, 1, 2, 3])],
  ['null', serialize(null)],
  ['a number', serialize(7)],
  ['no offsets', serialize({ ...whole, offsets: null })],
  ['offsets that are no numbers', serialize({ ...whole, offsets: { m: '1' } })],
  ['offsets that are none', serialize({ ...whole, offsets: { m: NaN } })],
  ['no time', serialize({ ...whole, takenAt: Infinity })],
])('%s is no snapshot, and keeps none of the others away', async (_, bytes) => {
  const { snapshots, written } = keeping();
  written.set(0, bytes).set(1, serialize(whole));
  expect([...(await snapshots.restore([0, 1])).keys()]).toEqual([1]);
  await snapshots.close();
});
