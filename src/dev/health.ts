/** Whether a server really answers its own protocol. Each check rejects with the reason while it does not. */
import { Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';

const PATIENCE_MS = 3_000;

/** The default namespace is there: right after its start a Temporal server answers health checks before that. */
export async function checkTemporal(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: PATIENCE_MS });
  try {
    await connection.withDeadline(Date.now() + PATIENCE_MS, () =>
      connection.workflowService.describeNamespace({ namespace: 'default' }),
    );
  } finally {
    await connection.close();
  }
}

/** A metadata request: some broker answers and a controller is known. */
export async function checkKafka(brokers: readonly string[]): Promise<void> {
  const admin = new Kafka({
    clientId: 'tocsin-health',
    brokers: [...brokers],
    connectionTimeout: PATIENCE_MS,
    requestTimeout: PATIENCE_MS,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('the cluster has no broker yet');
  } finally {
    await admin.disconnect();
  }
}

export async function checkPostgres(url: string): Promise<void> {
  await withPostgres(url, (client) => client.query('select 1'));
}

/** The database named in the url, made when it is not there. */
export async function ensureDatabase(url: string): Promise<void> {
  const home = new URL(url);
  const name = home.pathname.slice(1);
  home.pathname = '/postgres';
  await withPostgres(home.href, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}

async function withPostgres(url: string, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
    application_name: 'tocsin-health',
  });
  // A server that is killed breaks the idle connection; without a listener that would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
