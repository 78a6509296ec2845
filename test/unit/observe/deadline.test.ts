import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { withDeadline } from '../../../src/observe/deadline';
import { waitFor } from '../../harness/wait-for';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const end = (): void => resolve((signal.reason as Error).name);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });

it('ends in time, also where garbage is collected meanwhile', async () => {
  let ended: string | undefined;
  void withDeadline(200, new AbortController().signal, untilAborted).then((name) => (ended = name));
  await waitFor(
    () => {
      collectGarbage();
      return ended;
    },
    { what: 'the end', timeoutMs: 20_000 },
  );
  expect(ended).toBe('TimeoutError');
});

it('ends when others end it, before or meanwhile, with their reason', async () => {
  const outer = new AbortController();
  const running = withDeadline(60_000, outer.signal, untilAborted);
  outer.abort(new RangeError('enough'));
  expect(await running).toBe('RangeError');
  expect(await withDeadline(60_000, outer.signal, untilAborted)).toBe('RangeError');
});

it('gives what the work gives, and leaves nothing behind', async () => {
  const outer = new AbortController();
  let signal: AbortSignal | undefined;
  const work = async (given: AbortSignal): Promise<string> => {
    signal = given;
    return 'done';
  };
  // Longer than a timer can be.
  expect(await withDeadline(2 ** 40, outer.signal, work)).toBe('done');
  outer.abort();
  expect(signal!.aborted).toBe(false);
});
