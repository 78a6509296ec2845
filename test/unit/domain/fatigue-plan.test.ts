/** What the fatigue limit makes of messages over time: within no span of its length are more told by themselves than it lets. */
import fc from 'fast-check';
import { planFatigue, type FatigueLimit, type FirstMessage } from '../../../src/domain/fatigue';

const MINUTE = 60_000;
const limit: FatigueLimit = {
  ...{ similar: 2, windowMs: 60 * MINUTE, digestAfterMs: 15 * MINUTE },
  groupBy: ['alertname'],
};
const slow = (minute: number, more: Partial<FirstMessage['labels']> = {}): FirstMessage => ({
  ...{ receiver: 'chat', at: minute * MINUTE },
  labels: { alertname: 'Slow', severity: 'warning', ...more },
});
const plan = (...messages: readonly FirstMessage[]): string[] =>
  planFatigue(limit, messages).map((each) =>
    each.kind === 'single' ? `single ${each.told}` : `digest at ${each.leavesAt / MINUTE}, ${each.told} told`,
  );

it('so many singly, the next in one digest, and singly again when the first is long enough ago', () => {
  expect(plan(slow(0), slow(5), slow(10), slow(24), slow(26), slow(61))).toEqual([
    'single 0',
    'single 1',
    'digest at 25, 2 told',
    'digest at 25, 2 told',
    'digest at 41, 2 told',
    'single 1',
  ]);
});

it('by time, whatever the order, and each receiver and kind by itself', () => {
  expect(plan(slow(10), slow(0), slow(5))).toEqual(['digest at 25, 2 told', 'single 0', 'single 1']);
  expect(plan(slow(0), slow(0), slow(0, { alertname: 'Other' }), { ...slow(0), receiver: 'mail' })).toEqual([
    'single 0',
    'single 1',
    'single 0',
    'single 0',
  ]);
});

it('what wakes somebody is not limited, and counts for nothing', () => {
  const critical = slow(0, { severity: 'critical' });
  expect(plan(critical, critical, critical, slow(1))).toEqual([
    ...['single null', 'single null', 'single null'],
    'single 0',
  ]);
});

it('no span of the window has more singles than the limit, and no digest waits longer than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 }), (minutes) => {
      const messages = minutes.map((minute) => slow(minute));
      const planned = planFatigue(limit, messages);
      const singles = messages.filter((_, index) => planned[index]!.kind === 'single');
      for (const { at } of singles)
        expect(
          singles.filter((one) => one.at > at - limit.windowMs && one.at <= at).length,
        ).toBeLessThanOrEqual(2);
      planned.forEach((each, index) => {
        if (each.kind !== 'digest') return;
        const waits = each.leavesAt - messages[index]!.at;
        expect(waits).toBeGreaterThan(0);
        expect(waits).toBeLessThanOrEqual(limit.digestAfterMs);
      });
    }),
  );
});
