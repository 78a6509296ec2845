/** What members say of themselves is read where it is understood; who has which partition is known once all is shared out. */
import { AssignerProtocol, type MemberDescription } from 'kafkajs';
import { copartition } from '../../../src/stream/assigner';
import { decodeNote, encodeNote } from '../../../src/stream/evaluator-note';
import { poolOf } from '../../../src/stream/evaluators';

const NOTE = { id: '0b7c', http: 'evaluator-1:9464' };
const note = (change: object): Buffer => Buffer.from(JSON.stringify({ v: 1, ...NOTE, ...change }));

describe('a note', () => {
  test.each(['evaluator-1:9464', '10.0.0.5:80', '[::1]:9464', 'a.b-c_d:1'])('arrives: %s', (http) => {
    expect(decodeNote(encodeNote({ ...NOTE, http }))).toEqual({ ...NOTE, http });
  });

  test('may say more than this version knows', () => {
    expect(decodeNote(note({ later: [1] }))).toEqual(NOTE);
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['bytes', Buffer.from([0, 255, 1])],
    ['null', Buffer.from('null')],
    ['another version', note({ v: 2 })],
    ['no id', note({ id: '' })],
    ['a path', note({ http: 'a:80/admin' })],
    ['a login', note({ http: 'me:pw@a:80' })],
    ['a scheme', note({ http: 'https://a:80' })],
    ['a query', note({ http: 'a:80?x' })],
    ['no port', note({ http: 'a' })],
    ['a line', note({ http: 'a:80\r\nHost: b' })],
    ['too much', note({ later: 'x'.repeat(2_000) })],
  ])('that is none is nothing: %s', (_, data) => {
    expect(decodeNote(data)).toBeNull();
  });
});

describe('the pool', () => {
  const assigner = (said?: Buffer) => copartition(said)({ cluster: {} } as never);
  const member = (assignment: Record<string, number[]> | null, said?: Buffer): MemberDescription => ({
    ...{ memberId: 'm', clientId: 'tocsin', clientHost: '/10.0.0.5' },
    memberMetadata: assigner(said).protocol({ topics: ['a', 'b'] }).metadata,
    memberAssignment:
      assignment === null
        ? Buffer.alloc(0)
        : AssignerProtocol.MemberAssignment.encode({ version: 1, assignment, userData: Buffer.alloc(0) }),
  });
  const widths = new Map([
    ['a', 3],
    ['b', 2],
  ]);
  const stable = (...members: MemberDescription[]) =>
    poolOf('g', { state: 'Stable', protocol: 'tocsin-copartition', members }, widths);

  test('has its members with their partition numbers, whether they say something of themselves or not', () => {
    expect(stable(member({ a: [2, 0], b: [0] }, encodeNote(NOTE)), member({ a: [1], b: [1] }))).toEqual({
      ...{ group: 'g', state: 'stable', partitions: 3, unread: [] },
      members: [
        { host: '10.0.0.5', note: NOTE, partitions: [0, 2] },
        { host: '10.0.0.5', note: null, partitions: [1] },
      ],
    });
  });

  test('says what nobody reads', () => {
    expect(stable(member({ a: [0, 2] }), member(null)).unread).toEqual([
      { topic: 'a', partitions: [1] },
      { topic: 'b', partitions: [0, 1] },
    ]);
  });

  test('takes bytes that are no metadata for a member that says nothing', () => {
    const odd = { ...member({ a: [0] }), memberMetadata: Buffer.from([1]) };
    expect(stable(odd).members).toMatchObject([{ note: null, partitions: [0] }]);
    expect(stable({ ...odd, memberAssignment: Buffer.from([0, 1, 9]) }).members).toMatchObject([
      { note: null, partitions: [] },
    ]);
  });

  test.each(['PreparingRebalance', 'CompletingRebalance'] as const)('is not known in %s', (state) => {
    const members = [{ ...member(null), memberMetadata: Buffer.alloc(0) }];
    expect(poolOf('g', { state, protocol: '', members }, widths).state).toBe('rebalancing');
  });

  test.each(['Empty', 'Dead'] as const)('is empty in %s', (state) => {
    expect(poolOf('g', { state, protocol: '', members: [] }, widths).state).toBe('empty');
  });
});
