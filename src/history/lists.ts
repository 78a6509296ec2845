/** What people and programs look up: alerts by filter, one alert's story, messages, repairs. */
import { compileMatchers, parseMatcher, type Matcher } from '../domain/matchers';
import type { Artifact } from '../domain/artifact';
import type { RelatedAlert } from '../domain/notification';
import type { RemediationResult } from '../domain/remediation';
import { ALERT_COLUMNS, toAlertRow, type AlertColumns } from './alert-row';
import { json, type Database } from './database';
import { coalesced } from './coalesce';
import { readRelated, type RelatedTo } from './facts';
import type { AlertFilter, AlertLists, AlertRow, NotificationRecord } from './port';
import { LIMITED_UNTIL } from './rate-limits';
import { readTimeline } from './timeline';

const DEFAULT_LIMIT = 1_000;
const CHUNK = 500;
const MOST_AT_ONCE = 200;

export function createLists(database: Database): AlertLists {
  const related = coalesced<RelatedTo, RelatedAlert[]>((asked) => readRelated(database, asked), MOST_AT_ONCE);
  return {
    list: (filter) => list(database, filter),
    find: (fingerprint) => find(database, fingerprint),
    timeline: (fingerprint, episode) => readTimeline(database, fingerprint, episode),
    notifications: (fingerprint, episode) => readNotifications(database, fingerprint, episode),
    remediations: (fingerprint, episode) => remediations(database, fingerprint, episode),
    artifacts: (fingerprint, episode) => artifacts(database, fingerprint, episode),
    related: ({ fingerprint, labels }, limit) => related({ fingerprint, labels, limit }),
  };
}

/**
 * Newest first. Equal labels are asked of Postgres; the other matchers are RE2, which is not Postgres' dialect, and are
 * tried here on one chunk after another.
 */
async function list(database: Database, filter: AlertFilter): Promise<AlertRow[]> {
  const matchers = (filter.matchers ?? []).map(parseMatcher);
  const matches = compileMatchers(matchers);
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const found: AlertRow[] = [];
  let after: AlertRow | undefined;
  for (;;) {
    const chunk = await listChunk(database, filter, equalLabels(matchers), after);
    found.push(...chunk.filter((row) => matches(row.labels)));
    after = chunk.at(-1);
    if (found.length >= limit || chunk.length < CHUNK) return found.slice(0, limit);
  }
}

/** An empty value also means that the label is absent, which containment cannot ask. */
function equalLabels(matchers: readonly Matcher[]): Record<string, string> {
  const equal = matchers.filter(({ op, value }) => op === '=' && value !== '');
  return Object.fromEntries(equal.map(({ name, value }) => [name, value]));
}

async function listChunk(
  { run, schema }: Database,
  filter: AlertFilter,
  labels: Record<string, string>,
  after: AlertRow | undefined,
): Promise<AlertRow[]> {
  const wanted = filter.severity === undefined ? labels : { ...labels, severity: filter.severity };
  const rows = await run<AlertColumns>(
    `select ${ALERT_COLUMNS} from ${schema}.alerts
     where ($1::text is null or state = $1) and labels @> $2::jsonb
       and ($3::timestamptz is null or starts_at < $3 or (starts_at = $3 and fingerprint > $4))
     order by starts_at desc, fingerprint limit ${CHUNK}`,
    [filter.state ?? null, json(wanted), after?.startsAt ?? null, after?.fingerprint ?? null],
  );
  return rows.map(toAlertRow);
}

async function find({ run, schema }: Database, fingerprint: string): Promise<AlertRow | null> {
  if (!/^[0-9a-f]{1,16}$/.test(fingerprint)) return null;
  const rows = await run<AlertColumns>(
    `select ${ALERT_COLUMNS} from ${schema}.alerts where fingerprint ^@ $1 order by fingerprint limit 2`,
    [fingerprint],
  );
  return rows.length === 1 ? toAlertRow(rows[0]!) : null;
}

interface NotificationColumns {
  message_id: string;
  receiver: string;
  fingerprint: string;
  episode: number;
  step: string;
  due_at: Date;
  state: NotificationRecord['state'];
  attempts: number;
  sent_at: Date | null;
  via: string | null;
  reason: string | null;
  detail: string | null;
  limited_until: Date | null;
}

export async function readNotifications(
  { run, schema }: Database,
  fingerprint: string,
  episode?: number,
): Promise<NotificationRecord[]> {
  const rows = await run<NotificationColumns>(
    `select n.*, case when n.state = 'pending' then ${LIMITED_UNTIL(schema, 'n.receiver')} end as limited_until
     from ${schema}.notifications n where n.fingerprint = $1 and ($2::bigint is null or n.episode = $2) order by n.id`,
    [fingerprint, episode ?? null],
  );
  return rows.map(toNotificationRecord);
}

function toNotificationRecord(row: NotificationColumns): NotificationRecord {
  return {
    messageId: row.message_id,
    receiver: row.receiver,
    fingerprint: row.fingerprint,
    episode: row.episode,
    step: row.step,
    dueAt: row.due_at,
    state: row.state,
    attempts: row.attempts,
    sentAt: row.sent_at?.toISOString() ?? null,
    via: row.via,
    detail: row.reason === null ? row.detail : `${row.reason}: ${row.detail}`,
    ...(row.limited_until !== null && { limitedUntil: row.limited_until }),
  };
}

async function remediations(
  { run, schema }: Database,
  fingerprint: string,
  episode?: number,
): Promise<RemediationResult[]> {
  const rows = await run<{ result: RemediationResult }>(
    `select result from ${schema}.remediations where fingerprint = $1 and ($2::bigint is null or episode = $2)
     order by started_at, seq`,
    [fingerprint, episode ?? null],
  );
  return rows.map(({ result }) => result);
}

async function artifacts(
  { run, schema }: Database,
  fingerprint: string,
  episode: number,
): Promise<Artifact[]> {
  const rows = await run<{ artifact: Artifact }>(
    `select artifact from ${schema}.artifacts where fingerprint = $1 and episode = $2 order by seq, provider, type`,
    [fingerprint, episode],
  );
  return rows.map(({ artifact }) => artifact);
}
