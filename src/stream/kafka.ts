/**
 * The connection to Kafka: one client a process, from which producers, consumers and admins are made.
 *
 * kafkajs retries little here on purpose: whoever uses the client retries by itself, with a reason that is visible
 * and an end that is known.
 */
import { Kafka, logLevel, type Admin, type KafkaConfig } from 'kafkajs';
import { messageOf, TocsinError } from '../domain/errors';
import { registerCodecs } from './compression';
import { ignoreEvents, type OnStreamEvent } from './events';
import { quietIdleConnections } from './idle-connections';
import { listLeaderlessTopics } from './leaderless-topics';

export type { Kafka };

export interface KafkaOptions {
  /** `host:port`, one or more. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
  readonly onEvent?: OnStreamEvent;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** What kafkajs says each time and nobody can act on. */
const CHATTER =
  /Limiting retries for the idempotent producer|switched default partitioner|Response without match/;

export function createKafka({ brokers, clientId, ssl, sasl, onEvent = ignoreEvents }: KafkaOptions): Kafka {
  registerCodecs();
  quietIdleConnections();
  listLeaderlessTopics();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ssl,
    sasl,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _, ...details } = entry.log;
      if (CHATTER.test(message)) return;
      onEvent({
        kind: 'client_log',
        level: entry.level === logLevel.ERROR ? 'error' : 'warn',
        message,
        details,
      });
    },
  });
}

/** Runs `use` with a connected admin and disconnects it. Throws TOC_DEPENDENCY_AWAY when Kafka cannot be reached. */
export async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await use(admin);
  } catch (error) {
    throw kafkaAway(error);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Resolves with a detail for people when Kafka answers; for `/readyz`. */
export async function checkKafka(kafka: Kafka): Promise<string> {
  const cluster = await withAdmin(kafka, (admin) => admin.describeCluster());
  return `${cluster.brokers.length} broker(s)`;
}

export function kafkaAway(error: unknown): TocsinError {
  if (error instanceof TocsinError) return error;
  return new TocsinError('TOC_DEPENDENCY_AWAY', `Kafka: ${reasonOf(error)}`, { cause: error });
}

/** Where several topics are asked for, kafkajs has an error for each, and one of them all that gives no reason. */
function reasonOf(error: unknown): string {
  const each: unknown = error instanceof Error && 'errors' in error ? error.errors : null;
  return Array.isArray(each) && each.length > 0 ? each.map(messageOf).join('; ') : messageOf(error);
}
