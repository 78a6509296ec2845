/** Looking at the samples after an act: event time decides, and no sample proves nothing. */
import type { Point } from '../../../src/domain/metric';
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
  it('say the last value, and whether they have recovered by themselves', async () => {
    const points: Point[] = [
      [ACTED - 9_000, 99],
      [ACTED - 1_000, 70],
      [ACTED - 5_000, 75],
    ];
    expect(await watching([points]).watch.recent(condition, 60_000, 4_000)).toEqual({
      samples: 3,
      last: { at: ACTED - 1_000, value: 70 },
      recovered: true,
    });
    expect(await watching([points]).watch.recent(condition, 60_000, 5_000)).toMatchObject({
      recovered: false,
    });
    expect(await watching([[]]).watch.recent(condition, 60_000, 0)).toEqual({
      samples: 0,
      last: null,
      recovered: false,
    });
  });
});
