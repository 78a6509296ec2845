/** Errors: a code that stays, whether trying again helps, what to do, and a cause that is kept. */
import { messageOf, TocsinError } from '../../../src/domain/errors';

test('an error says by its code whether trying again can help, and what the user should do', () => {
  const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka at kafka-1:9092: connection refused');
  expect(away).toMatchObject({ code: 'TOC_DEPENDENCY_AWAY', retryable: true, name: 'TocsinError' });
  expect(away.todo).toContain('/readyz');
  const usage = new TocsinError('TOC_USAGE', 'no such role: evaluater');
  expect(usage).toMatchObject({ retryable: false, todo: 'See `tocsin --help`.' });
});

test('the cause is kept', () => {
  const cause = new Error('ECONNREFUSED');
  expect(new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka', { cause }).cause).toBe(cause);
  expect(new TocsinError('TOC_DEPENDENCY_AWAY', 'Kafka')).not.toHaveProperty('cause');
});

describe('the message of anything thrown', () => {
  test.each([
    ['an error', new Error('no route to host'), 'no route to host'],
    ['a text', 'no route to host', 'no route to host'],
    ['nothing', undefined, 'undefined'],
    ['an aggregate with its own words', new AggregateError([new Error('a')], 'both failed'), 'both failed'],
    [
      'an aggregate without words, as Node throws it',
      new AggregateError([new Error('::1'), new Error('127.0.0.1')]),
      '::1; 127.0.0.1',
    ],
    [
      'an aggregate in an aggregate',
      new AggregateError([new AggregateError([new Error('a'), 'b']), 'c']),
      'a; b; c',
    ],
  ])('%s', (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });
});
