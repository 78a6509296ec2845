/** Stopping: in reverse, whatever a part does, and all of it within one deadline. */
import { stopAll, type Part } from '../../../workers/run';

function sceneOf(...kinds: ('stops' | 'hangs' | 'fails')[]) {
  const told: number[] = [];
  const log = { warn: jest.fn(), error: jest.fn() };
  const parts = kinds.map((kind, at): Part => ({
    name: `part ${at}`,
    stop() {
      told.push(at);
      if (kind === 'hangs') return new Promise(() => undefined);
      return kind === 'fails' ? Promise.reject(new Error('broken pipe')) : Promise.resolve();
    },
  }));
  return { told, log, parts };
}

it('stops in reverse, and one that fails keeps nobody from stopping', async () => {
  const { told, log, parts } = sceneOf('stops', 'fails', 'stops');
  expect(await stopAll(parts, log)).toBe(true);
  expect(told).toEqual([2, 1, 0]);
  expect(log.error.mock.calls[0]![1]).toBe('part 1 did not stop cleanly: broken pipe');
});

it('has one deadline, however many hang; those behind are told all the same', async () => {
  const { told, log, parts } = sceneOf('stops', 'hangs', 'hangs', 'hangs', 'hangs');
  const began = performance.now();
  expect(await stopAll(parts, log, 300)).toBe(false);
  expect(performance.now() - began).toBeLessThan(1_200);
  expect(told).toEqual([4, 3, 2, 1, 0]);
  expect(log.warn).toHaveBeenCalledTimes(1);
  expect(log.warn.mock.calls[0]![1]).toContain('waited for part 4');
});
