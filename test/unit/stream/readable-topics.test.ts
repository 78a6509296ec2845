import { readableTopics } from '../../../src/stream/topics';

const led = (...leaders: number[]) => new Map(leaders.map((leader, partition) => [partition, leader]));
const leaders = new Map([
  ['b.led', led(1, 2)],
  ['a.led', led(1)],
  ['c.not', led(1, -1)],
]);

it.each<[string, string[], string[]]>([
  ['when reading begins, those that are led', [], ['a.led', 'b.led']],
  ['a new one only when all of it is led', ['a.led'], ['a.led', 'b.led']],
  ['one that has lost a leader stays', ['a.led', 'c.not'], ['a.led', 'b.led', 'c.not']],
])('%s', (_, read, expected) => {
  expect(readableTopics({ leaders }, new Set(read))).toEqual(expected);
});
