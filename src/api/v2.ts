/** The endpoints of Alertmanager's HTTP API, version 2. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { listedAlerts, listedGroups } from './alert-lists';
import { parseJson } from './body';
import type { ApiOptions } from './options';
import {
  lastsUntilResolved,
  listedSilences,
  shownSilence,
  untilResolved,
  wantedSilence,
} from './posted-silence';
import { receivedAlerts } from './posted-alerts';
import { labelFilterIn, type Query } from './query';
import { Refusal } from './refusal';
import { ALERTMANAGER_VERSION, revisionOf } from './stands-in-for';

type Handler = (request: FastifyRequest) => Promise<unknown>;
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', Handler>>>;

/** What a handler answers that has nothing to say. */
const NOTHING = Symbol('nothing');

const ALL_METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS'];

export function registerV2(app: FastifyInstance, options: ApiOptions): void {
  // Whatever a client says of a body that it does not have is as well.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const [path, methods] of Object.entries(endpoints(options))) {
    for (const [method, handler] of Object.entries(methods)) {
      app.route({ method, url: path, handler: (request, reply) => answer(handler, request, reply) });
    }
    const known = Object.keys(methods);
    const others = ALL_METHODS.filter((method) => !known.includes(method));
    const refused = malformedMethod(known);
    app.route({ method: others, url: path, handler: (request, reply) => answer(refused, request, reply) });
  }
}

async function answer(handler: Handler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const answered = await handler(request);
  void reply.header('cache-control', 'no-store');
  if (answered === NOTHING) return reply.code(200).send();
  return reply.header('content-type', 'application/json').send(JSON.stringify(answered));
}

const malformedMethod =
  (known: readonly string[]): Handler =>
  async ({ method }) => {
    const message = `method ${method} is not allowed, but ${known.join(', ')}`;
    throw new Refusal(405, message, 405, { allow: known.join(',') });
  };

function endpoints(options: ApiOptions): Readonly<Record<string, Methods>> {
  const { alerts, silences, config, now, metrics, openAlerts = async () => [] } = options;
  const queryOf = (request: FastifyRequest): Query => request.query as Query;
  return {
    '/alerts': {
      GET: async (request) => {
        const find = listedAlerts(queryOf(request), config());
        return find(await alerts.list());
      },
      POST: async (request) => {
        const at = now();
        const { resolveTimeoutMs, matcherMode } = config();
        const received = receivedAlerts(bodyOf(request, 'alerts'), {
          now: at.getTime(),
          ...{ resolveTimeoutMs, matcherMode },
        });
        const { firing, faults } = received;
        const total = received.alerts.length + faults.length;
        metrics.alertsReceived.inc({ status: 'firing', version: 'v2' }, firing);
        metrics.alertsReceived.inc({ status: 'resolved', version: 'v2' }, total - firing);
        metrics.alertsInvalid.inc({ version: 'v2' }, faults.length);
        if (received.alerts.length > 0) await alerts.post(received.alerts);
        if (faults.length > 0) throw new Refusal(400, faults.join('\n'));
        return NOTHING;
      },
    },
    '/alerts/groups': {
      GET: async (request) => {
        const find = listedGroups(queryOf(request), config());
        return find(await alerts.groups());
      },
    },
    '/silences': {
      GET: async (request) => {
        const at = now();
        const find = listedSilences(queryOf(request), at.getTime(), config().matcherMode);
        return find(await silences.list(at));
      },
      POST: async (request) => {
        const at = now();
        const body = bodyOf(request, 'silence');
        const wanted = wantedSilence(body, at.getTime(), config().matcherMode);
        const isBounded = !lastsUntilResolved(body);
        const id = await silences.set(isBounded ? wanted : untilResolved(wanted, await openAlerts()), at);
        if (id === null) throw new Refusal(404, 'there is no silence with this id');
        return { silenceID: id };
      },
    },
    '/silence/:silenceID': {
      GET: async (request) => {
        const at = now();
        const silence = await silences.get(silenceId(request), at);
        if (silence === null) throw new Refusal(404, 'there is no silence with this id');
        return shownSilence(silence, at.getTime());
      },
      DELETE: async (request) => {
        if (await silences.expire(silenceId(request), now())) return NOTHING;
        throw new Refusal(404, 'there is no silence with this id');
      },
    },
    '/receivers': {
      GET: async (request) => {
        const { receivers, matcherMode } = config();
        const isAsked = labelFilterIn(queryOf(request), 'receiver_matchers', matcherMode);
        return receivers
          .filter(({ labels }) => isAsked(labels))
          .map(({ name, labels }) => ({ name, labels }));
      },
    },
    '/status': {
      GET: async () => ({
        cluster: await options.cluster(),
        config: { original: config().original },
        uptime: options.startedAt.toISOString(),
        versionInfo: versionInfo(options.version),
      }),
    },
  };
}

const silenceId = (request: FastifyRequest): string =>
  (request.params as { readonly silenceID: string }).silenceID;

function bodyOf(request: FastifyRequest, what: string): unknown {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  const body = (request.body ?? Buffer.alloc(0)) as Buffer;
  if (body.length > 0 && type !== 'application/json') {
    const message = `the content-type ${JSON.stringify(type)} is not read, but application/json`;
    throw new Refusal(415, message, 415);
  }
  return parseJson(body, what);
}

/** Alertmanager tells of its build; the fields have to be there, and amtool shows them. */
const versionInfo = (version: string): unknown => ({
  branch: '',
  buildDate: '',
  buildUser: '',
  goVersion: '',
  revision: revisionOf(version),
  version: ALERTMANAGER_VERSION,
});

export const notFound = (path: string): Error => new Refusal(404, `there is nothing at ${path}`, 404);
