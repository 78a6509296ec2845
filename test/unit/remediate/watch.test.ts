/** Looking at the samples after an act: event time decides, and no sample proves nothing. */
import type { Point } from '../../../src/domain/metric';
import type { TransitionCondition } from '../../../src/domain/transition';
import { createRecoveryWatch } from '../../../src/remediate/watch';
import type { WatchRequest, WatchVerdict } from '../../../src/remediate/port';

const condition = {
  metric: 'connections',
  series: {},
  operator: '>',
  threshold: 90,
  recovery_threshold: 80,
} as const;
const ACTED = 1_000_000;
const never = new AbortController().signal;

/** Each look is a second later; `reads[i]` is what the i-th look finds. */
function watching(reads: readonly (readonly Point[] | Error)[]) {
  let looks = 0;
  const since: number[] = [];
  const samples = {
    since: (_series: unknown, sinceMs: number): Promise<Point[]> => {
      since.push(sinceMs);
      const found = reads[Math.min(looks++, reads.length - 1)]!;
      return found instanceof Error ? Promise.reject(found) : Promise.resolve([...found]);
    },
  };
  const watch = createRecoveryWatch({ samples, pollMs: 1, now: () => new Date(ACTED + looks * 1_000) });
  const polls: WatchVerdict[] = [];
  const run = (more: Partial<WatchRequest> = {}, signal = never): Promise<WatchVerdict> =>
    watch.awaitRecovery(
      { condition, actedAt: ACTED, soakMs: 2_000, deadline: ACTED + 5_000, ...more },
      (sofar) => polls.push(sofar),
      signal,
    );
  return { watch, run, polls, since };
}

describe('verification', () => {
  it('waits until the samples meet the recovery condition for the soak time', async () => {
    const { run, polls } = watching([
      [],
      [[ACTED + 500, 95]],
      [[ACTED + 1_000, 79]],
      [
        [ACTED + 2_000, 70],
        [ACTED + 3_000, 60],
      ],
    ]);
    expect(await run()).toEqual({ kind: 'verified', since: ACTED + 1_000, samples: 3, polls: 4 });
    expect(polls.map(({ kind }) => kind)).toEqual(['no_sample', 'breaching', 'soaking', 'verified']);
  });

  it('does not count samples from before the act, nor those between threshold and recovery', async () => {
    const { run } = watching([
      [
        [ACTED - 1, 10],
        [ACTED, 10],
      ],
      [
        [ACTED + 1_000, 85],
        [ACTED + 4_000, 85],
      ],
    ]);
    expect(await run()).toMatchObject({ kind: 'breaching', value: 85 });
  });

  it('ends at the deadline with what is known', async () => {
    expect(await watching([[]]).run()).toEqual({ kind: 'no_sample', polls: 5 });
    expect(await watching([[[ACTED + 100, 10]]]).run()).toMatchObject({ kind: 'soaking' });
    expect(await watching([new Error('Kafka is away')]).run()).toEqual({
      kind: 'unreadable',
      error: 'Kafka is away',
      polls: 5,
    });
  });

  it('looks at least once, also when it is taken over after the deadline', async () => {
    expect(
      await watching([
        [
          [ACTED + 1_000, 1],
          [ACTED + 4_000, 1],
        ],
      ]).run({ deadline: ACTED }),
    ).toMatchObject({ kind: 'verified', polls: 1 });
  });

  it('gets over a reader that fails for a while', async () => {
    const { run } = watching([new Error('away'), [[ACTED + 1_000, 1]], [[ACTED + 3_000, 1]]]);
    expect(await run()).toMatchObject({ kind: 'verified', polls: 3 });
  });

  it('takes samples that come out of order, and starts anew when one of them breaches', async () => {
    const { run, since } = watching([
      [
        [ACTED + 1_000, 1],
        [ACTED + 2_500, 1],
      ],
      [[ACTED + 2_000, 99]],
      [[ACTED + 4_600, 1]],
    ]);
    expect(await run()).toMatchObject({ kind: 'verified', since: ACTED + 2_500 });
    expect(Math.max(...since)).toBe(ACTED);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const ended = watching([[]]).run({ deadline: ACTED + 1e9 }, stop.signal);
    stop.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the samples before an act', () => {
  const recent = (points: readonly Point[], of: TransitionCondition = condition) =>
    watching([points]).watch.recent(of, 900_000);
  const every = (ms: number, values: readonly number[], end = ACTED): Point[] =>
    values.map((value, n) => [end - (values.length - 1 - n) * ms, value]);

  it.each<[string, readonly number[], boolean]>([
    ['the newest is good again', [95, 95, 10], true],
    ['it is on the good side of the threshold, not of the recovery', [95, 85], false],
    ['only older ones were good', [10, 10, 95], false],
  ])('recover the rule or not: %s', async (_, values, recovered) => {
    expect(await recent(every(10_000, values))).toMatchObject({
      samples: values.length,
      last: { at: ACTED, value: values.at(-1) },
      recovered,
      stale: false,
    });
  });

  it.each<[string, Point[], boolean]>([
    ['four intervals old', every(30_000, [95, 95, 95], ACTED - 120_000), true],
    ['two intervals old', every(300_000, [95, 95], ACTED - 600_000), false],
    ['within a minute, whatever the interval', every(1_000, [95, 95], ACTED - 50_000), false],
    ['alone', [[ACTED - 800_000, 95]], false],
    ['none', [], true],
  ])('say whether the last is too old to be trusted: %s', async (_, points, stale) => {
    expect(await recent(points)).toMatchObject({ stale });
  });

  it("of a rule with a window are judged by the window's mean, as the rule is", async () => {
    const windowed = { ...condition, window_ms: 30_000 };
    expect(await recent(every(10_000, [95, 95, 10]), windowed)).toMatchObject({ recovered: true });
    expect(await recent(every(10_000, [200, 95, 10]), windowed)).toMatchObject({ recovered: false });
  });
});

describe('verification of a rule with a window', () => {
  const windowed = { ...condition, window_ms: 10_000 };
  const before: Point[] = [
    [ACTED - 20_000, 1],
    [ACTED - 5_000, 200],
  ];

  it('takes the mean, in which the samples before the act still stand', async () => {
    const { run, since } = watching([[...before, [ACTED + 1_000, 10], [ACTED + 4_000, 10]]]);
    const soaking = { condition: windowed, deadline: ACTED + 2_000 };
    expect(await run({ ...soaking })).toMatchObject({ kind: 'soaking', since: ACTED + 4_000 });
    expect(since[0]).toBe(ACTED - 10_000);
  });

  it('is done when the mean has recovered for the soak time', async () => {
    const after: Point[] = [6_000, 7_000, 8_500].map((ms) => [ACTED + ms, 10]);
    const { run } = watching([[...before, ...after]]);
    expect(await run({ condition: windowed })).toMatchObject({ kind: 'verified', samples: 3 });
  });
});
