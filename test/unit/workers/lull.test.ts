/** Lives wait for a storm to be told; a clock that is set back has nothing to do with how long. */
import { createLull } from '../../../workers/serve';

afterEach(() => jest.restoreAllMocks());

test('a clock that is set back holds up no life', async () => {
  const lull = createLull();
  lull.touch();
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  await lull.wait();
}, 10_000);
