import { createWatermark } from '../../../src/evaluate/watermark';

const PLAN = 'p';

test('time is that of the slowest partition, from where the last one began', () => {
  const watermark = createWatermark(3, PLAN);
  watermark.heard(0, 10, PLAN);
  watermark.heard(2, 20, PLAN);
  expect([watermark.time(), watermark.slowest()]).toEqual([-Infinity, 1]);
  watermark.heard(1, 5, PLAN);
  watermark.heard(1, 15, PLAN);
  expect([watermark.time(), watermark.slowest()]).toEqual([-Infinity, 0]);
  watermark.heard(0, 25, PLAN);
  watermark.heard(1, 20, PLAN);
  expect([watermark.time(), watermark.slowest()]).toEqual([20, 1]);
  watermark.heard(0, 100, PLAN);
  watermark.heard(2, 100, PLAN);
  expect([watermark.time(), watermark.slowest()]).toEqual([20, 1]);
});

test('it never goes back: who takes over tells again of what was told', () => {
  const watermark = createWatermark(1, PLAN);
  watermark.heard(0, 10, PLAN);
  watermark.heard(0, 5, PLAN);
  expect(watermark.time()).toBe(10);
});

test('another plan counts for nothing, nor does a partition that is not known', () => {
  const watermark = createWatermark(1, PLAN);
  watermark.heard(0, 10, 'q');
  watermark.heard(1, 10, PLAN);
  expect(watermark.time()).toBe(-Infinity);
});
