/**
 * Asks one evaluator over HTTP. What listens at an address that a group's member gave may be anybody: only an answer of the
 * process that is meant counts, within bounds of time and size.
 */
import { messageOf } from '../domain/errors';
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
    const response = await fetch(url, { signal, redirect: 'error' });
    if (response.status !== 200) throw new Error(await refusalOf(response));
    for await (const line of linesOf(response, maxBytes)) reader.take(line);
  } catch (error) {
    throw signal.aborted
      ? new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error })
      : plainer(error);
  }
  const answer = reader.answer();
  const { id, instance, pool } = answer.head;
  if (id !== expected.id) throw new Error('another process answers there');
  if (instance !== expected.instance || pool !== expected.pool)
    throw new Error(`it answers for the instance ${JSON.stringify(instance)} and the pool ${pool}`);
  return answer;
}

async function refusalOf(response: Response): Promise<string> {
  if (response.status === 404) return 'what listens there answers no such questions (404)';
  let text = '';
  for await (const line of linesOf(response, MAX_LINE_LENGTH)) {
    text = line;
    break;
  }
  return `it answers ${response.status}: ${reasonIn(text).slice(0, MAX_REASON_LENGTH)}`;
}

function reasonIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : text;
  } catch {
    return text;
  }
}

async function* linesOf({ body }: Response, maxBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Error(`its answer is larger than ${Math.floor(maxBytes / 1_048_576)} MiB`);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE_LENGTH) throw new Error('its answer is none of an evaluator');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** fetch says what was wrong in its cause. */
function plainer(error: unknown): Error {
  const cause = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  return new Error(messageOf(cause), { cause: error });
}
