/** What time decides follows once in each partition number, and is told from where somebody has told before. */
import { createTimeFollower } from '../../../src/stream/time-follower';
import { waitFor } from '../../harness/wait-for';

/** A sink that comes `step` ms further at a time; all is noted that it was asked. */
function sketch(step = Infinity) {
  const asked: [partition: number, time: number, replayed: boolean][] = [];
  const times = new Map<number, number>();
  const reachedAt = new Map<number, number>();
  const world = { here: [0] as readonly number[] };
  const follower = createTimeFollower({
    timeOf: (partition) => times.get(partition) ?? -Infinity,
    here: () => world.here,
    reached(partition, time, replayed) {
      asked.push([partition, time, replayed]);
      const at = Math.min(time, (reachedAt.get(partition) ?? 0) + step);
      reachedAt.set(partition, at);
      return at === time;
    },
  });
  return { asked, times, world, follower };
}

const told = (...entries: [number, number][]) => new Map(entries);

test('while nothing is known of the time, nothing follows', () => {
  const { asked, follower } = sketch();
  follower.begin([0], told(), 1_000);
  expect([follower.follow(0), follower.toldUntil(0), asked]).toEqual([true, 0, []]);
});

test('told before => replayed up to then, and told from there', () => {
  const { asked, times, follower } = sketch();
  follower.begin([0], told([0, 500]), 1_000);
  for (const time of [300, 700, 900]) {
    times.set(0, time);
    expect(follower.follow(0)).toBe(true);
  }
  expect(asked).toEqual([
    [0, 300, true],
    [0, 500, true],
    [0, 700, false],
    [0, 900, false],
  ]);
  expect(follower.toldUntil(0)).toBe(900);
});

test('told before nobody knows when => all is told', () => {
  const { asked, times, follower } = sketch();
  follower.begin([0], told([1, 500]), 1_000);
  times.set(0, 300);
  follower.follow(0);
  expect(asked).toEqual([[0, 300, false]]);
});

test('what was told of a time to come counts as told until now', () => {
  const { asked, times, follower } = sketch();
  follower.begin([0], told([0, 9_000_000]), 1_000);
  times.set(0, 1_200);
  follower.follow(0);
  expect(asked).toEqual([
    [0, 1_000, true],
    [0, 1_200, false],
  ]);
});

test('nothing of a time is told before all that was told before it has followed', () => {
  const { asked, times, follower } = sketch(400);
  follower.begin([0], told([0, 500]), 1_000);
  times.set(0, 700);
  expect([follower.follow(0), follower.toldUntil(0)]).toEqual([false, 500]);
  expect([follower.follow(0), follower.toldUntil(0)]).toEqual([true, 700]);
  expect(asked).toEqual([
    [0, 500, true],
    [0, 500, true],
    [0, 700, false],
  ]);
});

test('a time that stands back, because a topic is behind, takes nothing back', () => {
  const { times, follower } = sketch();
  follower.begin([0], told(), 1_000);
  times.set(0, 900);
  follower.follow(0);
  times.set(0, 600);
  expect([follower.follow(0), follower.toldUntil(0)]).toEqual([true, 900]);
});

test('a partition that begins anew follows anew', () => {
  const { asked, times, follower } = sketch();
  follower.begin([0, 1], told(), 1_000);
  for (const partition of [0, 1]) {
    times.set(partition, 900);
    follower.follow(partition);
  }
  follower.begin([1], told([1, 950]), 2_000);
  expect([follower.toldUntil(0), follower.toldUntil(1)]).toEqual([900, 950]);
  follower.follow(1);
  expect(asked.at(-1)).toEqual([1, 900, true]);
});

describe('all of them', () => {
  test('a long pause is caught up with unasked, and the process has its turns meanwhile', async () => {
    const { times, follower } = sketch(10);
    follower.begin([0], told(), 1_000);
    times.set(0, 1_000);
    let turns = 0;
    const count = (): void => {
      if (follower.toldUntil(0) > 0) return;
      turns += 1;
      setImmediate(count);
    };
    setImmediate(count);
    follower.followAll();
    await waitFor(() => Promise.resolve(follower.toldUntil(0) === 1_000), { what: 'all to follow' });
    expect(turns).toBeGreaterThanOrEqual(90);
  });

  test('one that is far behind does not hold the others up', async () => {
    const { asked, times, world, follower } = sketch(10);
    world.here = [0, 1];
    follower.begin([0, 1], told(), 1_000);
    times.set(0, 10_000);
    follower.followAll();
    times.set(1, 10);
    await waitFor(() => Promise.resolve(follower.toldUntil(1) === 10), { what: 'the other one' });
    expect(asked.findIndex(([partition]) => partition === 1)).toBe(1);
    world.here = [];
  });

  test('what passes meanwhile follows, too, and once', async () => {
    const { asked, times, follower } = sketch(10);
    follower.begin([0], told(), 1_000);
    times.set(0, 100);
    follower.followAll();
    times.set(0, 200);
    follower.followAll();
    await waitFor(() => Promise.resolve(follower.toldUntil(0) === 200), { what: 'all to follow' });
    expect(asked).toHaveLength(20);
  });

  test('what fails is thrown to whoever asks next, and then it goes on', async () => {
    const asked: number[] = [];
    const follower = createTimeFollower({
      timeOf: () => 100,
      here: () => [0],
      reached(_, time) {
        asked.push(time);
        if (asked.length < 3) throw new Error('a rule is broken');
        return true;
      },
    });
    for (let failure = 0; failure < 2; failure++) {
      follower.followAll();
      await waitFor(
        () => {
          try {
            follower.followAll();
            return false;
          } catch (error) {
            return Promise.resolve((error as Error).message === 'a rule is broken');
          }
        },
        { what: 'the failure' },
      );
    }
    follower.followAll();
    expect(follower.toldUntil(0)).toBe(100);
  });

  test('one that is gone does not go on, and those that come do', async () => {
    const { asked, times, world, follower } = sketch(10);
    follower.begin([0, 1], told(), 1_000);
    times.set(0, 1_000);
    times.set(1, 100);
    follower.followAll();
    world.here = [1];
    await waitFor(() => Promise.resolve(follower.toldUntil(1) === 100), { what: 'the one that came' });
    expect(asked.map(([partition]) => partition)).toEqual([0, ...Array<number>(10).fill(1)]);
  });
});
