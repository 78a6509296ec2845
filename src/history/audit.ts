/** What the auditor reads: open alerts page by page, what is known of lost lives, what is overdue and held by nobody. */
import { ALERT_COLUMNS, toAlertRow, type AlertColumns } from './alert-row';
import type { Database } from './database';
import type { AuditRows } from './port';
import { WAS_LIMITED } from './rate-limits';
import type { ResumedLife } from '../domain/life';

interface LifeColumns {
  fingerprint: string;
  state: ResumedLife['state'];
  fire_count: number;
  starts_at: Date;
  life_seq: number;
  acknowledgement: ResumedLife['acknowledgement'];
  counts: Record<string, number>;
  stepped_at: Date | null;
  remediation: ResumedLife['remediation'];
}

/** What sets an escalation's clock going. */
const STEPS = ['fired', 'reopened', 'escalated', 'unacknowledged', 'lapsed', 'silence_ended'];

export function createAuditRows({ run, schema }: Database): AuditRows {
  return {
    async open(after, limit) {
      const rows = await run<AlertColumns>(
        `select ${ALERT_COLUMNS} from ${schema}.alerts where state <> 'RESOLVED' and fingerprint > $1
         order by fingerprint limit $2`,
        [after, limit],
      );
      return rows.map(toAlertRow);
    },

    async named(fingerprints) {
      const rows = await run<AlertColumns>(
        `select ${ALERT_COLUMNS} from ${schema}.alerts where fingerprint = any($1)`,
        [fingerprints],
      );
      return rows.map(toAlertRow);
    },

    async resumable(fingerprints) {
      const rows = await run<LifeColumns>(
        `select a.fingerprint, a.state, a.fire_count, a.starts_at, coalesce(e.life_seq, 0) as life_seq, a.acknowledgement,
           coalesce(t.counts, '{}') as counts, t.stepped_at, r.result as remediation
         from ${schema}.alerts a
         left join ${schema}.episodes e on e.fingerprint = a.fingerprint and e.episode = a.episode
         left join lateral (
           select jsonb_object_agg(kind, most) filter (where most is not null) as counts, max(stepped_at) as stepped_at
           from (select kind, max(substring(key from '-([0-9]+)$')::integer) as most,
               max(at) filter (where kind = any($2)) as stepped_at
             from ${schema}.timeline where fingerprint = a.fingerprint and episode = a.episode group by kind) kinds) t on true
         left join lateral (
           select result from ${schema}.remediations
           where fingerprint = a.fingerprint and episode = a.episode order by seq desc limit 1) r on true
         where a.fingerprint = any($1) and a.state <> 'RESOLVED'`,
        [fingerprints, STEPS],
      );
      return new Map(
        rows.filter(({ life_seq }) => life_seq > 0).map((row) => [row.fingerprint, toResumed(row)]),
      );
    },

    async overdue(groupMs, messageMs) {
      const free = `(lease_until is null or lease_until < now())`;
      const past = (place: string): string => `due_at < now() - ${place} * interval '1 millisecond'`;
      // What a rate limit lets through one by one is late, and nothing is wrong.
      const flows = (name: string): string =>
        WAS_LIMITED(schema, name, `now() - $2 * interval '1 millisecond'`);
      const [row] = await run<{ groups: number; messages: number }>(
        `select (select count(*) from ${schema}.groups where ${past('$1')} and ${free}) as groups,
           (select count(*) from ${schema}.notifications n where state = 'pending' and ${past('$2')} and ${free}
              and (held_until is null or held_until < now()) and not ${flows('n.receiver')} and not exists (
                select from ${schema}.notifications earlier where earlier.state = 'pending' and earlier.id < n.id
                  and earlier.fingerprint = n.fingerprint and earlier.receiver = n.receiver))
           + (select count(*) from ${schema}.group_messages where pending is not null and ${past('$2')} and ${free}
              and not ${flows('integration')})
           as messages`,
        [groupMs, messageMs],
      );
      return row!;
    },
  };
}

function toResumed(row: LifeColumns): ResumedLife {
  return {
    state: row.state,
    episodes: row.fire_count,
    seq: row.life_seq,
    counts: row.counts,
    acknowledgement: row.acknowledgement,
    steppedAt: (row.stepped_at ?? row.starts_at).toISOString(),
    remediation: row.remediation,
  };
}
