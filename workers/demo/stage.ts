/** What the demo plays on: servers of its own, a database to break, and somebody who receives the messages. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { SMTPServer } from 'smtp-server';
import { startServers, type Addresses } from '../../src/dev/servers';
import type { NotificationPayload } from '../../src/domain/notification';

export interface ReceivedHook {
  readonly at: number;
  readonly payload: NotificationPayload;
}
export interface ReceivedMail {
  readonly at: number;
  readonly to: string;
  readonly subject: string;
}

export interface Stage {
  readonly addresses: Addresses;
  /** The database that gets into trouble, as its applications see it. */
  readonly application: string;
  /** For examples/demo.yaml. */
  readonly environment: Readonly<Record<string, string>>;
  readonly hooks: readonly ReceivedHook[];
  readonly mails: readonly ReceivedMail[];
  close(): Promise<void>;
}

/** Few, so that a handful of sessions uses them up. */
const DATABASE_CONNECTIONS = 40;

export async function setStage(dataDir: string, progress: (text: string) => void): Promise<Stage> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    const servers = await startServers({
      dataDir: join(dataDir, 'servers'),
      which: ['temporal', 'kafka', 'postgres'],
      variables: 'none',
      progress,
    });
    closing.push(() => servers.stop());
    progress('orders-db: the database that will get into trouble');
    const orders = await startServers({
      dataDir: join(dataDir, 'orders-db'),
      which: ['postgres'],
      variables: 'none',
      ports: 'any',
      postgresSettings: { max_connections: String(DATABASE_CONNECTIONS) },
    });
    closing.push(() => orders.stop());
    const application = await createApplicationUser(orders.postgres.url);
    const mails: ReceivedMail[] = [];
    const smtp = await receiveMails(mails);
    closing.push(smtp.close);
    const hooks: ReceivedHook[] = [];
    const hook = await receiveHooks(hooks);
    closing.push(hook.close);
    const environment = {
      TOCSIN_KAFKA: servers.kafka.brokers.join(','),
      TOCSIN_TEMPORAL: servers.temporal.address,
      TOCSIN_POSTGRES: servers.postgres.url,
      DEMO_DATABASE: orders.postgres.url,
      DEMO_SERVICE: `127.0.0.1:${await freePort()}`,
      DEMO_HOOK: `http://127.0.0.1:${hook.port}/alerts`,
      DEMO_SMTP_PORT: String(smtp.port),
    };
    return { addresses: servers, application, environment, hooks, mails, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An ordinary user: runbooks never end a superuser's sessions. Answers the URL that applications use. */
async function createApplicationUser(superuser: string): Promise<string> {
  const client = new Client({ connectionString: superuser });
  await client.connect();
  try {
    const { rowCount } = await client.query(`select 1 from pg_roles where rolname = 'orders_app'`);
    if (rowCount === 0) await client.query(`create role orders_app login password 'orders'`);
    await client.query('create table if not exists orders (id bigint primary key, total numeric)');
    await client.query('insert into orders values (1, 10) on conflict do nothing');
    await client.query('grant all on orders to orders_app');
  } finally {
    await client.end();
  }
  const url = new URL(superuser);
  url.username = 'orders_app';
  url.password = 'orders';
  return url.toString();
}

async function receiveHooks(hooks: ReceivedHook[]): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      hooks.push({
        at: Date.now(),
        payload: JSON.parse(Buffer.concat(chunks).toString()) as NotificationPayload,
      });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, close };
}

async function receiveMails(mails: ReceivedMail[]): Promise<{ port: number; close(): Promise<void> }> {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const subject = /^subject: (.*(?:\r\n[ \t].*)*)/im.exec(Buffer.concat(chunks).toString())?.[1] ?? '';
        for (const { address } of session.envelope.rcptTo)
          mails.push({ at: Date.now(), to: address, subject: subject.replace(/\r\n\s+/g, ' ') });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
  return { port: (server.server.address() as AddressInfo).port, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
