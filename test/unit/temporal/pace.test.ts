import { createPace } from '../../../src/temporal/pace';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A pace whose rests end when the story says so. */
function held(burst: number) {
  const resting: { readonly life: string; readonly end: () => void }[] = [];
  const pace = createPace({
    burst,
    apartMs: 30_000,
    rest: (life) => new Promise((end) => resting.push({ life, end })),
  });
  let sent = 0;
  const send = (life: string): Promise<void> => pace(life).then(() => void (sent += 1));
  return { resting, send, sent: () => sent, settle: () => jest.advanceTimersByTimeAsync(0) };
}

it('lets a burst through and rests before the next', async () => {
  const { resting, send, sent, settle } = held(5);
  const sending = (async () => {
    for (let message = 0; message < 12; message++) await send('a');
  })();
  for (const gone of [5, 10]) {
    await settle();
    expect(sent()).toBe(gone);
    resting.at(-1)!.end();
  }
  await sending;
  expect(resting.map(({ life }) => life)).toEqual(['a', 'a']);
});

it('holds up nobody who pauses by himself, and no other life', async () => {
  const { resting, send } = held(2);
  for (const life of ['a', 'a', 'b']) await send(life);
  jest.advanceTimersByTime(30_000);
  for (const life of ['a', 'a', 'b']) await send(life);
  expect(resting).toEqual([]);
});

it('senders side by side rest together', async () => {
  const { resting, send, sent, settle } = held(2);
  const all = Promise.all(Array.from({ length: 6 }, () => send('a')));
  for (const gone of [2, 4]) {
    await settle();
    expect(sent()).toBe(gone);
    expect(resting).toHaveLength(gone / 2);
    resting.at(-1)!.end();
  }
  await all;
  expect(sent()).toBe(6);
});

it('forgets lives that have been quiet', async () => {
  const { resting, send } = held(1);
  for (let life = 0; life < 1_500; life++) {
    await send(`life-${life}`);
    jest.advanceTimersByTime(30_000);
  }
  await send('life-0');
  expect(resting).toEqual([]);
});
