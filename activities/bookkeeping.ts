/**
 * What an alert's life writes down: its records in Postgres and its silences. A record that Postgres refuses for good
 * is reduced to what others wait for and a note: a life that tried it for ever would tell nobody any more.
 */
import type { Artifact } from '../src/domain/artifact';
import { nameInAlertmanager } from '../src/domain/drill';
import { isRefusal, messageOf } from '../src/domain/errors';
import type { Labels } from '../src/domain/labels';
import { messageId } from '../src/domain/identity';
import { compileOrNone, matcherText, type Matcher } from '../src/domain/matchers';
import type { TimelineEvent } from '../src/domain/life';
import type { RemediationResult } from '../src/domain/remediation';
import type { Transition } from '../src/domain/transition';
import type { AlertLists, LifeRecord, LifeStore, NewNotification, QueuedRecord } from '../src/history/port';
import type { Mutes, SilenceStore } from '../src/mute/port';
import type { OnCall, Resolved } from '../src/oncall/port';

export interface BookkeepingDeps {
  readonly lives: LifeStore;
  readonly silences: Pick<SilenceStore, 'create' | 'active' | 'end'>;
  readonly mutes: Mutes;
  /** The same read anew, for lives that were told that something has changed; left out, `mutes`. */
  readonly currentMutes?: Mutes;
  /** Until when a maintenance keeps a target's repairs back; null: none does. Left out: none ever does. */
  readonly heldRepair?: (target: string, labels: Labels) => Promise<Date | null>;
  /** Enrichment from our own records, within a fraction of a second. */
  readonly quickArtifacts: (transition: Transition, episode: number) => Promise<readonly Artifact[]>;
  /** Who is told of an escalation's step; without it, nobody beside its receivers. */
  readonly onCall?: OnCall;
  /** Who wants to hear what people do about an alert that they have heard of. */
  readonly followers?: readonly string[];
  /** For conditions on the number of open alerts; without it, they are not counted. */
  readonly lists?: Pick<AlertLists, 'list'>;
  /** The group that an alert is told in, where alerts go through groups; their escalations are told together. */
  readonly groupOf?: (fingerprint: string) => Promise<string | null>;
  /** What a receiver's name stands for: itself, or the integrations of one of alertmanager.yml. */
  readonly waysOf?: (receiver: string) => readonly string[];
  /** Tells the notifier of this process that messages may be due. */
  readonly wakeNotifier: () => void;
  /** Told of each result that was written down for the first time. */
  readonly onRemediated?: (result: RemediationResult, record: QueuedRecord) => void;
}

export interface OpenedEpisode {
  readonly closed: boolean;
  readonly previousEndedAt: string | null;
  /** Without their data, which stays out of the workflow's history. */
  readonly artifacts: readonly Artifact[];
  /** The silence that covers it already; absent when none does, or when that cannot be read. */
  readonly silenced?: { readonly by: string; readonly until: string };
  /** Nothing mutes it, whatever its life knows of the episode before; absent where that cannot be read. */
  readonly unmuted?: true;
}

