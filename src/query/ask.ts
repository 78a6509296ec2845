/**
 * Asks one evaluator over HTTP. What listens at an address that a group's member gave may be anybody: only an answer of the
 * process that is meant counts, within bounds of time and size.
 */
import { get, type IncomingMessage } from 'node:http';
import { createAnswerReader, questionText, SERIES_PATH } from './answer-lines';
import type { Answer, Answerer, Question } from './port';

export interface AskOptions {
  /** `host:port`. */
  readonly address: string;
  /** Who has to answer. */
  readonly expected: Answerer;
  readonly timeoutMs: number;
  readonly maxBytes?: number;
}

const MAX_BYTES = 128 * 1_048_576;
const MAX_LINE_LENGTH = 1_048_576;
const MAX_REASON_LENGTH = 300;

/** Rejects with the reason, for people. */
export async function askEvaluator(options: AskOptions, question: Question): Promise<Answer> {
  const { address, expected, timeoutMs, maxBytes = MAX_BYTES } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  const reader = createAnswerReader();
  try {
    const url = `http://${address}${SERIES_PATH}?${questionText(question)}`;
    const response = await got(url, signal);
    if (response.statusCode !== 200) throw new Error(await refusalOf(response));
    for await (const lines of linesOf(response, maxBytes)) lines.forEach((line) => reader.take(line));
  } catch (error) {
    throw signal.aborted ? new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error }) : error;
  }
  const answer = reader.answer();
  const { id, instance, pool } = answer.head;
  if (id !== expected.id) throw new Error('another process answers there');
  if (instance !== expected.instance || pool !== expected.pool)
    throw new Error(`it answers for the instance ${JSON.stringify(instance)} and the pool ${pool}`);
  return answer;
}

/** Not by fetch, which follows where it is sent, and does not go to all ports. */
function got(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { signal, agent: false }, resolve).once('error', reject);
  });
}

async function refusalOf(response: IncomingMessage): Promise<string> {
  if (response.statusCode === 404) return 'what listens there answers no such questions (404)';
  let text = '';
  for await (const [line = ''] of linesOf(response, MAX_LINE_LENGTH)) if (text === '') text = line;
  return `it answers ${response.statusCode}: ${reasonIn(text).slice(0, MAX_REASON_LENGTH)}`;
}

function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : text;
  } catch {
    return text;
  }
}

async function* linesOf(response: IncomingMessage, maxBytes: number): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Error(`its answer is larger than ${Math.floor(maxBytes / 1_048_576)} MiB`);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE_LENGTH) throw new Error('its answer is none of an evaluator');
    yield lines;
  }
  if (rest !== '') yield [rest];
}
