/** The way of one message: dedup → recipients → SMTP → record. Answers with what the sender has to know, as HTTP. */
import { messageOf } from '../../domain/errors';
import type { DeliveryLog } from './delivery-log';
import type { Mailer, SmtpOutcome } from './mail';
import type { IngestPayload } from './payload';
import { recipientsOf, type Recipients } from './recipients';

export interface IngestAnswer {
  readonly status: number;
  readonly body: { readonly status: 'sent' | 'duplicate' | 'failed'; readonly [detail: string]: unknown };
}

export interface IngestDeps {
  readonly deliveries: DeliveryLog;
  readonly recipients: Recipients;
  readonly mailer: Mailer;
  readonly now: () => number;
  /** Told when a delivery could not be written down. */
  readonly onUnrecorded: (messageId: string, error: unknown) => void;
}

/** Mails at a time; an SMTP server refuses a flood of connections. */
const MOST_AT_ONCE = 5;
/** Waiting for their turn; a sender would not wait longer than this queue lasts. */
const MOST_WAITING = 200;

export function createIngest(deps: IngestDeps): (payload: IngestPayload) => Promise<IngestAnswer> {
  const underway = new Map<string, Promise<IngestAnswer>>();
  const inTurn = createTurns(MOST_AT_ONCE, MOST_WAITING);
  return async (payload) => {
    const id = payload.message_id;
    if (deps.deliveries.isDone(id)) return duplicate(id);
    const same = underway.get(id);
    if (same !== undefined) return afterFirst(id, await same);
    const answer =
      inTurn(() => deliver(deps, payload)) ?? Promise.resolve(failed(503, id, 'too many mails are waiting'));
    underway.set(id, answer);
    try {
      return await answer;
    } finally {
      underway.delete(id);
    }
  };
}

/** A sender that lost patience sends again while the first is under way; both hear what became of it. */
function afterFirst(id: string, first: IngestAnswer): IngestAnswer {
  return first.status === 200 ? duplicate(id) : first;
}

async function deliver(deps: IngestDeps, payload: IngestPayload): Promise<IngestAnswer> {
  const id = payload.message_id;
  const key = payload.routing_key ?? null;
  let addresses: readonly string[];
  try {
    ({ addresses } = await recipientsOf(deps.recipients, key));
  } catch (error) {
    return failed(503, id, `recipients of routing_key ${key}: ${messageOf(error)}`);
  }
  if (addresses.length === 0) {
    return failed(422, id, `nobody is registered under routing_key ${key}, nor under default`);
  }
  const had = new Set(deps.deliveries.deliveredTo(id));
  const remaining = addresses.filter((address) => !had.has(address));
  const outcome = await deps.mailer.send(payload, addresses, remaining);
  await record(deps, id, had.size, outcome);
  return answerOf(id, had.size + outcome.accepted.length, outcome);
}

async function record(deps: IngestDeps, id: string, before: number, outcome: SmtpOutcome): Promise<void> {
  const reached = before + outcome.accepted.length > 0;
  const done = reached && outcome.refused.every((refused) => refused.permanent);
  if (outcome.accepted.length === 0 && !done) return;
  try {
    await deps.deliveries.record({ message_id: id, to: outcome.accepted, done, at: deps.now() });
  } catch (error) {
    // The mail is out: an error now would only bring it a second time.
    deps.onUnrecorded(id, error);
  }
}

function answerOf(id: string, reached: number, { refused }: SmtpOutcome): IngestAnswer {
  const passing = refused.filter((one) => !one.permanent);
  if (passing.length > 0) return failed(503, id, reasonsOf(passing), { recipients: reached });
  // Somebody has it, and nobody else ever will: sending it again would help no one.
  if (reached > 0) {
    const rejected = refused.map(({ address, reason }) => ({ address, reason }));
    return { status: 200, body: { status: 'sent', message_id: id, recipients: reached, rejected } };
  }
  return failed(502, id, reasonsOf(refused));
}

function reasonsOf(refused: SmtpOutcome['refused']): string {
  const reasons = new Set(refused.map((one) => one.reason));
  return `SMTP: ${[...reasons].join('; ')}`;
}

function duplicate(id: string): IngestAnswer {
  return { status: 200, body: { status: 'duplicate', message_id: id } };
}

function failed(
  status: number,
  id: string,
  reason: string,
  detail: Record<string, unknown> = {},
): IngestAnswer {
  return { status, body: { status: 'failed', message_id: id, reason, ...detail } };
}

/** Runs at most `atOnce` tasks together; null when too many wait already. */
function createTurns(atOnce: number, mostWaiting: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return <T>(task: () => Promise<T>): Promise<T> | null => {
    if (running >= atOnce && waiting.length >= mostWaiting) return null;
    return (async () => {
      if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
      try {
        return await task();
      } finally {
        // The turn is handed on, not given back, so that nobody slips in between.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    })();
  };
}
