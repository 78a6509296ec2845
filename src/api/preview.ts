/** What a silence would mute, before it is made: Alertmanager has no answer for that, so it stands beside its API. */
import type { FastifyInstance } from 'fastify';
import { matchersFault } from '../domain/silence';
import type { ApiOptions } from './options';
import { matchersIn, type Query } from './query';
import { Refusal } from './refusal';

export function registerPreview(
  app: FastifyInstance,
  { preview, config }: Pick<ApiOptions, 'preview' | 'config'>,
): void {
  if (preview === undefined) return;
  app.get('/silences/preview', async ({ query }, reply) => {
    const { matcherMode } = config();
    const matchers = matchersIn(query as Query, 'filter', matcherMode);
    const fault = matchersFault(matchers, matcherMode);
    if (fault !== null)
      throw new Refusal(400, `this cannot be a silence: ${fault}; give filter=MATCHER, once or more often`);
    return reply
      .header('cache-control', 'no-store')
      .header('content-type', 'application/json')
      .send(JSON.stringify(await preview(matchers)));
  });
}