export function createBookkeepingActivities({
  lives,
  silences,
  mutes,
  currentMutes = mutes,
  heldRepair = async () => null,
  quickArtifacts,
  onCall = NOBODY_ON_CALL,
  followers = [],
  lists,
  groupOf = async () => null,
  waysOf = (receiver) => [receiver],
  wakeNotifier,
  onRemediated,
}: BookkeepingDeps) {
  async function write(record: QueuedRecord, artifacts?: readonly Artifact[]) {
    const { begins: _, correlationId: __, asks, notifications: known, ...rest } = record;
    const resolved = asks && (await onCall.resolve(asks, new Date(asks.at)));
    const messages = resolved
      ? messagesTo(resolved, record, asks)
      : known?.map((one) => ({ ...one, dueAt: new Date(one.dueAt) }));
    const notifications = messages && (await inBundles(messages.flatMap(toEachWay)));
    const follows = followedBy(record, followers);
    const answer = await recordOrReduced(lives, {
      ...rest,
      ...(follows && { follows }),
      ...(resolved && { timeline: [...rest.timeline, ...onCallEvent(resolved, asks)] }),
      ...(artifacts === undefined ? {} : { artifacts: [...(rest.artifacts ?? []), ...artifacts] }),
      ...(notifications === undefined ? {} : { notifications }),
    });
    if (
      notifications !== undefined ||
      record.release !== undefined ||
      record.updates !== undefined ||
      follows !== null ||
      record.resolves !== undefined
    )
      wakeNotifier();
    if (record.remediation !== undefined && answer.remediated) onRemediated?.(record.remediation, record);
    return answer;
  }

  /** One that fails delays none of the others. */
  const toEachWay = (message: NewNotification): readonly NewNotification[] =>
    waysOf(message.receiver).map((receiver) => ({ ...message, receiver }));

  /** Escalations of a group wait a moment for each other; integrations are told of each alert as a group of its own. */
  async function inBundles(messages: readonly NewNotification[]): Promise<readonly NewNotification[]> {
    const [first] = messages.filter(isEscalation);
    const group = first === undefined ? null : await groupOf(first.fingerprint);
    if (group === null) return messages;
    return messages.map((message) =>
      isEscalation(message) && nameInAlertmanager(message.receiver) === null
        ? {
            ...message,
            bundle: `${group}:${message.step}`,
            dueAt: new Date(message.dueAt.getTime() + GATHER_MS),
          }
        : message,
    );
  }

  /** Null where nothing mutes it, undefined where that cannot be read. */
  async function silencedFor(labels: Labels, by: Mutes): Promise<OpenedEpisode['silenced'] | null> {
    try {
      const verdict = await by.verdict(labels, new Date());
      return verdict.muted ? { by: verdict.by, until: verdict.until } : null;
    } catch {
      return undefined;
    }
  }

  return {
    /** Writes an episode's first record with what is known at once. */
    async openEpisode(record: QueuedRecord, transition: Transition): Promise<OpenedEpisode> {
      const artifacts = await quickArtifacts(transition, record.episode);
      const answer = await write(record, artifacts);
      const silenced = await silencedFor(transition.labels, mutes);
      return {
        ...answer,
        artifacts: artifacts.map((artifact) => ({ ...artifact, data: null })),
        ...(silenced && { silenced }),
        ...(silenced === null && { unmuted: true as const }),
      };
    },

    /** Writes records in their order; each is idempotent, so a retry may begin again. */
    async recordLife(records: readonly QueuedRecord[]): Promise<void> {
      for (const record of records) await write(record);
    },

    /** How many open alerts these hold for; null where that cannot be known now, for nobody waits for a number. */
    async countOpenAlerts(matchers: readonly Matcher[]): Promise<number | null> {
      if (lists === undefined) return null;
      const texts = matchers.map(matcherText);
      const count = async (state: 'FIRING' | 'ACKNOWLEDGED'): Promise<number> =>
        (await lists.list({ state, matchers: texts, limit: MOST_COUNTED })).length;
      try {
        return (await count('FIRING')) + (await count('ACKNOWLEDGED'));
      } catch {
        return null;
      }
    },

    /** The silence is visible to every later decision once this has returned. */
    async createSilence(silence: Parameters<SilenceStore['create']>[0]): Promise<void> {
      await silences.create(silence);
    },

    /** What mutes an alert with these labels now; null where nothing does, or where that cannot be read. */
    async mutedNow(labels: Labels): Promise<NonNullable<OpenedEpisode['silenced']> | null> {
      return (await silencedFor(labels, currentMutes)) ?? null;
    },

    /** Until when a maintenance keeps repairs of the target back, as ISO time; null where none does. */
    async maintenanceEnd(target: string, labels: Labels): Promise<string | null> {
      return (await heldRepair(target, labels))?.toISOString() ?? null;
    },

    /** Ends those with exactly these matchers, and says until when others hold these labels. `at`: ms since 1970. */
    async endSilences(
      matchers: readonly Matcher[],
      labels: Labels,
      at: number,
    ): Promise<{ ended: number; heldUntil: string | null }> {
      const ended = await silences.end(matchers, new Date(at));
      const left = await silences.active(new Date(at));
      const held = left.find(({ matchers: others }) => compileOrNone(others)(labels));
      return { ended, heldUntil: held?.endsAt ?? null };
    },
  };
}

