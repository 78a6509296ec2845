/** What is opened in parts is there as a whole or not at all. */
import { openWhole, type Part } from '../../../workers/run';

/** Parts that note their stop. */
function world() {
  const stopped: string[] = [];
  const errors: unknown[] = [];
  const partOf = (name: string, failure?: Error): Part => ({
    name,
    async stop() {
      stopped.push(name);
      if (failure !== undefined) throw failure;
    },
  });
  const log = { warn: () => undefined, error: (about: object) => void errors.push(about) };
  return { stopped, errors, partOf, log };
}

test('what is opened stays open, until all of it is stopped in reverse', async () => {
  const { stopped, partOf, log } = world();
  const opened = await openWhole(log, async (parts) => {
    parts.push(partOf('a'), partOf('b'));
    return 'whole';
  });
  expect([opened.value, stopped]).toEqual(['whole', []]);
  await opened.stop();
  expect(stopped).toEqual(['b', 'a']);
});

test('it is stopped once, however often that is asked', async () => {
  const { stopped, partOf, log } = world();
  const { stop } = await openWhole(log, async (parts) => void parts.push(partOf('a')));
  await Promise.all([stop(), stop()]);
  await stop();
  expect(stopped).toEqual(['a']);
});

test('where opening fails half-way, what was opened is stopped before the failure is told', async () => {
  const { stopped, errors, partOf, log } = world();
  const opening = openWhole(log, async (parts) => {
    parts.push(partOf('a'), partOf('b', new Error('does not stop')));
    await Promise.resolve();
    throw new Error('Kafka is away');
  });
  await expect(opening).rejects.toThrow('Kafka is away');
  expect(stopped).toEqual(['b', 'a']);
  expect(errors).toMatchObject([{ part: 'b' }]);
});
