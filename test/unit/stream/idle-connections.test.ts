/** A connection to Kafka on which nothing happens costs nothing. */
import { createRequire } from 'node:module';
import { quietIdleConnections } from '../../../src/stream/idle-connections';

interface Queue {
  throttledUntil: number;
  push(request: object): void;
  fulfillRequest(response: object): void;
}
const RequestQueue = createRequire(__filename)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue;
const logger = { debug: () => undefined };

function queueOf(sent: number[], maxInFlightRequests: number | null = null): Queue {
  const queue = new RequestQueue({
    maxInFlightRequests,
    requestTimeout: 1_000,
    clientId: 'c',
    broker: 'b',
    logger,
  });
  const { push } = queue;
  queue.push = (request) =>
    push.call(queue, {
      expectResponse: true,
      sendRequest: () => sent.push((request as { id: number }).id),
      entry: {
        correlationId: (request as { id: number }).id,
        resolve: () => undefined,
        reject: () => undefined,
      },
    });
  return queue;
}
const answer = (correlationId: number) => ({ correlationId, payload: null, size: 0 });

beforeEach(() => {
  jest.useFakeTimers();
  quietIdleConnections();
});
afterEach(() => jest.useRealTimers());

test('after the last answer no timer is left', () => {
  const sent: number[] = [];
  const queue = queueOf(sent);
  queue.push({ id: 1 });
  queue.fulfillRequest(answer(1));
  expect(sent).toEqual([1]);
  expect(jest.getTimerCount()).toBe(0);
});

test('a request that the broker makes wait is sent when its time has come', () => {
  const sent: number[] = [];
  const queue = queueOf(sent);
  queue.throttledUntil = Date.now() + 500;
  queue.push({ id: 1 });
  jest.advanceTimersByTime(499);
  expect(sent).toEqual([]);
  jest.advanceTimersByTime(20);
  expect(sent).toEqual([1]);
  queue.fulfillRequest(answer(1));
  expect(jest.getTimerCount()).toBe(0);
});

test('a request that waits for a place is sent by the answer that frees one', () => {
  const sent: number[] = [];
  const queue = queueOf(sent, 1);
  queue.push({ id: 1 });
  queue.push({ id: 2 });
  expect(sent).toEqual([1]);
  queue.fulfillRequest(answer(1));
  expect(sent).toEqual([1, 2]);
});
