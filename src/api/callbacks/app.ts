/**
 * What services call back: `POST /callbacks/{service}/{receiver}/…`. Bodies are read as bytes, for signatures are made over bytes, and
 * nothing of them is looked at before its signature has been. A good one is always served; whoever floods us with bad ones is not even
 * logged.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { messageOf } from '../../domain/errors';
import { rateLimit } from '../guard';
import { NOT_SIGNED, type CallbackAnswer, type CallbackOptions, type Called } from './options';
import { fromPagerduty } from './pagerduty';
import type { Caller } from './port';
import { fromSlack } from './slack';
import { fromTwilio } from './twilio';

const MAX_BODY_BYTES = 1_048_576;
/** Of those that are refused. */
const REFUSALS = { burst: 20, everyMs: 1_000 };

export interface CallbackApp {
  readonly app: FastifyInstance;
  /** What is done after answers have left. */
  settled(): Promise<void>;
}

export function createCallbackApp(options: CallbackOptions): CallbackApp {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: 200 },
    return503OnClosing: true,
    exposeHeadRoutes: false,
    requestTimeout: 15_000,
    forceCloseConnections: 'idle',
  });
  const underWay = new Set<Promise<void>>();
  const mayRefuse = rateLimit(REFUSALS);

  function begin(work: () => Promise<void>): void {
    const running: Promise<void> = work()
      .catch((error: unknown) => options.log.error({ err: error }, `a callback failed: ${messageOf(error)}`))
      .finally(() => underWay.delete(running));
    underWay.add(running);
  }

  function refuse(reply: FastifyReply, caller: Pick<Caller, 'service' | 'receiver'>): FastifyReply {
    if (!mayRefuse(performance.now())) return reply.code(429).send('');
    const { service, receiver } = caller;
    options.log.warn(
      { service, receiver },
      `a callback of ${service} is not signed as it should be: it is refused`,
    );
    options.onEvent?.({ service, receiver, outcome: 'not_signed', detail: 'the signature is not valid' });
    return reply.code(NOT_SIGNED.status).type('text/plain; charset=utf-8').send(NOT_SIGNED.body);
  }

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 503 } = error as { statusCode?: number };
    // Whoever may try again does so: what has not been done is not answered with success.
    return reply.code(statusCode < 500 ? statusCode : 503).send('');
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(''));
  app.post('/callbacks/:service/:receiver', handle);
  app.post('/callbacks/:service/:receiver/*', handle);

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { service, receiver, '*': rest = '' } = request.params as Record<string, string>;
    const caller = options.callers.find((one) => one.service === service && one.receiver === receiver);
    if (caller === undefined || caller.secrets.length === 0) return reply.code(404).send('');
    const answer = await answerTo(options, caller, calledBy(request, rest));
    if (answer === NOT_SIGNED) return refuse(reply, caller);
    if (answer.afterwards !== undefined) begin(answer.afterwards);
    return reply
      .code(answer.status)
      .type(answer.type ?? 'text/plain; charset=utf-8')
      .send(answer.body ?? '');
  }

  return {
    app,
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

function calledBy({ headers, body, url }: FastifyRequest, rest: string): Called {
  return {
    header: (name) => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(',') : value;
    },
    body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    url,
    rest: rest === '' ? [] : rest.split('/'),
  };
}

function answerTo(options: CallbackOptions, caller: Caller, called: Called): Promise<CallbackAnswer> {
  switch (caller.service) {
    case 'pagerduty':
      return fromPagerduty(options, caller, called);
    case 'slack':
      return fromSlack(options, caller, called);
    case 'twilio':
      return fromTwilio(options, caller, called);
  }
}
