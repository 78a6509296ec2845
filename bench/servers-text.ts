/** Which servers a measurement ran on. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import type { ServerName } from '../src/dev/servers';
import type { BenchStage } from './measure';

export async function serversText(
  which: readonly ServerName[],
  { temporal, postgres }: Pick<BenchStage, 'temporal' | 'postgres'>,
  kafkaPid: number | null,
): Promise<string> {
  const versions: Record<ServerName, () => Promise<string>> = {
    kafka: async () => `Kafka ${await kafkaVersion(kafkaPid)}`,
    temporal: async () => `Temporal ${await temporalVersion(temporal)}`,
    postgres: async () => `PostgreSQL ${await postgresVersion(postgres)}`,
  };
  return (await Promise.all(which.map((name) => versions[name]()))).join(', ');
}

/** Kafka's protocol does not tell the broker's version; the name of the jar that we started does. */
async function kafkaVersion(pid: number | null): Promise<string> {
  const words =
    pid === null ? [] : (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const classpath = words[words.indexOf('-cp') + 1] ?? '';
  const jars = await readdir(dirname(classpath)).catch(() => []);
  return (
    jars.map((jar) => /^kafka_2\.\d+-([\d.]+)\.jar$/.exec(jar)?.[1]).find(Boolean) ?? '(version not known)'
  );
}

async function temporalVersion(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    return (await connection.workflowService.getSystemInfo({})).serverVersion;
  } finally {
    await connection.close();
  }
}

async function postgresVersion(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]!.server_version;
  } finally {
    await client.end();
  }
}
