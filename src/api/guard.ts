/** Before anything is answered: whether too many ask, what every answer says, and who asks. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { basicAuth, type Authenticate } from './basic-auth';
import type { WebConfig } from './port';

type Users = WebConfig['users'];

/** `web`: what is in effect at the moment; it may change while the server runs. */
export function guard(app: FastifyInstance, web: () => WebConfig): void {
  const authenticate = authentication();
  const isWithin = rateLimit(web().rateLimit);
  app.addHook('onRequest', async (request, reply) => {
    const { headers, users } = web();
    if (!isWithin(performance.now())) return refuse(reply, 429, 'Too Many Requests');
    void reply.headers(headers);
    if (Object.keys(users).length === 0) return;
    if (await authenticate(users)(request.headers.authorization)) return;
    return refuse(reply.header('www-authenticate', 'Basic'), 401, 'Unauthorized');
  });
}

const refuse = (reply: FastifyReply, status: number, text: string): FastifyReply =>
  reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`);

/** Made anew when the users have changed, and with it forgets what it has remembered. */
function authentication(): (users: Users) => Authenticate {
  let known: { users: Users; authenticate: Authenticate } | null = null;
  return (users) => {
    if (known?.users !== users) known = { users, authenticate: basicAuth(users) };
    return known.authenticate;
  };
}

/** Whether one more may be served at a time, in milliseconds: so many at once, and another one after each interval. */
export function rateLimit(limit: WebConfig['rateLimit']): (at: number) => boolean {
  if (limit === null) return () => true;
  let [tokens, since] = [limit.burst, -Infinity];
  return (at) => {
    tokens = Math.min(limit.burst, tokens + Math.max(0, at - since) / limit.everyMs);
    since = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
