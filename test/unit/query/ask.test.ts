/** An evaluator's HTTP server and who asks it: what is kept arrives, and whatever else answers is told from it. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Kept, KeptPart } from '../../../src/evaluate/port';
import { createHealth, createMetrics, startObservability } from '../../../src/observe/observe';
import { LabelSet } from '../../../src/promql/label-set';
import { Samples } from '../../../src/promql/samples';
import type { StoredSeries } from '../../../src/promql/source';
import { endLine, headLine, parseQuestion, SERIES_PATH } from '../../../src/query/answer-lines';
import { createAnswerer, type AnswererOptions } from '../../../src/query/answerer';
import { waitFor } from '../../harness/wait-for';
import { askEvaluator } from '../../../src/query/ask';
import type { AnswerHead } from '../../../src/query/port';

const ANSWERER = { id: 'p-1', instance: 'i', pool: 'default' };
const QUESTION = { matchers: [{ name: '__name__', op: '=' as const, value: 'm' }], sinceMs: 0 };
const COVERAGE = {
  ...{ partitionsMs: 600_000, slotsMs: null, madeInPartitions: false, madeInSlots: false, asked: [] },
};

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function seriesOf(host: string, samples: readonly (readonly [number, number | 'stale'])[]): StoredSeries {
  const kept = new Samples();
  for (const [time, value] of samples) kept.add(time, value === 'stale' ? NaN : value, value === 'stale');
  return { labels: LabelSet.of({ __name__: 'm', host }), samples: kept };
}

function keeping(...all: readonly (StoredSeries | null)[]): Kept {
  const part: KeptPart = { number: 7, reached: 5_000, read: () => all, lacks: () => [] };
  return { partitions: [part], slots: [], plannedSlots: [], coverage: () => COVERAGE };
}

async function evaluator(kept: Kept, more: Partial<AnswererOptions> = {}): Promise<string> {
  const answer = createAnswerer({ answerer: ANSWERER, kept: () => kept, ...more });
  const { port, close } = await startObservability({
    ...{ port: 0, metrics: createMetrics({ process: false }), health: createHealth({}) },
    answers: new Map([[SERIES_PATH, (query, gone) => answer(parseQuestion(query), gone)]]),
  });
  ends.push(close);
  return `127.0.0.1:${port}`;
}

async function other(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (address: string, more: { timeoutMs?: number; maxBytes?: number } = {}) =>
  askEvaluator({ address, expected: ANSWERER, timeoutMs: 30_000, ...more }, QUESTION);

const head: AnswerHead = {
  ...{ ...ANSWERER, partitions: [], slots: [], plannedSlots: [], coverage: COVERAGE, lacks: [] },
};

test('what is kept arrives, values of every kind, from the time on that is asked for', async () => {
  const series = seriesOf('a', [
    [-5, 1],
    [0, 2],
    [10, 0.1],
    [20, NaN],
    [30, Infinity],
    [40, -Infinity],
    [50, 'stale'],
  ]);
  const answer = await ask(await evaluator(keeping(null, series, seriesOf('b', [[0, 1]]), null)));
  expect(answer.head).toEqual({ ...head, partitions: [{ number: 7, reached: 5_000 }] });
  expect(answer.pieces).toEqual([
    {
      labels: { __name__: 'm', host: 'a' },
      times: [10, 20, 30, 40, 50],
      values: [0.1, 'NaN', '+Inf', '-Inf', 'stale'],
    },
  ]);
});

test('a long series comes in pieces, whole and in order', async () => {
  const times = Array.from({ length: 2_500 }, (_, i) => i + 1);
  const { pieces } = await ask(
    await evaluator(
      keeping(
        seriesOf(
          'a',
          times.map((time) => [time, time] as const),
        ),
      ),
    ),
  );
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces.flatMap((piece) => piece.times)).toEqual(times);
});

test('an evaluator with much to look through stays there for others meanwhile', async () => {
  const many = Array.from({ length: 15_000 }, (_, i) => seriesOf(`h${i}`, [[10, i]]));
  const address = await evaluator(keeping(...many));
  // Each look at the clock takes a tenth of a millisecond, however fast the machine is.
  let ms = performance.now();
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => (ms += 0.1));
  let atOnce = 0;
  let most = 0;
  let turn = setImmediate(function turned() {
    atOnce = 0;
    turn = setImmediate(turned);
  });
  const answer = createAnswerer({ answerer: ANSWERER, kept: () => keeping(...many) });
  let lines = 0;
  for await (const line of answer(QUESTION)) {
    lines += line === '' ? 0 : 1;
    most = Math.max(most, ++atOnce);
  }
  clearImmediate(turn);
  clock.mockRestore();
  expect(lines).toBe(many.length + 2);
  expect(most).toBeLessThan(1_000);
  expect((await ask(address)).pieces).toHaveLength(many.length);
});

test.each([
  ['series', { mostSeries: 2 }],
  ['samples', { mostSamples: 2 }],
])('too many %s are refused before the first, with what to narrow', async (what, more) => {
  const address = await evaluator(keeping(...['a', 'b', 'c'].map((host) => seriesOf(host, [[10, 1]]))), more);
  await expect(ask(address)).rejects.toThrow(
    `it answers 400: one evaluator alone has more than 2 ${what} of it: add matchers`,
  );
});

test('a look through the series that takes too long ends', async () => {
  function* endless() {
    for (;;) yield null;
  }
  const part: KeptPart = { number: 0, reached: 0, read: endless, lacks: () => [] };
  const kept = { ...keeping(), partitions: [part] };
  await expect(ask(await evaluator(kept, { mostMs: 50 }))).rejects.toThrow('it takes longer than 0.05 s');
});

test('few are answered at a time, and the others are told so', async () => {
  const answer = createAnswerer({ answerer: ANSWERER, kept: () => keeping(seriesOf('a', [[10, 1]])) });
  const held = Array.from({ length: 4 }, () => answer(QUESTION));
  await Promise.all(held.map((lines) => lines.next()));
  await expect(answer(QUESTION).next()).rejects.toThrow('busy with 4 other questions');
  // Whoever goes away makes room.
  await held[0]!.return(undefined);
  expect((await answer(QUESTION).next()).value).toContain('"v":1');
});

test('who gives up does not leave the evaluator at it', async () => {
  let looked = 0;
  function* slow() {
    for (; looked < 1e9; looked++) yield null;
  }
  const part: KeptPart = { number: 0, reached: 0, read: slow, lacks: () => [] };
  const address = await evaluator({ ...keeping(), partitions: [part] });
  await expect(ask(address, { timeoutMs: 50 })).rejects.toThrow('no answer within 0.05 s');
  let seen = -1;
  await waitFor(() => looked === seen || !Number.isFinite((seen = looked)), { what: 'an end of the look' });
});

describe('whoever else answers is told from the evaluator:', () => {
  it.each<[string, RequestListener, string | RegExp]>([
    ['one that hangs', () => undefined, 'no answer within 1 s'],
    [
      'one that hangs amid its answer',
      (_, response) => void response.write(`${headLine(head)}\n`),
      'no answer',
    ],
    ['one that drops the connection', ({ socket }) => void socket.destroy(), /hang up|ECONNRESET/],
    ['a page', (_, response) => void response.end('<html>hello</html>'), 'no JSON'],
    ['nothing', (_, response) => void response.end(), 'cut off'],
    [
      'no such path',
      (_, response) => void response.writeHead(404).end('{}'),
      'answers no such questions (404)',
    ],
    ['a refusal', (_, response) => void response.writeHead(500).end('{"error":"oh"}'), 'it answers 500: oh'],
    [
      'a way to somewhere else',
      (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'it answers 302',
    ],
    [
      'another process',
      (_, response) => void response.end(`${headLine({ ...head, id: 'p-2' })}\n${endLine(0)}\n`),
      'another process answers there',
    ],
    [
      'another instance',
      (_, response) => void response.end(`${headLine({ ...head, instance: 'j' })}\n${endLine(0)}\n`),
      'the instance "j"',
    ],
    [
      'another pool',
      (_, response) => void response.end(`${headLine({ ...head, pool: 'q' })}\n${endLine(0)}\n`),
      'the pool q',
    ],
    ['a line without an end', (_, response) => pour(response, 'x'.repeat(1_000)), 'none of an evaluator'],
  ])('%s', async (_, listener, reason) => {
    await expect(ask(await other(listener), { timeoutMs: 1_000 })).rejects.toThrow(reason);
  });

  it('one without an end', async () => {
    const address = await other((_, response) => {
      response.write(`${headLine(head)}\n`);
      pour(response, `{"labels":{"a":"${'x'.repeat(1_000)}"},"times":[],"values":[]}\n`);
    });
    await expect(ask(address, { maxBytes: 3 * 1_048_576 })).rejects.toThrow('larger than 3 MiB');
  });

  it('nobody', async () => {
    await expect(ask('127.0.0.1:1')).rejects.toThrow('ECONNREFUSED');
  });
});

function pour(response: Parameters<RequestListener>[1], text: string): void {
  const chunk = text.repeat(100);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

test('only a GET is answered', async () => {
  const address = await evaluator(keeping());
  const response = await fetch(`http://${address}${SERIES_PATH}`, { method: 'POST' });
  expect(response.status).toBe(405);
});
