/** What ends an attempt before a server has answered, or by what it answered. */

/** The message cannot be delivered this way, however often it is tried. */
export class Refused extends Error {}

/** Another attempt may do. */
export class Passing extends Error {
  constructor(
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}
