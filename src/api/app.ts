/**
 * All that Alertmanager answers over HTTP, without its web page: the API, probes, reload, metrics. Which connections are
 * taken, and from whom, is the server's part.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf } from '../domain/errors';
import { allowOrigins } from './cors';
import type { ApiOptions } from './options';
import { registerPreview } from './preview';
import { answerOf, Refusal } from './refusal';
import { notFound, registerV2 } from './v2';
import { registerWhy } from './why';

/** Prometheus sends at most a few hundred alerts at once: a few MB where annotations are long. */
const MAX_BODY_BYTES = 32 * 1_024 * 1_024;
const GET_CONCURRENCY = 64;

const GONE = {
  status: 'deprecated',
  error:
    'version 1 of the API was removed from Alertmanager in 0.27; version 2 has all that it had, below /api/v2',
};

/** `into`: how the server of the application is made; a plain one where it is left out. */
export function createApp(options: ApiOptions, into: object = {}): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: options.maxBodyBytes ?? MAX_BODY_BYTES,
    // An id of a silence may be of any length; the rest of a path is known.
    routerOptions: { maxParamLength: 1_024, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    return503OnClosing: true,
    exposeHeadRoutes: false,
    ...into,
  }) as unknown as FastifyInstance;
  const prefix = prefixOf(options.routePrefix);
  app.setErrorHandler((error, request, reply) => failed(options, error, request, reply));
  app.setNotFoundHandler((request, reply) => void nothingThere(app, request, reply));
  limitGets(app, options);
  void app.register(
    async (own) => {
      registerOwn(own, options);
      void own.register(async (v1) => registerV1(v1, options), { prefix: '/api/v1' });
      void own.register(async (v2) => registerApi(v2, options, prefix), { prefix: '/api/v2' });
      void own.register(async (more) => registerMore(more, options), { prefix: '/api/tocsin/v1' });
    },
    { prefix },
  );
  if (prefix !== '') app.get('/', (_request, reply) => reply.redirect(prefix, 302));
  return app;
}

/** Where something answers to other methods it is said which. */
function nothingThere(app: FastifyInstance, { url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = url.split('?')[0]!;
  const known = (['GET', 'HEAD', 'POST', 'DELETE'] as const).filter((method) =>
    app.hasRoute({ method, url: path }),
  );
  if (known.length === 0) return text(reply, 404, '404 page not found\n');
  return text(reply.header('allow', known.join(', ')), 405, 'Method Not Allowed\n');
}

function prefixOf(routePrefix = ''): string {
  const path = routePrefix.replace(/^\/+|\/+$/g, '');
  return path === '' ? '' : `/${path}`;
}

function registerOwn(app: FastifyInstance, { reload, scrape, log }: ApiOptions): void {
  ignoreBodies(app);
  // Ready from the start, as Alertmanager: who sends here is answered with 503 while it cannot be taken.
  for (const url of ['/-/healthy', '/-/ready'])
    app.route({ method: ['GET', 'HEAD'], url, handler: async (_request, reply) => text(reply, 200, 'OK') });
  app.post('/-/reload', async (_request, reply) => {
    try {
      await reload();
      return await text(reply, 200, '');
    } catch (error) {
      log.error({ err: error }, 'the configuration was not read again: the one before stays in effect');
      return text(reply, 500, `failed to reload config: ${messageOf(error)}\n`);
    }
  });
  app.get('/metrics', async (_request, reply) => {
    const { type, text: body } = await scrape();
    return reply.type(type).send(body);
  });
}

/** Of which Alertmanager has nothing. */
function registerMore(app: FastifyInstance, options: ApiOptions): void {
  registerWhy(app, options);
  registerPreview(app, options);
}

function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 65_536 }, (_request, _body, done) =>
    done(null),
  );
}

function registerV1(app: FastifyInstance, { log }: ApiOptions): void {
  const gone = async (request: FastifyRequest, reply: FastifyReply) => {
    log.warn({ path: request.url, method: request.method }, 'asked for version 1 of the API, which is gone');
    return reply
      .code(410)
      .header('content-type', 'application/json')
      .send(`${JSON.stringify(GONE)}\n`);
  };
  for (const path of ['/status', '/receivers', '/alerts', '/silences', '/silence/:id']) app.get(path, gone);
  for (const path of ['/alerts', '/silences']) app.post(path, gone);
  app.delete('/silence/:id', gone);
}

function registerApi(app: FastifyInstance, options: ApiOptions, prefix: string): void {
  if (options.corsOrigin !== undefined && options.corsOrigin !== '') allowOrigins(app, options.corsOrigin);
  measured(app, options, prefix);
  app.setNotFoundHandler(({ url }) => {
    throw notFound(url.split('?')[0]!.slice(prefix.length));
  });
  registerV2(app, options);
}

function measured(app: FastifyInstance, { metrics }: ApiOptions, prefix: string): void {
  app.addHook('onResponse', async (request, reply) => {
    const { url } = request.routeOptions;
    if (url === undefined) return;
    const handler = url.slice(prefix.length).replace(':silenceID', '{silenceID}');
    const method = request.method.toLowerCase();
    metrics.httpSeconds.observe(
      { handler, method, code: String(reply.statusCode) },
      reply.elapsedTime / 1_000,
    );
    const length = Number(reply.getHeader('content-length') ?? 0);
    metrics.httpBytes.observe({ handler, method }, length);
  });
}

/** Answers are made whole in memory: more readers than this would not be served sooner by being let in. */
function limitGets(app: FastifyInstance, { metrics, getConcurrency }: ApiOptions): void {
  const most = getConcurrency === undefined || getConcurrency < 1 ? GET_CONCURRENCY : getConcurrency;
  const counted = new WeakSet<FastifyRequest>();
  let underWay = 0;
  const changed = (by: 1 | -1): void => metrics.httpInFlight.set({ method: 'get' }, (underWay += by));
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET') return;
    if (underWay >= most) {
      metrics.httpLimited.inc({ method: 'get' });
      return text(reply, 503, `${most} GET requests are under way, which is the limit; try again later\n`);
    }
    counted.add(request);
    changed(1);
  });
  // Called as well when the client is gone before it has the answer.
  app.addHook('onResponse', async (request) => {
    if (counted.delete(request)) changed(-1);
  });
}

function failed(
  { log }: ApiOptions,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = error instanceof Refusal ? error : ofFramework(error);
  const { status, body, headers } = answerOf(known);
  const { method, url } = request;
  if (status >= 500) log.error({ err: error, method, url }, 'a request could not be answered');
  else log.debug({ reason: messageOf(error), method, url }, 'a request was refused');
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store', 'content-type': 'application/json' })
    .send(JSON.stringify(body));
}

/** What the framework refuses by itself: a body that is too long, one that was cut off. */
function ofFramework(error: unknown): unknown {
  const { statusCode } = error as { readonly statusCode?: number };
  if (statusCode === undefined || statusCode >= 500) return error;
  return new Refusal(statusCode, messageOf(error), statusCode);
}

function text(reply: FastifyReply, status: number, body: string): FastifyReply {
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(body);
}
