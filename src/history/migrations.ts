/** The schema's history: numbered, append-only. A migration that has been released is never edited; a new one follows. */

import { PERMITS_MIGRATION } from './permits';
import { SILENCES_MIGRATION } from './silences';

export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Its SQL for a schema of that name. */
  readonly sql: (schema: string) => string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'alerts, episodes, timeline, notifications, remediations, artifacts, silences',
    sql: (s) => `
-- One row a fingerprint: its current or last episode.
create table ${s}.alerts (
  fingerprint text primary key,
  labels jsonb not null,
  annotations jsonb not null,
  state text not null check (state in ('FIRING', 'ACKNOWLEDGED', 'RESOLVED')),
  episode bigint not null,
  fire_count integer not null,
  starts_at timestamptz not null,
  ends_at timestamptz,
  value jsonb,
  threshold double precision,
  event_time bigint not null,
  rule jsonb,
  condition jsonb,
  cooldown_ms bigint,
  runbook text,
  recent jsonb not null,
  correlation_id text not null,
  acknowledgement jsonb,
  resolved_by text,
  quiet_until timestamptz
) with (fillfactor = 80);
create index alerts_newest on ${s}.alerts (starts_at desc, fingerprint);
create index alerts_open_instance on ${s}.alerts ((coalesce(labels->>'instance_id', labels->>'instance')))
  where state <> 'RESOLVED';

-- What two writers know of an episode: the transitions (starts_at to ended_by) and its life (life_seq and after).
-- Kept apart, so that either may come first and be repeated; the alert's row is merged from both.
create table ${s}.episodes (
  fingerprint text not null,
  episode bigint not null,
  starts_at timestamptz not null,
  fire_count integer,
  value jsonb,
  threshold double precision,
  event_time bigint,
  correlation_id text,
  ended_at timestamptz,
  ended_by text,
  life_seq integer not null default 0,
  life_state text check (life_state in ('FIRING', 'ACKNOWLEDGED', 'RESOLVED')),
  life_resolved_by text,
  life_ended_at timestamptz,
  acknowledgement jsonb,
  escalation_level integer,
  opened_reason text,
  quiet_until timestamptz,
  released_receivers text[] not null default '{}',
  resolve_receivers text[],
  resolve_due_at timestamptz,
  primary key (fingerprint, episode)
) with (fillfactor = 80);
create index episodes_opened on ${s}.episodes (fingerprint, episode) where opened_reason is not null;
create index episodes_oldest on ${s}.episodes (starts_at);

create table ${s}.timeline (
  fingerprint text not null,
  episode bigint not null,
  key text not null,
  id bigint generated always as identity,
  at timestamptz not null,
  kind text not null,
  actor text not null,
  text text not null,
  details jsonb not null,
  primary key (fingerprint, episode, key)
);

create table ${s}.notifications (
  id bigint generated always as identity primary key,
  message_id text not null,
  receiver text not null,
  fingerprint text not null,
  episode bigint not null,
  step text not null,
  created_at timestamptz not null default now(),
  due_at timestamptz not null,
  state text not null default 'pending' check (state in ('pending', 'sent', 'dropped', 'dead')),
  attempts integer not null default 0,
  lease_until timestamptz,
  taken_by text,
  sent_at timestamptz,
  via text,
  reason text,
  detail text,
  unique (message_id, receiver)
) with (fillfactor = 70);
create index notifications_due on ${s}.notifications (due_at, id) where state = 'pending';
create index notifications_order on ${s}.notifications (fingerprint, receiver, id) where state = 'pending';
create index notifications_episode on ${s}.notifications (fingerprint, episode);

create table ${s}.remediations (
  remediation_id text not null,
  fingerprint text not null,
  episode bigint not null,
  seq integer not null,
  started_at timestamptz not null,
  result jsonb not null,
  primary key (fingerprint, episode, remediation_id)
);

create table ${s}.artifacts (
  fingerprint text not null,
  episode bigint not null,
  provider text not null,
  type text not null,
  seq integer not null,
  artifact jsonb not null,
  primary key (fingerprint, episode, provider, type)
);

create table ${s}.silences (
  id text primary key,
  matchers jsonb not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  created_by text not null,
  comment text not null
);
create index silences_end on ${s}.silences (ends_at);
`,
  },
  {
    version: 2,
    name: 'kill switches, permits, leases and acts of remediations',
    sql: (s) => PERMITS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 3,
    name: 'until when a message is held',
    sql: (s) => `alter table ${s}.notifications add column held_until timestamptz;`,
  },
  {
    version: 4,
    name: "silences' annotations and last changes",
    sql: (s) => SILENCES_MIGRATION.replaceAll('{schema}', s),
  },
];
