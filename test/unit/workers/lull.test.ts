/** Lives begin when alerts have been told of, or with the time that their process has to spare. */
import { createLull } from '../../../workers/lull';

afterEach(() => jest.restoreAllMocks());

/** A process of which the test says how much it has to do; a window of its time passes when it is measured. */
function scene(use: (at: number) => number) {
  let at = 0;
  const lull = createLull({
    elapsedMs: () => at,
    async measure(ms) {
      const used = use(at);
      for (const until = at + ms; at < until; at += ms / 5) lull.touch();
      return used;
    },
  });
  return { lull, now: () => at };
}

/** How many begin until `untilMs`, where as many as can wait in the line. */
async function begunUntil(untilMs: number, { lull, now }: ReturnType<typeof scene>): Promise<number> {
  let begun = 0;
  for (;;) {
    await lull.wait();
    if (now() > untilMs) return begun;
    begun += 1;
  }
}

test('where no alerts come in, each begins at once', async () => {
  const measure = jest.fn();
  await Promise.all(Array.from({ length: 1_000 }, createLull({ measure }).wait));
  expect(measure).not.toHaveBeenCalled();
});

test('none begins in a storm that leaves no time to spare', async () => {
  const storm = scene(() => 1);
  storm.lull.touch();
  expect(await begunUntil(14_000, storm)).toBe(0);
});

test('where it never ends they begin all the same, four a second', async () => {
  const storm = scene(() => 0.97);
  storm.lull.touch();
  expect(await begunUntil(14_000, storm)).toBe(0);
  expect(await begunUntil(25_000, storm)).toBeGreaterThanOrEqual(36);
  expect(await begunUntil(35_000, storm)).toBeLessThanOrEqual(44);
});

test('where alerts keep coming and there is time to spare, many begin, and the fewer the less there is', async () => {
  const begun = async (used: number): Promise<number> => {
    const steady = scene(() => used);
    steady.lull.touch();
    return begunUntil(10_000, steady);
  };
  expect(await begun(0.05)).toBeGreaterThan(600);
  expect(await begun(0.5)).toBeGreaterThan(150);
  expect(await begun(0.5)).toBeLessThan(await begun(0.3));
});

test('a batch that takes long is no lull', async () => {
  let written = (): void => undefined;
  const lull = createLull({ elapsedMs: () => 0, measure: () => new Promise(() => undefined) });
  const handled = lull.during(() => new Promise((resolve) => (written = resolve)))([]);
  const begun = jest.fn();
  void lull.wait().then(begun);
  await new Promise(setImmediate);
  expect(begun).not.toHaveBeenCalled();
  written();
  await handled;
});

test('a clock that is set back holds up no life', async () => {
  const lull = createLull();
  lull.touch();
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  await lull.wait();
}, 10_000);
