/** Offsets are committed after so many messages or so much time, one commit at a time, and one that fails stays due. */
import { createCommitLedger, type DoneOffset } from '../../../src/stream/commit-ledger';
import type { StreamEvent } from '../../../src/stream/events';

interface Commit {
  readonly offsets: string[];
  answer(error?: Error): Promise<void>;
}

function ledgerOf(everyMessages = 100) {
  const commits: Commit[] = [];
  const events: StreamEvent[] = [];
  const ledger = createCommitLedger({
    group: 'g',
    everyMessages,
    everyMs: 10_000,
    onEvent: (event) => void events.push(event),
    commit: (offsets) =>
      new Promise((resolve, reject) => {
        const answer = async (error?: Error): Promise<void> => {
          if (error === undefined) resolve();
          else reject(error);
          await jest.advanceTimersByTimeAsync(0);
        };
        commits.push({
          offsets: offsets.map((each) => `${each.topic}/${each.partition}@${each.offset}`),
          answer,
        });
      }),
  });
  const note = (offset: number, messages: number, partition = 0): void =>
    ledger.note(
      { topic: 't', partition, offset: String(offset), metadata: null } satisfies DoneOffset,
      messages,
    );
  return { ledger, commits, events, note, asked: () => commits.map(({ offsets }) => offsets) };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('a commit is due after 100 messages, of the newest offset of each partition', () => {
  const { note, asked } = ledgerOf();
  note(50, 50);
  note(99, 49);
  expect(asked()).toEqual([]);
  note(7, 1, 1);
  expect(asked()).toEqual([['t/0@99', 't/1@7']]);
});

test('a commit is due after ten seconds, where anything is', async () => {
  const { note, asked } = ledgerOf();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(asked()).toEqual([]);
  note(1, 1);
  await jest.advanceTimersByTimeAsync(9_999);
  expect(asked()).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  expect(asked()).toEqual([['t/0@1']]);
});

test('one commit is on its way at a time, and what is done meanwhile waits for the next', async () => {
  const { note, asked, commits, events } = ledgerOf(1);
  note(1, 1);
  note(2, 1);
  note(3, 1);
  expect(asked()).toEqual([['t/0@1']]);
  await commits[0]!.answer();
  expect(events).toEqual([{ kind: 'committed', group: 'g', partitions: 1 }]);
  expect(asked()).toEqual([['t/0@1'], ['t/0@3']]);
  await commits[1]!.answer();
  expect(asked()).toHaveLength(2);
});

test('a commit that fails is told and stays due, unless a newer offset is done', async () => {
  const { note, asked, commits, events } = ledgerOf(2);
  note(1, 1);
  note(1, 1, 1);
  note(5, 1, 1);
  await commits[0]!.answer(new Error('no coordinator'));
  expect(events).toEqual([{ kind: 'commit_failed', group: 'g', reason: 'no coordinator' }]);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(asked()[1]!.sort()).toEqual(['t/0@1', 't/1@5']);
});

test('a flush commits everything, also what is done while it does', async () => {
  const { ledger, note, asked, commits } = ledgerOf();
  note(1, 1);
  let flushed = false;
  const flush = ledger.flush().then(() => (flushed = true));
  note(2, 1);
  await commits[0]!.answer();
  expect([asked(), flushed]).toEqual([[['t/0@1'], ['t/0@2']], false]);
  await commits[1]!.answer();
  await flush;
});

test('a flush ends when a commit fails, and the next one tries again', async () => {
  const { ledger, note, asked, commits } = ledgerOf();
  note(1, 1);
  const flush = ledger.flush();
  await commits[0]!.answer(new Error('away'));
  await flush;
  void ledger.flush();
  expect(asked()).toEqual([['t/0@1'], ['t/0@1']]);
});

describe('a partition that has gone to another member', () => {
  const mine = (_: string, partition: number): boolean => partition === 0;

  test('is forgotten', () => {
    const { ledger, note, asked } = ledgerOf();
    note(1, 1);
    note(9, 1, 1);
    ledger.keepOnly(mine);
    void ledger.flush();
    expect(asked()).toEqual([['t/0@1']]);
  });

  test('is forgotten as well when its commit was on its way and failed', async () => {
    const { ledger, note, asked, commits } = ledgerOf(2);
    note(1, 1);
    note(9, 1, 1);
    ledger.keepOnly(mine);
    await commits[0]!.answer(new Error('rebalancing'));
    void ledger.flush();
    expect(asked()).toEqual([['t/0@1', 't/1@9'], ['t/0@1']]);
  });
});

test('a ledger that is closed has no timer left', () => {
  const { ledger } = ledgerOf();
  expect(jest.getTimerCount()).toBe(1);
  ledger.close();
  expect(jest.getTimerCount()).toBe(0);
});
