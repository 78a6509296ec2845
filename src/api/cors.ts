/** Which web pages of other origins may use the API: as Alertmanager's `--web.cors.origin` says it. */
import type { FastifyInstance } from 'fastify';
import { regexOf } from '../domain/alertmanager-regex';

const METHODS = ['GET', 'POST', 'DELETE'];
const PREFLIGHT_KEPT_S = '600';

/** For the routes of `app` and what lies below them. Throws a RangeError for what is no regular expression. */
export function allowOrigins(app: FastifyInstance, source: string): void {
  const isAllowed = regexOf(source);
  app.addHook('onRequest', async ({ method, headers }, reply) => {
    const { origin } = headers;
    const asked = method === 'OPTIONS' ? headers['access-control-request-method'] : undefined;
    void reply.header(
      'vary',
      asked === undefined
        ? 'Origin'
        : 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    );
    const isWelcome = origin !== undefined && isAllowed(origin);
    if (asked === undefined) {
      if (isWelcome) void reply.header('access-control-allow-origin', origin);
      return;
    }
    if (isWelcome && METHODS.includes(asked.toUpperCase())) {
      void reply.header('access-control-allow-origin', origin);
      void reply.header('access-control-allow-methods', asked.toUpperCase());
      void reply.header('access-control-max-age', PREFLIGHT_KEPT_S);
      const wanted = headers['access-control-request-headers'];
      if (wanted !== undefined) void reply.header('access-control-allow-headers', wanted);
    }
    return reply.code(204).send();
  });
}
