/** A whole Tocsin under measurement: an instance of its own on the servers, its roles in a process, and who receives its messages. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { schemaName } from '../src/domain/identity';
import { createKafka, withAdmin, type Kafka } from '../src/stream/kafka';
import { ensureTopics } from '../src/stream/topics';
import { startCatcher, type Catcher } from './catcher';
import { startChild, type Child } from './child';
import type { BenchStage } from './measure';

export interface System {
  readonly instance: string;
  readonly kafka: Kafka;
  readonly catcher: Catcher;
  readonly child: Child;
  close(): Promise<void>;
}

export interface SystemOptions {
  readonly roles: readonly string[];
  /** Added to the configuration. */
  readonly more?: object;
  readonly metricTopics?: (instance: string) => readonly string[];
  /** When the first message leaves: `fire` at once, `remediate` with what was found and tried. */
  readonly notifyAfter: 'fire' | 'enrich' | 'remediate';
}

export async function startSystem(stage: BenchStage, options: SystemOptions): Promise<System> {
  const instance = `b${randomBytes(5).toString('hex')}`;
  const kafka = createKafka({ brokers: [...stage.kafka], clientId: instance });
  await ensureTopics(kafka, instance, [...(options.metricTopics?.(instance) ?? [])], { development: true });
  const catcher = await startCatcher();
  const service = {
    name: 'service',
    type: 'notification_service',
    url: catcher.url,
    routing_key: 'dba',
    notify_after: options.notifyAfter,
  };
  // JSON is YAML. The chain's timer is what an alert's life has running while it fires.
  const config = {
    instance,
    kafka: { brokers: stage.kafka, development: true },
    temporal: { address: stage.temporal },
    postgres: { url: stage.postgres },
    http: { port: 0 },
    receivers: [service],
    route: { receivers: ['service'] },
    escalation: [
      {
        name: 'default',
        delay: '10m',
        levels: [{ name: 'on_call_dba', receivers: ['service'], timeout: '15m' }],
      },
    ],
    ...options.more,
  };
  const child = await startChild(require.resolve('./system-process'), [
    options.roles.join(','),
    JSON.stringify(config),
  ]);
  return {
    instance,
    kafka,
    catcher,
    child,
    async close() {
      await child.stop();
      await catcher.close();
      await removeTopics(kafka, instance);
      await dropSchema(stage.postgres, instance);
    },
  };
}

/** The instance's topics, and its groups as far as Kafka lets them go at once. */
export async function removeTopics(kafka: Kafka, instance: string): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${instance}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    const { groups } = await admin.listGroups();
    const mine = groups.map(({ groupId }) => groupId).filter((group) => group.startsWith(`${instance}.`));
    // A group whose process has just ended may still be open; Kafka forgets it later by itself.
    if (mine.length > 0) await admin.deleteGroups(mine).catch(() => undefined);
  });
}

export async function dropSchema(url: string, instance: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`drop schema if exists ${client.escapeIdentifier(schemaName(instance))} cascade`);
  } finally {
    await client.end();
  }
}
