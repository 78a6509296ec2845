import { appendFile, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  startNotificationService,
  type NotificationService,
  type NotificationServiceOptions,
} from '../../../src/dev/notification-service/service';
import { testServers, uniqueInstance } from '../../harness/servers';
import { startSmtpCatcher, type SmtpCatcher, type SmtpCatcherOptions } from '../../harness/smtp-catcher';
import { waitFor } from '../../harness/wait-for';

const FROM = 'tocsin@example.com';
const message = (over: Record<string, unknown> = {}) => ({
  alert_name: 'IdleInTransaction',
  subject: 'IdleInTransaction on prod-db-01',
  body_text: 'twelve sessions are idle in transaction',
  message_id: '0123456789abcdef:1700000000000:fired',
  routing_key: 'dba',
  severity: 'critical',
  runbook_url: null,
  ...over,
});

let folder: string;
let smtp: SmtpCatcher;
let service: NotificationService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notification-service-'));
});

afterEach(async () => {
  await service?.close();
  await smtp?.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(
  over: Partial<NotificationServiceOptions> = {},
  smtpOptions?: SmtpCatcherOptions,
): Promise<void> {
  smtp = await startSmtpCatcher(smtpOptions);
  await openService(over);
}

async function openService(over: Partial<NotificationServiceOptions> = {}): Promise<void> {
  service = await startNotificationService({
    port: 0,
    recipients: { kind: 'map', map: { dba: ['dba@example.com'], default: ['oncall@example.com'] } },
    smtp: { host: smtp.host, port: smtp.port },
    from: FROM,
    deliveriesFile: join(folder, 'deliveries.jsonl'),
    ...over,
  });
}

async function post(body: unknown, path = '/ingest', headers: Record<string, string> = {}) {
  const response = await fetch(service.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a message', () => {
  test.each(['/ingest', '/alerts'])('posted to %s is mailed to those under its routing key', async (path) => {
    await open();
    expect(await post(message(), path)).toEqual({
      status: 200,
      body: { status: 'sent', message_id: message().message_id, recipients: 1, rejected: [] },
    });
    const [caught] = smtp.mails;
    expect(caught).toMatchObject({ from: FROM, to: ['dba@example.com'] });
    expect(caught?.mail.subject).toBe('IdleInTransaction on prod-db-01');
    expect(caught?.mail.text).toContain('twelve sessions are idle in transaction');
    expect(caught?.mail.text).toContain('Severity: critical');
    expect(caught?.mail.text).not.toContain('Runbook');
  });

  test('with no key, or one that nobody is registered under, goes to default', async () => {
    await open();
    await post(message({ message_id: 'a:1:x', routing_key: null }));
    await post(message({ message_id: 'b:1:x', routing_key: 'nobody' }));
    await post(message({ message_id: 'c:1:x', routing_key: 'constructor' }));
    expect(smtp.mails.map((mail) => mail.to)).toEqual(Array(3).fill(['oncall@example.com']));
  });

  test('is printed once where there is no SMTP server', async () => {
    const printed: object[] = [];
    const log = { info: (fields: object) => void printed.push(fields), warn: () => {}, error: () => {} };
    await open({ smtp: null, log });
    expect((await post(message())).body).toMatchObject({ status: 'sent', recipients: 1 });
    expect((await post(message())).body).toMatchObject({ status: 'duplicate' });
    const mails = printed.filter((fields) => 'text' in fields);
    expect(mails).toMatchObject([
      { message_id: message().message_id, subject: message().subject, text: expect.stringMatching('twelve') },
    ]);
    expect(smtp.mails).toEqual([]);
  });

  test('that nobody would get is refused', async () => {
    await open({ recipients: { kind: 'map', map: { dba: ['dba@example.com'] } } });
    const { status, body } = await post(message({ routing_key: 'network' }));
    expect([status, body.reason]).toEqual([
      422,
      'nobody is registered under routing_key network, nor under default',
    ]);
  });

  test('that is sent twice has one Message-ID, and an episode is one thread', async () => {
    await open();
    smtp.refuse({ command: 'data', code: 451 });
    await post(message());
    await post(message());
    await post(message({ message_id: '0123456789abcdef:1700000000000:resolved' }));
    await service.close();
    await rm(join(folder, 'deliveries.jsonl'));
    await openService();
    await post(message());
    const [first, resolved, again] = smtp.mails.map(({ mail }) => mail);
    expect(first?.messageId).toMatch(/^<[0-9a-f]{32}@tocsin>$/);
    expect(again?.messageId).toBe(first?.messageId);
    expect(resolved?.messageId).not.toBe(first?.messageId);
    expect(resolved?.references).toBe(first?.references);
  });
});

describe('a duplicate', () => {
  test('is answered 200 and mailed once, also after a restart', async () => {
    await open();
    await post(message());
    const duplicate = { status: 200, body: { status: 'duplicate', message_id: message().message_id } };
    expect(await post(message())).toEqual(duplicate);
    await service.close();
    await openService();
    expect(await post(message())).toEqual(duplicate);
    expect(smtp.mails).toHaveLength(1);
  });

  test('that comes while the first is under way is mailed once', async () => {
    await open();
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(message())));
    expect(answers.map(({ body }) => body.status).sort()).toEqual([...Array(4).fill('duplicate'), 'sent']);
    expect(smtp.mails).toHaveLength(1);
  });

  test('is known although a crash cut the last line of the file short', async () => {
    await open();
    await post(message());
    await service.close();
    await appendFile(join(folder, 'deliveries.jsonl'), '{"message_id":"other:1:fired","to":["db');
    await openService();
    expect((await post(message())).body.status).toBe('duplicate');
    expect((await post(message({ message_id: 'other:1:fired' }))).body.status).toBe('sent');
    await service.close();
    await openService();
    expect((await post(message({ message_id: 'other:1:fired' }))).body.status).toBe('duplicate');
  });

  test('cannot be overlooked by a second process on the same file', async () => {
    await open();
    const second = startNotificationService({
      port: 0,
      recipients: { kind: 'map', map: {} },
      smtp: { host: smtp.host, port: smtp.port },
      from: FROM,
      deliveriesFile: join(folder, 'deliveries.jsonl'),
    });
    await expect(second).rejects.toMatchObject({ code: 'TOC_USAGE' });
  });
});

