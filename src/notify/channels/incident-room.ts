/**
 * A channel of its own in Slack for an incident, with whoever commands it: made, its people invited, its topic set, and the alert
 * told with what has happened so far. What belongs together by its labels on one day is one incident: its name says so, and who
 * finds the name taken joins the room that is there. Each step may be done again.
 */
import { fnv1a64 } from '../../domain/labels';
import { tellsOfCommander } from '../../domain/incident';
import type { TimelineEvent } from '../../domain/life';
import type { NotificationPayload } from '../../domain/notification';
import { shortened } from '../../domain/shortened';
import type { Channel, Delivery, OutgoingMessage } from '../port';
import { begin, tellAgain } from './slack';
import { createSlackApi, type SlackApi, type SlackApiOptions } from './slack-api';
import { alertBlocks, escaped, type Shown } from './slack-blocks';

export interface IncidentRoomOptions extends SlackApiOptions {
  readonly instance: string;
  readonly prefix: string;
  readonly groupBy: readonly string[];
  readonly isPrivate: boolean;
  /** Ids of people who are always invited. */
  readonly invite: readonly string[];
  /** Ids by the names of people, for whoever is on call. */
  readonly members: Readonly<Record<string, string>>;
  readonly interactive: boolean;
  /** What has happened in the episode. Without it the room opens all the same. */
  readonly timeline: (fingerprint: string, episode: number) => Promise<readonly TimelineEvent[]>;
}

const MOST_NAME = 80;
const MOST_TOPIC = 250;
const MOST_TIMELINE = 2_900;
/** How often a name is tried that somebody has and that leads nowhere. */
const MOST_NAMES = 5;
/** A room that somebody makes at this moment is on lists a moment later. */
const LISTED_AFTER_ATTEMPTS = 2;
const MOST_PAGES = 20;

export function createIncidentRoomChannel(options: IncidentRoomOptions): Channel {
  const api = createSlackApi(options);
  return {
    kind: 'incident_room',
    destination: api.destination,
    async send(message, signal) {
      const shown = alertBlocks(message, options.interactive);
      const told = await tellAgain(api, message, shown, signal);
      if (told === null) return open(api, options, message, shown, signal);
      return tellsOfCommander(message.step) ? handedOver(api, options, message, told, signal) : told;
    },
    close: () => api.close(),
  };
}

async function open(
  api: SlackApi,
  options: IncidentRoomOptions,
  message: OutgoingMessage,
  shown: Shown,
  signal: AbortSignal,
): Promise<Delivery> {
  const room = await roomFor(api, options, message, signal);
  if ('kind' in room) return room;
  const notes = await furnish(api, options, room, message.payload, signal);
  const history = await timelineBlocks(options, message);
  const told = await begin(
    api,
    room.id,
    message,
    { ...shown, blocks: [...shown.blocks, ...history] },
    signal,
  );
  if (told.kind !== 'delivered') return told;
  const how = room.isNew ? 'opened' : 'joined';
  return { ...told, detail: [`${how} #${room.name}: ${told.detail}`, ...notes].join('; ') };
}

/** Who commands from now on comes into the room that is there. */
async function handedOver(
  api: SlackApi,
  options: IncidentRoomOptions,
  { payload, memory }: OutgoingMessage,
  told: Delivery,
  signal: AbortSignal,
): Promise<Delivery> {
  const { channel } = memory;
  if (told.kind !== 'delivered' || channel === undefined) return told;
  const room = { id: channel, name: channel, isNew: true };
  const notes = await furnish(api, options, room, payload, signal);
  return { ...told, detail: [told.detail, ...notes].join('; ') };
}

interface Room {
  readonly id: string;
  readonly name: string;
  readonly isNew: boolean;
}

