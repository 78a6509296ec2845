/** Why people were told of an alert or not, for programs; what Alertmanager has no answer for stands beside its API. */
import type { FastifyInstance } from 'fastify';
import type { WhyAnswer } from '../dispatch/port';
import type { ApiOptions } from './options';
import { Refusal } from './refusal';

const FINGERPRINT = /^[0-9a-f]{1,16}$/i;

export function registerWhy(app: FastifyInstance, { why }: Pick<ApiOptions, 'why'>): void {
  if (why === undefined) return;
  app.get('/why', async ({ query }, reply) => {
    const { fingerprint } = query as { readonly fingerprint?: unknown };
    if (typeof fingerprint !== 'string' || !FINGERPRINT.test(fingerprint))
      throw new Refusal(
        400,
        'fingerprint is missing or is none: give 1 to 16 hex digits, as /api/v2/alerts has them',
      );
    const answer = await why(fingerprint.toLowerCase());
    if (answer === null)
      throw new Refusal(
        404,
        `there is no alert, or more than one, whose fingerprint begins with ${fingerprint}`,
      );
    return reply
      .header('cache-control', 'no-store')
      .header('content-type', 'application/json')
      .send(JSON.stringify(shownWhy(answer)));
  });
}

/** Keys as the rest of the API has them. */
function shownWhy({ alert, routes, pages }: WhyAnswer): object {
  const { fingerprint, labels, state, startsAt, endsAt } = alert;
  return { fingerprint, labels, state, startsAt, endsAt, routes, pages };
}
