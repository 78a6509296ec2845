/** The schema's history: numbered, append-only. A migration that has been released is never edited; a new one follows. */

import { DRILLS_MIGRATION } from './drills';
import { CALLBACKS_MIGRATION } from './callbacks';
import { DEAD_LETTERS_MIGRATION } from './dead-letters';
import { HOLDS_MIGRATION } from './group-records';
import { HEARING_MIGRATION } from './hearing';
import { INCIDENTS_MIGRATION } from './incidents';
import { CONFIGURED_MIGRATION, MAINTENANCES_MIGRATION } from './maintenances';
import { PERMITS_MIGRATION } from './permits';
import { RATE_LIMITS_MIGRATION } from './rate-limits';
import { REMINDERS_MIGRATION } from './silence-reminders';
import { SILENCES_MIGRATION, UNTIL_RESOLVED_MIGRATION } from './silences';
import { THROTTLE_MIGRATION } from './throttle';
import { LOOKS_MIGRATION, UNDELIVERED_MIGRATION } from './undelivered';

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
  {
    version: 5,
    name: 'alerts that their senders tell again, groups, what receivers were told of them',
    sql: (s) => `
alter table ${s}.alerts
  add column expires_at timestamptz,
  add column timed_out boolean not null default false,
  add column generator_url text not null default '',
  add column changed_at timestamptz not null default clock_timestamp(),
  add column changed_in xid8 not null default pg_current_xact_id();
create index alerts_changed on ${s}.alerts (changed_in);
create index alerts_expiring on ${s}.alerts (expires_at) where expires_at is not null and state <> 'RESOLVED';

-- Whoever mirrors the alerts asks for those that transactions have changed which it could not see before.
create function ${s}.note_change() returns trigger language plpgsql as $body$
begin
  new.changed_at := clock_timestamp();
  new.changed_in := pg_current_xact_id();
  return new;
end $body$;
create trigger alerts_note_change before update on ${s}.alerts for each row execute function ${s}.note_change();

-- One row a group that has alerts: when it is looked at next. Who belongs to it follows from the routes.
create table ${s}.groups (
  id text primary key,
  route_id text not null,
  due_at timestamptz not null,
  flushed_at timestamptz,
  joined bigint not null default 1,
  lease_until timestamptz,
  taken_by text
) with (fillfactor = 70);
create index groups_due on ${s}.groups (due_at, id);

-- What one integration of a receiver was told of a group last, and what it is to be told. Outlives the group.
create table ${s}.group_messages (
  group_key text not null,
  integration text not null,
  -- The group that it was made for, and how long after a refusal that is looked at again.
  group_id text,
  route_id text,
  look_again_ms double precision,
  firing text[] not null default '{}',
  resolved text[] not null default '{}',
  told_at timestamptz,
  seq bigint not null default 0,
  pending jsonb,
  pending_since timestamptz,
  due_at timestamptz,
  attempts integer not null default 0,
  error text,
  memory jsonb not null default '{}',
  lease_until timestamptz,
  taken_by text,
  expires_at timestamptz not null,
  primary key (group_key, integration)
) with (fillfactor = 70);
create index group_messages_due on ${s}.group_messages (due_at) where pending is not null;
create index group_messages_expired on ${s}.group_messages (expires_at) where pending is null;

-- The processes of this instance that are there, by their own word.
create table ${s}.peers (
  id text primary key,
  address text not null,
  seen_at timestamptz not null default now()
);

-- What left, and what was given up.
create table ${s}.deliveries (
  id bigint generated always as identity primary key,
  group_key text not null,
  integration text not null,
  seq bigint not null,
  at timestamptz not null,
  outcome text not null check (outcome in ('sent', 'refused')),
  reason text not null,
  error text,
  attempts integer not null,
  firing text[] not null,
  resolved text[] not null
);
create index deliveries_group on ${s}.deliveries (group_key, at desc);
create index deliveries_oldest on ${s}.deliveries (at);
`,
  },
  {
    version: 6,
    name: 'overrides of on-call schedules, and whom a message is for',
    sql: (s) => `
create table ${s}.oncall_overrides (
  id text primary key,
  schedule text not null,
  person text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  created_by text not null,
  comment text not null,
  created_at timestamptz not null default clock_timestamp()
);
create index oncall_overrides_end on ${s}.oncall_overrides (schedule, ends_at);
alter table ${s}.notifications
  add column on_call_person text,
  add column unless_acknowledged boolean not null default false;
`,
  },
  {
    version: 7,
    name: 'why nobody was told of an alert, and by which routes alerts go',
    sql: (s) => HOLDS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 8,
    name: 'messages that are sent as one',
    sql: (s) => `
alter table ${s}.notifications add column bundle text;
create index notifications_bundle on ${s}.notifications (bundle, receiver, id) where state = 'pending' and bundle is not null;
`,
  },
  {
    version: 9,
    name: 'when senders could be heard, what was told last, how long an opened episode lasts',
    sql: (s) => `
${HEARING_MIGRATION.replaceAll('{schema}', s)}
-- What was on its way at the last look says what is not so any more: the group is looked at when that has arrived.
alter table ${s}.groups add column is_outrun boolean not null default false;
-- The message whose outcome stands in firing, resolved and told_at.
alter table ${s}.group_messages add column told_seq bigint not null default 0;
-- Of an episode that its life has opened.
alter table ${s}.episodes add column expires_at timestamptz, add column timed_out boolean;
`,
  },
  {
    version: 10,
    name: 'maintenances, what lives are to hear of mutes, silences until alerts are over',
    sql: (s) =>
      (MAINTENANCES_MIGRATION + UNTIL_RESOLVED_MIGRATION + REMINDERS_MIGRATION).replaceAll('{schema}', s),
  },
  {
    version: 11,
    name: 'what receivers keep between the messages of an episode, and what services have called back with',
    sql: (s) => CALLBACKS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 12,
    name: 'of which alerts an end is awaited although the last message left them out',
    sql: (s) => `
-- Told that they fire, held back since, and so in no later message: whoever was told has yet to hear of their end.
alter table ${s}.group_messages add column awaited text[] not null default '{}';
`,
  },
  {
    version: 13,
    name: 'by which routes the processes of an instance go',
    sql: (s) => `
-- Since when they are in effect; null: by none that others could have read anew.
alter table ${s}.peers add column routing text, add column routing_since timestamptz;
`,
  },
  {
    version: 14,
    name: 'when messages were given up and sent again, and of what nobody could be told',
    sql: (s) => (DEAD_LETTERS_MIGRATION + UNDELIVERED_MIGRATION).replaceAll('{schema}', s),
  },
  {
    version: 15,
    name: 'what messages count as, and which digest they wait for',
    sql: (s) => THROTTLE_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 16,
    name: 'incidents, and which alerts belong to them',
    sql: (s) => INCIDENTS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 17,
    name: 'what drills came to',
    sql: (s) => DRILLS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 18,
    name: 'how many messages receivers have been sent, and through whom instead',
    sql: (s) => RATE_LIMITS_MIGRATION.replaceAll('{schema}', s),
  },
  {
    version: 19,
    name: 'when what was given up is looked at, and which maintenances configurations have',
    sql: (s) => (LOOKS_MIGRATION + CONFIGURED_MIGRATION).replaceAll('{schema}', s),
  },
  {
    version: 20,
    name: 'groups that nobody has looked at yet come first',
    sql: (s) => `
drop index ${s}.groups_due;
create index groups_unheard on ${s}.groups (due_at, id) where flushed_at is null;
create index groups_due on ${s}.groups (due_at, id) where flushed_at is not null;
`,
  },
];