/** What changes who holds the alert has followers; its end has messages of its own. The event's key names the step. */
function followedBy(
  { acknowledgement, state, timeline }: QueuedRecord,
  followers: readonly string[],
): LifeRecord['follows'] | null {
  const event = timeline.at(-1);
  if (acknowledgement === undefined || state === 'RESOLVED' || event === undefined) return null;
  return followers.length === 0 ? null : { step: event.key, receivers: followers };
}

/** Alerts that began within it reach a level as one message. */
const GATHER_MS = 2_000;

const isEscalation = ({ step }: NewNotification): boolean => step.startsWith('escalate-');

/** More than any condition asks for. */
const MOST_COUNTED = 1_000;

const NOBODY_ON_CALL: OnCall = {
  resolve: async ({ receivers, otherwise }) => ({
    recipients: (receivers.length > 0 ? receivers : otherwise).map((receiver) => ({
      receiver,
      afterMs: 0,
      person: null,
    })),
    people: [],
    notes: [],
  }),
};

type Asks = NonNullable<QueuedRecord['asks']>;

/** A way that is tried later is for when nobody has taken the alert by then. */
function messagesTo(
  { recipients }: Resolved,
  { fingerprint, episode }: QueuedRecord,
  { step, at }: Asks,
): NewNotification[] {
  return recipients.map(({ receiver, afterMs, person }) => ({
    messageId: messageId(fingerprint, episode, step),
    ...{ receiver, fingerprint, episode, step },
    dueAt: new Date(Date.parse(at) + afterMs),
    onCallPerson: person,
    unlessAcknowledged: afterMs > 0,
  }));
}

/** The same whenever it is written again. */
function onCallEvent({ people, notes }: Resolved, { step, at, schedules }: Asks): TimelineEvent[] {
  const from = schedules.length === 0 ? '' : ` (${schedules.join(', ')})`;
  const who = people.length === 0 ? 'nobody is asked by name' : `${people.join(', ')} is asked${from}`;
  const text = [`${step}: ${who}`, ...notes].join('; ');
  const details = { step, people, schedules };
  return [{ key: `on_call:${step}`, at, kind: 'on_call', actor: 'tocsin', text, details }];
}

async function recordOrReduced(lives: LifeStore, record: LifeRecord): ReturnType<LifeStore['record']> {
  try {
    return await lives.record(record);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const reduced = reducedTo(record, messageOf(error));
    return lives.record(reduced.whatOthersWaitFor).catch((again: unknown) => {
      if (!isRefusal(again)) throw again;
      return lives.record(reduced.note);
    });
  }
}

function reducedTo(record: LifeRecord, reason: string): Record<'whatOthersWaitFor' | 'note', LifeRecord> {
  const { fingerprint, episode, seq, state, notifications, release, updates, follows, resolves } = record;
  const kinds = record.timeline.map(({ kind }) => kind).join(', ');
  const text = `a record (${kinds}) could not be written: ${reason}`;
  const event = {
    key: `not_recorded-${seq}`,
    at: new Date().toISOString(),
    kind: 'not_recorded',
    actor: 'tocsin',
    text,
    details: {},
  };
  const note = { fingerprint, episode, seq, timeline: [event] };
  return { note, whatOthersWaitFor: { ...note, state, notifications, release, updates, follows, resolves } };
}

export type BookkeepingActivities = ReturnType<typeof createBookkeepingActivities>;
