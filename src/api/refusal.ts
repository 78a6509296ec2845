/**
 * Requests that are not done. What the request itself has wrong is answered as Alertmanager's API server answers it, with
 * an object that has a code and a message; what its endpoints refuse, with the message alone, as JSON.
 */
import { messageOf, TocsinError } from '../domain/errors';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** In an object with the message; null: the message alone. */
    private readonly code: number | null = null,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'Refusal';
  }

  get answer(): Answer {
    const body = this.code === null ? this.message : { code: this.code, message: this.message };
    return { status: this.status, body, headers: this.headers };
  }
}

/** The request is no valid JSON, or something in it is of another type than the API's description says. */
export const malformed = (message: string): Refusal => new Refusal(400, message, 400);

/** What has to be there is not. */
export const missing = (path: string): Refusal => new Refusal(422, `${path} is required`, 602);

/** It is of the right type, but says nothing of what may be said there. */
export const unusable = (message: string): Refusal => new Refusal(422, message, 601);

/** Anything thrown, as it is answered. What can be tried again is 503: senders send again what that answers. */
export function answerOf(error: unknown): Answer {
  if (error instanceof Refusal) return error.answer;
  const status = error instanceof TocsinError && error.retryable ? 503 : 500;
  return { status, body: messageOf(error) };
}
