/** Who is told, by routing key. A key that nobody is registered under goes to the key `default`. */
import { readFile, stat } from 'node:fs/promises';
import { Pool } from 'pg';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, TocsinError } from '../../domain/errors';

export interface Recipients {
  /** Mail addresses; empty when nobody is registered. Rejects when it cannot be looked up now. */
  find(routingKey: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type RecipientsSource =
  | { readonly kind: 'map'; readonly map: RecipientMap }
  /** A YAML or JSON file with a map as above; read again when it changes. */
  | { readonly kind: 'file'; readonly path: string }
  /** A query with $1, the routing key; the first column of each row is an address or an array of them. */
  | { readonly kind: 'sql'; readonly url: string; readonly query: string };

export type RecipientMap = Readonly<Record<string, readonly string[]>>;

const DEFAULT_KEY = 'default';
const QUERY_PATIENCE_MS = 3_000;

const mapSchema = z.record(
  z.string(),
  z.union([z.email().transform((address) => [address]), z.array(z.email()).min(1)]),
);

/** @throws TOC_CONFIG_INVALID when a file cannot be used. A database that is away is no reason not to start. */
export async function openRecipients(source: RecipientsSource): Promise<Recipients> {
  if (source.kind === 'map') return fromMap(() => Promise.resolve(source.map));
  if (source.kind === 'sql') return fromSql(source.url, source.query);
  return fromFile(source.path);
}

/** Addresses under the key or else under `default`, and under which of them. */
export async function recipientsOf(
  recipients: Recipients,
  routingKey: string | null,
): Promise<{ key: string; addresses: readonly string[] }> {
  for (const key of new Set([routingKey ?? DEFAULT_KEY, DEFAULT_KEY])) {
    const addresses = await recipients.find(key);
    if (addresses.length > 0) return { key, addresses: [...new Set(addresses.map(bareAddress))] };
  }
  return { key: DEFAULT_KEY, addresses: [] };
}

/** Without a name, and the domain in small letters, as the SMTP server's answers name it. */
function bareAddress(text: string): string {
  const bare = (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim();
  const at = bare.lastIndexOf('@');
  return bare.slice(0, at) + bare.slice(at).toLowerCase();
}

function fromMap(map: () => Promise<RecipientMap>): Recipients {
  return {
    find: async (key) => Object.entries(await map()).find(([name]) => name === key)?.[1] ?? [],
    close: () => Promise.resolve(),
  };
}

async function fromFile(path: string): Promise<Recipients> {
  let known = await readMap(path);
  return fromMap(async () => {
    // An edit that broke the file, or its removal, must not silence pages: the last good map stays in force.
    const changed = await stat(path).then(
      (found) => found.mtimeMs !== known.mtimeMs,
      () => false,
    );
    if (changed) known = await readMap(path).catch(() => known);
    return known.map;
  });
}

async function readMap(path: string): Promise<{ map: RecipientMap; mtimeMs: number }> {
  try {
    const { mtimeMs } = await stat(path);
    const parsed = mapSchema.safeParse(parse(await readFile(path, 'utf8')));
    if (parsed.success) return { map: parsed.data, mtimeMs };
    throw new Error(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    );
  } catch (cause) {
    throw new TocsinError('TOC_CONFIG_INVALID', `recipients in ${path}: ${messageOf(cause)}`, { cause });
  }
}

function fromSql(url: string, query: string): Recipients {
  const pool = new Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: QUERY_PATIENCE_MS,
    query_timeout: QUERY_PATIENCE_MS,
    application_name: 'tocsin-notification-service',
  });
  // A database that goes away breaks idle connections; the next look-up reports it.
  pool.on('error', () => undefined);
  return {
    async find(key) {
      const answer = await pool.query<unknown[]>({ text: query, values: [key], rowMode: 'array' });
      return answer.rows
        .flatMap((row) => row[0])
        .filter((value): value is string => typeof value === 'string');
    },
    close: () => pool.end(),
  };
}