describe('recipients', () => {
  test('come from a file, which may be edited while the service runs', async () => {
    const path = join(folder, 'recipients.yaml');
    await writeFile(path, 'dba: [first@example.com, second@example.com]\ndefault: oncall@example.com\n');
    await open({ recipients: { kind: 'file', path } });
    await post(message({ message_id: 'a:1:x' }));
    await writeFile(path, 'dba: third@example.com\n');
    await utimes(path, new Date(), new Date(Date.now() + 5_000));
    await post(message({ message_id: 'b:1:x' }));
    await writeFile(path, 'dba: [not an address]\n');
    await utimes(path, new Date(), new Date(Date.now() + 10_000));
    await post(message({ message_id: 'c:1:x' }));
    expect(smtp.mails.map((mail) => mail.to)).toEqual([
      ['first@example.com', 'second@example.com'],
      ['third@example.com'],
      ['third@example.com'],
    ]);
  });

  test('in a file that is wrong keep the service from starting, with the place named', async () => {
    const path = join(folder, 'recipients.yaml');
    await writeFile(path, 'dba: [nobody]\n');
    const starting = startNotificationService({
      port: 0,
      recipients: { kind: 'file', path },
      smtp: { host: '127.0.0.1', port: 1 },
      from: FROM,
      deliveriesFile: join(folder, 'deliveries.jsonl'),
    });
    await expect(starting).rejects.toMatchObject({
      code: 'TOC_CONFIG_INVALID',
      message: expect.stringMatching(`^recipients in ${path}: dba`),
    });
  });

  test('come from a query, whose failure asks the sender to come again', async () => {
    const url = testServers().postgres;
    const schema = uniqueInstance();
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(`create schema ${schema}`);
      await client.query(`create table ${schema}.people (team text, mail text)`);
      await client.query(
        `insert into ${schema}.people values ('dba', 'a@example.com'), ('dba', 'b@example.com')`,
      );
      const query = `select mail from ${schema}.people where team = $1 order by mail`;
      await open({ recipients: { kind: 'sql', url, query } });
      expect((await post(message())).body).toMatchObject({ status: 'sent', recipients: 2 });
      expect(smtp.mails[0]?.to).toEqual(['a@example.com', 'b@example.com']);
      await client.query(`drop table ${schema}.people`);
      const { status, body } = await post(message({ message_id: 'x:1:y' }));
      expect(status).toBe(503);
      expect(body.reason).toMatch(/^recipients of routing_key dba: relation .* does not exist/);
    } finally {
      await client.query(`drop schema if exists ${schema} cascade`);
      await client.end();
    }
  });
});