async function roomFor(
  api: SlackApi,
  options: IncidentRoomOptions,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<Room | Exclude<Delivery, { kind: 'delivered' }>> {
  const base = roomName(options, message.payload);
  for (let attempt = 1; attempt <= MOST_NAMES; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`;
    const made = await api.call('conversations.create', { name, is_private: options.isPrivate }, signal);
    if (made.ok) {
      const id = (made.body['channel'] as { id?: unknown } | undefined)?.id;
      if (typeof id === 'string') return { id, name, isNew: true };
      return { kind: 'retry', error: 'conversations.create: Slack did not say its id', retryAfterMs: null };
    }
    if (made.reason !== 'name_taken') return made.delivery;
    const found = await named(api, name, signal);
    if ('kind' in found) return found;
    if (found.id !== null) return { id: found.id, name, isNew: false };
    if (!found.isArchived && message.attempts < LISTED_AFTER_ATTEMPTS)
      return { kind: 'retry', error: `#${name} is taken, and on no list yet`, retryAfterMs: null };
  }
  return { kind: 'refused', error: `#${base} and ${MOST_NAMES - 1} names like it are taken` };
}

/** `inc-20260504-highconnections-1f2e3d4c`, an incident's `inc-20260504-inc-7-orders-1f2e3d4c`: the hash tells apart what reads alike. */
export function roomName(
  { instance, prefix, groupBy }: Pick<IncidentRoomOptions, 'instance' | 'prefix' | 'groupBy'>,
  { labels, context, incident }: Pick<NotificationPayload, 'labels' | 'context' | 'incident'>,
): string {
  const values =
    incident === undefined ? groupBy.map((name) => labels[name] ?? '') : [incident.id, incident.name];
  const whole = incident === undefined ? [instance, groupBy, values] : [instance, incident.opened_at, values];
  const hash = fnv1a64(JSON.stringify(whole)).slice(0, 8);
  const day = context.alert_fired_at.slice(0, 10).replaceAll('-', '');
  const words = values
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const room = MOST_NAME - `${prefix}-${day}--${hash}-9`.length;
  return [prefix, day, words.slice(0, room).replace(/-+$/, ''), hash].filter((part) => part !== '').join('-');
}

/** `id` is null where no room that is open has the name. */
async function named(
  api: SlackApi,
  name: string,
  signal: AbortSignal,
): Promise<{ id: string | null; isArchived: boolean } | Exclude<Delivery, { kind: 'delivered' }>> {
  let cursor = '';
  for (let page = 1; page <= MOST_PAGES; page++) {
    const args = { types: 'public_channel,private_channel', limit: '1000', ...(cursor !== '' && { cursor }) };
    const said = await api.read('conversations.list', args, signal);
    if (!said.ok) return said.delivery;
    const channels = (said.body['channels'] ?? []) as { id: string; name: string; is_archived?: boolean }[];
    const found = channels.find((channel) => channel.name === name);
    if (found !== undefined)
      return { id: found.is_archived ? null : found.id, isArchived: found.is_archived === true };
    const { next_cursor: next = '' } = (said.body['response_metadata'] ?? {}) as { next_cursor?: string };
    if (next === '') break;
    cursor = next;
  }
  return { id: null, isArchived: false };
}

/** A room without somebody is better than none: what fails here is noted. */
async function furnish(
  api: SlackApi,
  { invite, members }: IncidentRoomOptions,
  { id: channel, isNew }: Room,
  payload: NotificationPayload,
  signal: AbortSignal,
): Promise<string[]> {
  const commanders = payload.on_call_person?.split(', ') ?? [];
  const unknown = commanders.filter((person) => members[person] === undefined);
  const users = [...new Set([...invite, ...commanders.flatMap((person) => members[person] ?? [])])];
  const notes = unknown.map((person) => `${person} was not invited: people have no slack id for that name`);
  for (const user of users) {
    const said = await api.call('conversations.invite', { channel, users: user }, signal);
    if (!said.ok && !['already_in_channel', 'cant_invite_self'].includes(said.reason))
      notes.push(`${user} was not invited: ${said.delivery.error}`);
  }
  if (!isNew) return notes;
  const who = commanders.length === 0 ? '' : `Commander: ${commanders.join(', ')} · `;
  const topic = shortened(`${who}${payload.subject}`, MOST_TOPIC);
  const said = await api.call('conversations.setTopic', { channel, topic }, signal);
  return said.ok ? notes : [...notes, `the topic was not set: ${said.delivery.error}`];
}

async function timelineBlocks(
  { timeline }: IncidentRoomOptions,
  { fingerprint, episode }: OutgoingMessage,
): Promise<object[]> {
  const events = await timeline(fingerprint, episode).catch(() => []);
  const lines: string[] = [];
  let room = MOST_TIMELINE;
  // The newest where not all have room.
  for (const { at, text } of [...events].reverse()) {
    const line = `• ${at.slice(11, 19)} ${escaped(text, 300)}`;
    if ((room -= line.length + 1) < 0) break;
    lines.unshift(line);
  }
  if (lines.length === 0) return [];
  return [{ type: 'section', text: { type: 'mrkdwn', text: `*Timeline* (UTC)\n${lines.join('\n')}` } }];
}
