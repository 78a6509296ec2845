import { downTargetOf } from '../../../src/domain/target-down';
import { createTargetDownMutes } from '../../../src/mute/target-down';

const HOUR = 3_600_000;
const down = (fingerprint: string, startsAt = 0, downTarget: string | null = 'db-1') => ({
  ...{ fingerprint, startsAt, downTarget },
});
const other = { labels: { alertname: 'Slow', instance_id: 'db-1' }, downTarget: null };

describe('which target an alert says is down', () => {
  const compared = (operator: '<' | '==' | '>' | '!=', threshold: number, metric = 'up') => ({
    ...{ metric, operator, threshold },
  });
  it.each([
    ['up == 0', compared('==', 0), 'db-1'],
    ['up < 1', compared('<', 1), 'db-1'],
    ['up != 1', compared('!=', 1), 'db-1'],
    ['up == 1', compared('==', 1), null],
    ['up < 2', compared('<', 2), null],
    ['another metric', compared('==', 0, 'uptime'), null],
    ['no comparison', null, null],
  ])('%s', (_, condition, target) => {
    expect(downTargetOf({ instance_id: 'db-1', instance: 'x' }, condition)).toBe(target);
  });

  it('by the label that there is', () => {
    const condition = compared('==', 0);
    expect(downTargetOf({ instance: 'node:9100' }, condition)).toBe('node:9100');
    expect(downTargetOf({ job: 'node' }, condition)).toBeNull();
  });
});

describe('a target that is down', () => {
  it('mutes the other alerts of its instance, no others, and itself never', () => {
    const mutes = createTargetDownMutes(HOUR);
    mutes.add(down('b'));
    mutes.add(down('a'));
    expect(mutes.mutedBy(other, 1)).toEqual(['a']);
    expect(mutes.mutedBy({ ...other, labels: { instance: 'db-1' } }, 1)).toEqual(['a']);
    expect(mutes.mutedBy({ ...other, labels: { instance_id: 'db-2' } }, 1)).toEqual([]);
    expect(mutes.mutedBy({ ...other, labels: {} }, 1)).toEqual([]);
    expect(mutes.mutedBy({ ...other, downTarget: 'db-1' }, 1)).toEqual([]);
  });

  it('mutes for an hour at most, each from its own begin', () => {
    const mutes = createTargetDownMutes(HOUR);
    mutes.add(down('a'));
    mutes.add(down('b', HOUR / 2));
    expect(mutes.mutedBy(other, HOUR)).toEqual(['b']);
    expect(mutes.mutedBy(other, 1.5 * HOUR)).toEqual([]);
  });

  it('mutes nobody any more when it is over', () => {
    const mutes = createTargetDownMutes(HOUR);
    mutes.add(down('a'));
    mutes.remove('a');
    mutes.remove('a');
    expect(mutes.mutedBy(other, 1)).toEqual([]);
    mutes.add(down('a', 2 * HOUR));
    expect(mutes.mutedBy(other, 2 * HOUR)).toEqual(['a']);
    mutes.add(down('a', 2 * HOUR, null));
    expect(mutes.mutedBy(other, 2 * HOUR)).toEqual([]);
  });
});
