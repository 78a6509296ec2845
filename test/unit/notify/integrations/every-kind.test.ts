/** What holds for every kind that is sent over HTTP: what each answer means, and that nobody waits or tells secrets. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RECEIVER_KINDS } from '../../../../src/config/alertmanager/receivers/kinds';
import { SENDABLE_KINDS } from '../../../../src/notify/integrations';
import { startHttpCatcher, type CaughtRequest, type HttpCatcher } from '../../../harness/http-catcher';
import { firing, GROUPS, message, resolved } from './groups';
import { integrationOf, notify } from './sending';
import { CASES } from './vendors';

let server: HttpCatcher;
let other: HttpCatcher;

beforeEach(async () => {
  [server, other] = await Promise.all([startHttpCatcher(), startHttpCatcher()]);
});
afterEach(() => Promise.all([server.close(), other.close()]));

const CODES = [400, 401, 403, 404, 405, 408, 409, 410, 413, 422, 429, 500, 502, 503, 504, 599];
const PASSING = [408, 429];
const SECRET = /S3cr3t/;

/** Each alert with more text than any service takes. */
const HUGE = message({
  alerts: Array.from({ length: 400 }, (_, index) =>
    (index % 2 === 0 ? firing : resolved)(
      { alertname: 'Huge', instance: `ä${index}` },
      { text: '<x>'.repeat(500) },
    ),
  ),
});

it('sends every kind that the configuration may have', () => {
  expect([...SENDABLE_KINDS].sort()).toEqual([...RECEIVER_KINDS].sort());
});

it('has a case for every kind but those with a protocol of their own', () => {
  const kinds = [...SENDABLE_KINDS].filter((kind) => kind !== 'email' && kind !== 'sns');
  expect(kinds.filter((kind) => !(kind in CASES))).toEqual([]);
});

describe.each(Object.entries(CASES))(
  '%s',
  (_name, { vendor, receiver, addresses, passing = [], inFiles, files }) => {
    const make = (url = server.url) => integrationOf(receiver(url), '{}', { addresses: addresses?.(url) });

    it.each(Object.entries(GROUPS))(
      'tells of the group %s as its service wants it',
      async (_group, group) => {
        server.answerAlways(vendor());

        expect(await notify(make(), group)).toMatchObject({ kind: 'delivered' });
      },
    );

    it('keeps within the size that its service takes', async () => {
      server.answerAlways(vendor());

      expect(await notify(make(), HUGE)).toMatchObject({ kind: 'delivered' });
    });

    it.each(CODES)('HTTP %i', async (status) => {
      server.answerAlways({ status, body: { message: 'no' }, headers: { 'retry-after': '7' } });

      const delivery = await notify(make());

      const passes = status >= 500 || [...PASSING, ...passing].includes(status);
      expect(delivery).toMatchObject(
        passes
          ? { kind: 'retry', retryAfterMs: 7_000 }
          : { kind: 'refused', error: expect.stringContaining(`HTTP ${status} from 127.0.0.1`) as string },
      );
    });

    it('ends when it is told to, whatever the server does', async () => {
      server.answerAlways('hang');

      expect(await notify(make(), message(), AbortSignal.timeout(100))).toEqual({
        ...{ kind: 'retry', error: 'no answer in time', retryAfterMs: null },
      });
    });

    it('tries again after a connection that broke off', async () => {
      server.answerAlways('drop');

      expect(await notify(make())).toMatchObject({ kind: 'retry', retryAfterMs: null });
    });

    it('tries again where nobody listens', async () => {
      const integration = make();
      await server.close();

      const delivery = await notify(integration);

      expect(delivery).toMatchObject({
        kind: 'retry',
        error: expect.stringContaining('ECONNREFUSED') as string,
      });
      expect(JSON.stringify(delivery)).not.toMatch(SECRET);
    });

    it('takes its request along when it is redirected, but not its secrets', async () => {
      server.answerAlways({ status: 302, headers: { location: `${other.url}/moved` } });

      await notify(make());

      const [first] = server.requests;
      expect(other.requests[0]).toMatchObject({ method: first!.method, path: '/moved', body: first!.body });
      expect(JSON.stringify(other.requests[0]!.headers)).not.toMatch(SECRET);
    });

    it('never tells its secrets, though the server repeats them', async () => {
      server.answerAlways((request) => ({ status: 400, body: everythingOf(request) }));

      const delivery = await notify(make());

      expect(delivery.kind).toBe('refused');
      expect(JSON.stringify(delivery)).not.toMatch(SECRET);
    });

    it('knows what fails together', () => {
      expect(make()).toMatchObject({ receiver: 'team', index: 0, destination: server.url });
    });

    it('reads the files of its secrets at each message', async () => {
      server.answerAlways(vendor());
      const folder = mkdtempSync(join(tmpdir(), 'integration-'));
      const integration = integrationOf(inFiles!(server.url, folder), '{}', {
        addresses: addresses?.(server.url),
      });
      const write = (change: (content: string) => string): void => {
        for (const [name, content] of Object.entries(files!(server.url)))
          writeFileSync(join(folder, name), change(content));
      };

      expect(await notify(integration)).toMatchObject({
        kind: 'retry',
        error: expect.stringContaining('cannot read') as string,
      });
      write((content) => content.replace('S3cr3t', 'W1ong'));
      expect(await notify(integration)).toMatchObject({ kind: 'refused' });
      write((content) => `${content}\n`);
      expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
    });
  },
);

const everythingOf = ({ path, headers, body }: CaughtRequest): string =>
  // Its beginning alone is shown, so what may be secret comes first.
  `${Object.entries(headers)
    .filter(([name]) => /auth|user-id/.test(name))
    .join(' ')} ${path} ${/S3cr3t\w+/.exec(body)?.[0]}`;
