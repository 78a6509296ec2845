import { createTimeEstimate } from '../../../src/stream/broker-clock';

it('knows nothing before the first answer', () => {
  expect(createTimeEstimate().at(5)).toBe(-Infinity);
});

it('is never ahead: the answer may have been long on its way', () => {
  const estimate = createTimeEstimate();
  estimate.heard(100, 300, 1_000_000);
  expect(estimate.at(300)).toBe(1_000_000);
  expect(estimate.at(450)).toBe(1_000_150);
});

it('comes nearer with an answer that was quicker', () => {
  const estimate = createTimeEstimate();
  estimate.heard(100, 300, 1_000_000);
  estimate.heard(1_000, 1_010, 1_000_850);
  expect(estimate.at(1_010)).toBe(1_000_850);
});

it('stays as it is where a slow answer agrees with it', () => {
  const estimate = createTimeEstimate();
  estimate.heard(1_000, 1_010, 1_000_850);
  estimate.heard(2_000, 2_500, 1_001_900);
  expect(estimate.at(2_500)).toBe(1_000_850 - 1_010 + 2_500);
});

it('follows a clock that was set', () => {
  const estimate = createTimeEstimate();
  expect(estimate.heard(0, 10, 1_000_000)).toBe(0);
  expect(estimate.heard(1_000, 1_010, 500_000)).toBe(1_000_000 - 10 - (500_000 - 1_000));
  expect(estimate.at(1_010)).toBe(500_000);
  expect(estimate.heard(2_000, 2_010, 9_000_000)).toBe(0);
  expect(estimate.at(2_010)).toBe(9_000_000);
});
