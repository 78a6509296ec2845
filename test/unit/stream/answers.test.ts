import { createAnswers } from '../../../src/stream/answers';

const FULL = 1_000;

function answers() {
  let time = 0;
  const told: string[] = [];
  const nodeAt = (address: string): number => Number(address.slice('host:'.length));
  const tell = (node: number, at: number): void => void told.push(`${node} at ${at}`);
  const all = createAnswers({ now: () => time, nodeAt, tell }, FULL);
  return {
    ...{ ...all, told },
    /** A node answers at this time. */
    answer(node: number, at: number, bytes = 100) {
      time = at;
      all.responded(`host:${node}`, bytes);
      all.came(node);
    },
  };
}

it('tells of an answer when it has been worked through: the node is asked again', () => {
  const { asked, answer, told } = answers();
  asked(1);
  answer(1, 10);
  expect(told).toEqual([]);
  asked(1);
  answer(1, 20);
  asked(1);
  expect(told).toEqual(['1 at 10', '1 at 20']);
});

it('tells of each node by itself', () => {
  const { asked, answer, told } = answers();
  asked(1);
  asked(2);
  answer(1, 10);
  asked(1);
  answer(2, 30);
  asked(2);
  expect(told).toEqual(['1 at 10', '2 at 30']);
});

it('tells nothing of a node that is asked in vain', () => {
  const { asked, answer, came, told } = answers();
  asked(1);
  answer(1, 10);
  asked(1);
  for (let again = 0; again < 3; again++) {
    came(1);
    asked(1);
  }
  expect(told).toEqual(['1 at 10']);
});

it('tells nothing of an answer that was full', () => {
  const { asked, answer, told } = answers();
  asked(1);
  answer(1, 10, FULL);
  asked(1);
  answer(1, 20, FULL - 1);
  asked(1);
  expect(told).toEqual(['1 at 20']);
});

it('takes the response of another node for none of its own', () => {
  const { asked, responded, came, told } = answers();
  asked(1);
  asked(2);
  responded('host:2', 100);
  came(1);
  asked(1);
  expect(told).toEqual([]);
  came(2);
  asked(2);
  expect(told).toEqual(['2 at 0']);
});

it('does not count what was asked for before other places came', () => {
  const { asked, answer, forget, told } = answers();
  asked(1);
  forget();
  answer(1, 10);
  asked(1);
  answer(1, 20);
  asked(1);
  expect(told).toEqual(['1 at 20']);
});