describe('an SMTP server that', () => {
  test.each([
    ['connect', 421, 503],
    ['mail', 451, 503],
    ['rcpt', 450, 503],
    ['data', 452, 503],
    ['mail', 550, 502],
    ['rcpt', 550, 502],
    ['data', 554, 502],
  ] as const)(
    'refuses %s with %i makes the answer %i, and the next try succeeds',
    async (command, code, status) => {
      await open();
      smtp.refuse({ command, code, text: 'says the server' });
      const answer = await post(message());
      expect(answer.status).toBe(status);
      expect(answer.body.reason).toMatch(/^SMTP: .*/);
      expect(answer.body.reason).toContain(String(code));
      expect(smtp.mails).toHaveLength(0);
      expect((await post(message())).body.status).toBe('sent');
      expect(smtp.mails).toHaveLength(1);
    },
  );

  test('is away makes the answer 503 with the reason', async () => {
    await open();
    await smtp.close();
    const answer = await post(message());
    expect(answer.status).toBe(503);
    expect(answer.body.reason).toMatch(/ECONNREFUSED/);
    await expect(service.check()).rejects.toThrow(/ECONNREFUSED/);
  });

  test('wants a login gets it, and a wrong one may be mended', async () => {
    await open({}, { user: 'tocsin', password: 'right' });
    await service.close();
    await openService({ smtp: { host: smtp.host, port: smtp.port, user: 'tocsin', password: 'wrong' } });
    expect((await post(message())).status).toBe(503);
    await service.close();
    await openService({ smtp: { host: smtp.host, port: smtp.port, user: 'tocsin', password: 'right' } });
    await service.check();
    expect((await post(message())).body.status).toBe('sent');
  });

  test('refuses one recipient for now gets the rest of the mail later, and nobody gets it twice', async () => {
    await open({ recipients: { kind: 'map', map: { dba: ['Ann <a@Example.com>', 'b@example.com'] } } });
    smtp.refuse({ command: 'rcpt', code: 450, recipient: 'b@example.com' });
    expect(await post(message())).toMatchObject({ status: 503, body: { recipients: 1 } });
    expect(await post(message())).toMatchObject({ status: 200, body: { status: 'sent', recipients: 2 } });
    expect(smtp.mails.map((mail) => mail.to)).toEqual([['a@example.com'], ['b@example.com']]);
    expect((await post(message())).body.status).toBe('duplicate');
  });

  test('refuses one recipient for good does not keep the others from being told', async () => {
    await open({ recipients: { kind: 'map', map: { dba: ['a@example.com', 'gone@example.com'] } } });
    smtp.refuseAlways({ command: 'rcpt', code: 550, recipient: 'gone@example.com' });
    const answer = await post(message());
    expect(answer).toMatchObject({ status: 200, body: { status: 'sent', recipients: 1 } });
    expect(answer.body.rejected).toEqual([
      { address: 'gone@example.com', reason: expect.stringContaining('550') },
    ]);
    expect((await post(message())).body.status).toBe('duplicate');
  });
});

describe('bad input', () => {
  test('gets every problem at once', async () => {
    await open();
    const { status, body } = await post(
      message({ subject: '', message_id: undefined, affected_users_count: -1, labels: { a: 1 } }),
    );
    expect(status).toBe(400);
    const paths = (body.problems as { path: string }[]).map((problem) => problem.path);
    expect(paths.sort()).toEqual(['affected_users_count', 'labels.a', 'message_id', 'subject']);
    expect(smtp.mails).toHaveLength(0);
  });

  test('that is not JSON is named so', async () => {
    await open();
    expect(await post('{"alert_name":')).toMatchObject({
      status: 400,
      body: { status: 'invalid', problems: [{ path: '', message: expect.stringMatching(/^not JSON/) }] },
    });
  });

  test('larger than the limit is refused, and the service goes on', async () => {
    await open({ maxBodyBytes: 10_000 });
    expect(await post(message({ body_text: 'x'.repeat(3_000_000) }))).toMatchObject({ status: 413 });
    expect((await post(message())).body.status).toBe('sent');
  });

  test('in the subject cannot add headers or recipients', async () => {
    await open();
    await post(message({ subject: 'Hello\r\nBcc: thief@example.com\r\n\r\nbody' }));
    expect(smtp.mails[0]?.to).toEqual(['dba@example.com']);
    expect(smtp.mails[0]?.raw).not.toMatch(/^Bcc:/im);
  });

  test('of path, method or token is refused', async () => {
    await open({ token: 'secret' });
    expect((await post(message(), '/elsewhere')).status).toBe(404);
    expect((await fetch(`${service.url}/ingest`)).status).toBe(405);
    expect((await post(message())).status).toBe(401);
    expect((await post(message(), '/ingest', { authorization: 'Bearer secret' })).status).toBe(200);
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
  });
});

test('closing answers what is under way first', async () => {
  await open();
  const answers = Array.from({ length: 8 }, (_, at) => post(message({ message_id: `m:${at}:x` })));
  await waitFor(() => smtp.mails.length > 0, { what: 'the first mail', intervalMs: 1 });
  await service.close();
  for (const answer of await Promise.all(answers)) expect(answer.body.status).toBe('sent');
  await expect(post(message())).rejects.toThrow();
});
