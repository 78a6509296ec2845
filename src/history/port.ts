/** What other rooms ask of the history in Postgres. All writes are idempotent: doing one again changes nothing. */
import type { RouteOptions } from '../dispatch/port';
import type { Artifact } from '../domain/artifact';
import type { Labels } from '../domain/labels';
import type { Acknowledgement, ResumedLife, TimelineEvent } from '../domain/life';
import type { AlertState } from '../domain/lifecycle';
import type { MaintenanceScope } from '../domain/maintenance';
import type { RelatedAlert } from '../domain/notification';
import type { RemediationResult } from '../domain/remediation';
import type { Transition } from '../domain/transition';
import type { Asked } from '../oncall/port';
import type { HeldBackMessages } from './rate-limit-types';
import type { IncidentCandidate, IncidentDraft, IncidentFacts, KnownIncidents } from './incident-types';

export type * from './incident-types';
export type * from './rate-limit-types';

/** An alert as the lists know it: one row a fingerprint, its current or last episode. */
export interface AlertRow {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: AlertState;
  /** Milliseconds since 1970 at which the episode began; its id. */
  readonly episode: number;
  /** How many episodes there have been. */
  readonly fireCount: number;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly value: Transition['value'];
  readonly threshold: number | null;
  /** Event time of the last applied transition, milliseconds. */
  readonly eventTime: number;
  readonly rule: Transition['rule'];
  readonly condition: Transition['condition'] | null;
  readonly cooldownMs: number | null;
  readonly runbook: string | null;
  readonly recent: Transition['recent'];
  readonly correlationId: string;
  readonly acknowledgement: Acknowledgement | null;
  /** `evaluator`, `api` or the person who resolved it. */
  readonly resolvedBy: string | null;
  /** Set by a manual resolve: until then `pages` opens no episode; cleared when an episode opens. */
  readonly quietUntil: string | null;
  /** When it is over unless its sender tells it again; null for alerts of rules. */
  readonly expiresAt: string | null;
  /** `expiresAt` is not the sender's word. */
  readonly timedOut: boolean;
  /** Where people see what it comes from, empty where nobody said. */
  readonly generatorUrl: string;
}

/** A message that is due to one receiver; (messageId, receiver) is its identity. */
export interface NewNotification {
  readonly messageId: string;
  readonly receiver: string;
  readonly fingerprint: string;
  readonly episode: number;
  /** `fire`, `escalate-1`, `remediated-1`, `resolved`, … */
  readonly step: string;
  readonly dueAt: Date;
  /** Whom it is for, by the schedules when the step was due; absent where nobody was looked for. */
  readonly onCallPerson?: string | null;
  /** It has no use any more once somebody has taken the alert. */
  readonly unlessAcknowledged?: boolean;
  /** Those of one bundle that are due together to the same receiver, for the same person, are sent as one. */
  readonly bundle?: string | null;
}

/** What one batch of transitions does to the rows. */
export interface PagesChange {
  readonly rows: readonly AlertRow[];
  readonly timeline: readonly (TimelineEvent & { fingerprint: string; episode: number })[];
  readonly notifications: readonly NewNotification[];
  /**
   * Resolve messages: each goes to the receivers that have or will have heard of the episode, and to nobody else.
   * `receivers` are those that want resolves at all.
   */
  readonly resolves: readonly {
    fingerprint: string;
    episode: number;
    receivers: readonly string[];
    dueAt: Date;
  }[];
  readonly groups?: readonly NewGroup[];
  /** Episodes that may belong to incidents, and what becomes of them; left out where there are none. */
  readonly incidents?: {
    readonly candidates: readonly IncidentCandidate[];
    /** Asked while nobody else decides about the same keys. Pure. */
    readonly decide: (known: KnownIncidents) => readonly IncidentDraft[];
  };
}

/** A group that has an alert: its row is made, or joined. */
export interface NewGroup {
  readonly id: string;
  readonly routeId: string;
  /** When it is looked at first, where there is none yet. */
  readonly dueAt: Date;
}

/** The groups of an alert that fires, and when each is looked at if it is made for it. */
export type GroupsOf = (alert: Pick<AlertRow, 'labels' | 'startsAt'>, at: Date) => readonly NewGroup[];

/** A group that is to be looked at, leased to who has taken it. */
export interface DueGroup {
  readonly id: string;
  /** Names this taking: what is written under it counts only as long as nobody else has taken the group. */
  readonly lease: string;
  readonly routeId: string;
  readonly dueAt: Date;
  readonly flushedAt: Date | null;
  /** How often alerts have joined it: who sees it empty may remove it if nobody has joined since. */
  readonly joined: number;
  /** Of what the last look held back; null where that was nothing. */
  readonly heldDigest: string | null;
}

/** What holds an alert back, as it was when that began. The history knows of a silence more than its id. */
export type Holder =
  | {
      readonly kind: 'silence';
      readonly id: string;
      readonly createdBy?: string;
      readonly comment?: string;
      readonly endsAt?: string;
    }
  | {
      readonly kind: 'alert';
      readonly fingerprint: string;
      readonly labels: Labels;
      /** Of the inhibition rule; null where no rule does it any more. */
      readonly rule: { readonly index: number; readonly name: string } | null;
    }
  | { readonly kind: 'mute time interval' | 'active time interval'; readonly name: string }
  | {
      readonly kind: 'maintenance';
      readonly name: string;
      readonly createdBy: string;
      readonly comment: string;
      /** ISO 8601; null: until somebody ends it. */
      readonly endsAt: string | null;
    }
  /** Who has taken the alert: it is not told again. */
  | {
      readonly kind: 'person';
      readonly name: string;
      readonly at: string;
      readonly until: string | null;
      readonly comment: string | null;
    }
  /** It is told of as a whole. */
  | { readonly kind: 'incident'; readonly id: string; readonly name: string }
  /** So many alerts like it were told: this one waits for the digest. */
  | {
      readonly kind: 'fatigue limit';
      /** What it is about, in words. */
      readonly name: string;
      readonly like: Labels;
      readonly told: number;
      readonly limit: number;
      readonly windowMs: number;
      /** ISO 8601: when the digest leaves. */
      readonly digestAt: string;
    };

/** An alert of which nobody is told, by the stage that decided so. */
export interface HeldAlert {
  readonly fingerprint: string;
  readonly reason: string;
  readonly by: readonly Holder[];
}

/** What a look holds back. */
export interface HeldOfGroup {
  /** The same for the same alerts held by the same; null where there are none. */
  readonly digest: string | null;
  readonly groupKey: string;
  readonly receiver: string;
  readonly alerts: readonly HeldAlert[];
}

/** What an integration is to be told: fingerprints, and why. */
export interface PendingMessage {
  readonly reason: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /** Of a storm: told in place of alerts. */
  readonly summary?: readonly SummaryEntry[];
}

/** Alerts of a storm that are told of as one. */
export interface SummaryEntry {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
}

export interface StormStore {
  /** Integrations for which at least so many messages wait. */
  waiting(least: number): Promise<readonly { readonly integration: string; readonly messages: number }[]>;
  /** A summary for these integrations, unless there was one within `everyMs`; false then. */
  tell(
    integrations: readonly string[],
    summary: readonly SummaryEntry[],
    everyMs: number,
    keepUntil: Date,
  ): Promise<boolean>;
}

/** What one integration of a receiver was told of a group last. `integration`: `receiver/kind/index`. */
export interface ToldOfGroup {
  readonly groupKey: string;
  readonly integration: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  /**
   * Of which it was told before that they fire, and which the last message left out because they were held back: their end
   * has yet to be told.
   */
  readonly awaited: readonly string[];
  readonly toldAt: Date | null;
  /** Grows with each message that is made; what was made last is the one that counts. */
  readonly seq: number;
  /** What waits to be sent. */
  readonly pending: PendingMessage | null;
  /** Somebody is sending it, or was when he ended: what has left cannot be taken back. */
  readonly isTaken: boolean;
  /** The group that the last message was made for: groups of routes with the same matchers have one key. */
  readonly groupId: string | null;
}

/** What a group that is new has been told in place of another. */
export type InheritedOfGroup = Omit<ToldOfGroup, 'seq' | 'pending' | 'isTaken' | 'groupId'>;

/** What came of a look at a group. */
export interface FlushedGroup {
  readonly id: string;
  readonly lease: string;
  readonly joined: number;
  /** When it is looked at next; null: it is empty, and removed unless an alert has joined it. */
  readonly dueAt: Date | null;
  readonly flushedAt: Date;
  readonly routeId: string;
  /** How long after a message of it was refused for good it is looked at again. */
  readonly lookAgainMs: number;
  /** The group's key where what is on its way says what is not so any more: it is looked at again when that has arrived. */
  readonly outrun?: string;
  readonly messages: readonly {
    readonly groupKey: string;
    readonly integration: string;
    /** Null: nothing waits any more. */
    readonly pending: PendingMessage | null;
    /** `told`: nothing has to be sent for it; it counts as sent at `flushedAt`. */
    readonly told: boolean;
    readonly keepUntil: Date;
  }[];
  /** Left out where it is what the last look held back. */
  readonly held?: HeldOfGroup;
}

/** That nobody was told of an alert in a group, from when on, and until when; null: it is so now. */
export interface RecordedHold extends HeldAlert {
  readonly groupId: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly from: Date;
  readonly until: Date | null;
}

/** What left for an integration, or was given up, with the alert in it. */
export interface RecordedDelivery {
  readonly groupKey: string;
  readonly integration: string;
  readonly at: Date;
  readonly outcome: 'sent' | 'refused';
  readonly reason: string;
  readonly error: string | null;
  readonly attempts: number;
  /** The integration of a fallback that told it instead; `error` says why. */
  readonly via?: string | null;
  /** What it said of the alert. */
  readonly said: 'firing' | 'resolved';
}

/** How things stand between a group and an integration. */
export interface RecordedMessage extends Omit<ToldOfGroup, 'isTaken' | 'groupId' | 'awaited'> {
  /** When what waits is sent, or tried again. */
  readonly dueAt: Date | null;
  readonly attempts: number;
  /** Of the last try; null where that went well. */
  readonly error: string | null;
  /** When the integration's rate limit lets the next message through; null where it lets one through now. */
  readonly limitedUntil?: Date | null;
}

/** All that is on record of why people were told of an alert, or not. */
export interface AlertRecords {
  readonly groups: readonly Pick<DueGroup, 'id' | 'dueAt' | 'flushedAt'>[];
  readonly messages: readonly RecordedMessage[];
  /** Oldest first; of many the newest. */
  readonly deliveries: readonly RecordedDelivery[];
  /** Oldest first. */
  readonly holds: readonly RecordedHold[];
  /** Null where nobody has served yet. */
  readonly hearing: Hearing | null;
  /** A process that looks at groups has been seen lately. */
  readonly isServed: boolean;
}

/** By what alerts are routed, so that whoever asks why needs no configuration. */
export interface RecordedRouting {
  readonly route: RouteOptions;
  readonly integrations: readonly { readonly name: string; readonly sendResolved: boolean }[];
  /** Alerts of rules go by it too; left out: only those that were posted do. */
  readonly ofRules?: boolean;
}

/** A process, by its peer's id. */
export interface RoutedBy {
  readonly id: string;
  /** Its files were read again while it ran. At a start, they may be those of long ago. */
  readonly isReload: boolean;
}

export interface GroupRecords {
  /** Of these groups, and of any other that has held the alert back or told of it. `since`: no older deliveries. */
  of(
    fingerprint: string,
    groups: readonly { readonly id: string; readonly key: string }[],
    since: Date,
  ): Promise<AlertRecords>;
  /** It is in effect from now on; `by`: for that process, and for all unless one goes by newer routes. */
  keepRouting(routing: RecordedRouting, by?: RoutedBy): Promise<void>;
  /** In effect now; null where no process has ever said so. */
  routing(): Promise<RecordedRouting | null>;
}

/** A message that was taken to be sent, leased to who has taken it. */
export interface TakenMessage {
  readonly groupKey: string;
  readonly integration: string;
  /** Names this taking. */
  readonly lease: string;
  readonly seq: number;
  readonly attempts: number;
  /** How long it has been waiting. */
  readonly ageMs: number;
  readonly pending: PendingMessage;
  /** What the integration kept at its last delivery for the group. */
  readonly memory: Readonly<Record<string, string>>;
}

export type MessageOutcome =
  /** `memory`: what the integration keeps for the next message of the group; left out, what it kept stays. */
  | {
      readonly kind: 'sent';
      readonly at: Date;
      readonly memory?: Readonly<Record<string, string>>;
      /** The integration of the fallback that has told it instead, and why. */
      readonly instead?: { readonly via: string; readonly why: string };
    }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly error: string }
  /** Not sent, and not tried again: the group's next look decides anew. */
  | { readonly kind: 'refused'; readonly error: string };

export interface GroupStore {
  /** Makes or joins them; one that nobody has looked at yet is looked at when the first of its alerts asks for it. */
  join(groups: readonly NewGroup[]): Promise<void>;
  /** Sets when they are looked at next, of those that there are. */
  retime(groups: readonly NewGroup[]): Promise<void>;
  /**
   * Leases groups that are due at `now`, oldest first: those that nobody has looked at yet, then others, and of these a
   * quarter of the limit in any case.
   */
  takeDue(now: Date, limit: number, leaseMs: number): Promise<DueGroup[]>;
  /** Of those that nobody else has taken meanwhile. */
  keep(groups: readonly Pick<DueGroup, 'id' | 'lease'>[], leaseMs: number): Promise<void>;
  /** When the next one that nobody holds is due; null when there is none. */
  nextDue(): Promise<Date | null>;
  /** All of them, in no order; for the start. */
  routeIds(): Promise<readonly { readonly id: string; readonly routeId: string }[]>;
  /** Answers what integrations were told, by group key. */
  told(groupKeys: readonly string[]): Promise<ToldOfGroup[]>;
  /** Writes what came of looks; of a group whose lease another has taken over, nothing. */
  flushed(results: readonly FlushedGroup[]): Promise<void>;
  /** Leases messages of these integrations that are due. */
  takeMessages(
    integrations: readonly string[],
    limit: number,
    leaseMs: number,
    heldBack?: HeldBackMessages,
  ): Promise<TakenMessage[]>;
  nextMessageDueInMs(integrations: readonly string[], heldBack?: HeldBackMessages): Promise<number | null>;
  renew(
    messages: readonly Pick<TakenMessage, 'groupKey' | 'integration' | 'lease'>[],
    leaseMs: number,
  ): Promise<void>;
  finish(message: TakenMessage, outcome: MessageOutcome): Promise<void>;
  /** For groups that are new in place of others: what these were told counts as told. */
  inherit(told: readonly InheritedOfGroup[], keepUntil: Date): Promise<void>;
  /** All that integrations were told, of all groups. */
  allTold(): Promise<ToldOfGroup[]>;
  /** Calls `wake` whenever another process may have made a group or a message due. Returns how to stop. */
  listen(wake: () => void): Promise<() => Promise<void>>;
}

/** An alert as its row has it. Times are ms since 1970. */
export interface ChangedAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: AlertState;
  readonly episode: number;
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** When it is over unless its sender tells it again. */
  readonly expiresAt: number | null;
  /** Event time of the last transition. */
  readonly updatedAt: number;
  /** When its row was written last, by the database's clock. */
  readonly changedAt: number;
  readonly generatorUrl: string;
  /** Who has taken it; null: nobody. */
  readonly acknowledgement: Acknowledgement | null;
  /** The instance that it says does not answer; null where it says nothing of the kind. */
  readonly downTarget: string | null;
}

/** An alert as every process of an instance knows it. */
export interface KnownAlert extends ChangedAlert {
  /** From when on it is over although nobody said so: `expiresAt`, or later where its sender could not be heard. */
  readonly overAt: number | null;
}

/** When senders could be heard. In ms by the database's clock. */
export interface Hearing {
  readonly now: number;
  /** They have been heard without a break since. */
  readonly since: number;
  /** What was posted by then is in the rows. */
  readonly heardUntil: number;
  /** The end of the last stretch before `since` that was long enough for every sender to be heard. */
  readonly before: number;
}

export interface HearingStore {
  /** Posts have been taken for `sinceMs` without a break, and what came until `untilMs` ago is in the rows. */
  heard(sinceMs: number, untilMs: number): Promise<void>;
  /** For so long until now, something that was posted could not be taken. */
  missed(forMs: number): Promise<void>;
}

export interface ReadAlerts {
  /** All that there are, as at the first call. */
  readonly isWhole: boolean;
  readonly alerts: readonly ChangedAlert[];
  /** Null where nobody has served yet. */
  readonly hearing: Hearing | null;
}

export interface AlertChanges {
  /**
   * All alerts that changed since the last call, some of them perhaps again; at the first call, and where the server is
   * another one, those that are not resolved and the `wanted` ones, whatever they are.
   */
  next(wanted: () => Promise<readonly string[]>): Promise<ReadAlerts>;
}

/** A process of the instance. */
export interface Peer {
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
}

export interface PeerStore {
  /**
   * Says that it is there, and answers who has said so within `withinMs` and has an address, itself included, and whether
   * another one goes by newer routes.
   */
  beat(
    own: Peer,
    withinMs: number,
  ): Promise<{ readonly peers: readonly Peer[]; readonly isOutdated: boolean }>;
  leave(id: string): Promise<void>;
}

/** That what mutes alerts has changed, for the lives of those that it is about. */
export interface MuteNews {
  readonly id: string;
  readonly scope: MaintenanceScope;
}

export interface MuteNewsStore {
  /** Leases some, oldest first. */
  take(limit: number, leaseMs: number): Promise<readonly MuteNews[]>;
  /** They have been told. */
  done(ids: readonly string[]): Promise<void>;
  openAlerts(): Promise<readonly OpenAlert[]>;
}

/** What is known at a glance of an alert that is not over. */
export interface OpenAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly episode: number;
}

/** An episode of an alert, over or not. */
export interface PastEpisode extends OpenAlert {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
}

export interface SilenceReminders {
  /**
   * Writes a message for each alert that fires under a silence which ends within `beforeMs`, once a silence and end, and
   * answers how many. `receiversOf`: those of its maker.
   */
  remind(at: Date, beforeMs: number, receiversOf: (maker: string) => readonly string[]): Promise<number>;
}

/** One way of a receiver, at one time that its drill was due. */
export interface DrillKey {
  readonly drill: string;
  readonly receiver: string;
  /** Milliseconds. */
  readonly at: number;
  readonly way: string;
}

/** How far a drill of one way came. */
export interface DrillStep {
  /** What its beginning kept and answered; null: it was not told. */
  readonly begun: { readonly memory: Readonly<Record<string, string>>; readonly detail: string } | null;
  readonly isDelivered: boolean;
  readonly detail: string;
}

export interface DrillResult extends DrillKey {
  readonly isDelivered: boolean;
  readonly detail: string;
  /** ISO 8601. */
  readonly finishedAt: string;
}

export interface DrillStore {
  /** Null: it has not been tried. */
  step(key: DrillKey): Promise<DrillStep | null>;
  /** What was delivered stays so. */
  record(key: DrillKey, step: DrillStep): Promise<void>;
  /** The last of each receiver of each drill, with all its ways. */
  latest(): Promise<readonly DrillResult[]>;
  /** All of a receiver that is not drilled any more. */
  forget(drill: string, receiver: string): Promise<void>;
}

/** For whoever asks what a silence would mute. */
export interface EpisodeHistory {
  open(): Promise<readonly OpenAlert[]>;
  /** Those that were not over at `since`, newest first; `equal`: their alerts have these labels. At most `limit`. */
  since(since: Date, equal: Labels, limit: number): Promise<readonly PastEpisode[]>;
}

export interface PagesStore {
  /** Reads the rows of `fingerprints`, lets `decide` say what follows, writes it: one transaction. */
  apply(
    fingerprints: readonly string[],
    decide: (rows: ReadonlyMap<string, AlertRow>) => PagesChange,
  ): Promise<PagesChange>;
}

/** One step of an alert's life, written by its workflow. `seq` grows within a life: a lower one changes no state. */
export interface LifeRecord {
  readonly fingerprint: string;
  readonly episode: number;
  readonly seq: number;
  readonly timeline: readonly TimelineEvent[];
  readonly state?: AlertState;
  readonly acknowledgement?: Acknowledgement | null;
  readonly resolvedBy?: string;
  readonly escalationLevel?: number;
  readonly artifacts?: readonly Artifact[];
  readonly remediation?: RemediationResult;
  /** An episode that the life itself opens, after a manual resolve whose condition still holds. */
  readonly opens?: {
    readonly startsAt: string;
    readonly reason: string;
    /** As its sender has said meanwhile. */
    readonly expiresAt?: string;
    readonly timedOut?: boolean;
  };
  readonly notifications?: readonly NewNotification[];
  /** The episode's `fire` messages to these receivers that still wait become due now. */
  readonly release?: readonly string[];
  /** One more message to those of `receivers` whose `fire` message has left; the others' is released with the news in it. */
  readonly updates?: { readonly step: string; readonly receivers: readonly string[] };
  /** What somebody did, or that it is over: one more message to those of `receivers` that have heard of the episode. */
  readonly follows?: { readonly step: string; readonly receivers: readonly string[] };
  /** After a manual resolve: until then a firing condition opens no episode of its own; the life does when it ends. */
  readonly quietUntil?: string | null;
  /** Sends the resolve to those who have heard of the episode. */
  readonly resolves?: { readonly receivers: readonly string[] };
}

/** A record with its dates as text: what a workflow hands to an activity is JSON. */
export type QueuedRecord = Omit<LifeRecord, 'notifications'> & {
  readonly notifications?: readonly (Omit<NewNotification, 'dueAt'> & { readonly dueAt: string })[];
  /** An escalation's step whose people are found out when it is written: they become its messages. `at`: ISO time. */
  readonly asks?: Asked & { readonly step: string; readonly at: string };
  /** The first record of an episode: what it answers is told to the life. */
  readonly begins?: boolean;
  /** For the log line of a remediation's result. */
  readonly correlationId?: string;
};

export interface LifeStore {
  /**
   * `closed` says that this episode had ended before this life's first record: a late duplicate, for whom no life is
   * needed. `previousEndedAt` is when the alert's episode before this one ended, for the cool-down. `remediated` says that
   * the remediation's result had not stood there before.
   */
  record(record: LifeRecord): Promise<{
    readonly closed: boolean;
    readonly previousEndedAt: string | null;
    readonly remediated?: boolean;
  }>;
}

export interface QueuedNotification extends NewNotification {
  readonly id: string;
  /** How often it has been tried before. */
  readonly attempts: number;
  /** How long ago it was written. This and what follows here counts by the server's clock, whatever ours says. */
  readonly ageMs: number;
  /** How long ago it was due first, before any try has failed; counted anew after a hold. */
  readonly waitedMs: number;
  /** What came of the last try; null where none has failed: whoever took it before may have ended. */
  readonly lastError: string | null;
  /** Whether this receiver has been sent an earlier message of the episode. */
  readonly told: boolean;
  /** Until when it was held back last; null when it never was. */
  readonly heldUntil: Date | null;
  /** What receivers kept of what they sent last of this episode, by their names. */
  readonly memories: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Which receivers' messages to look at: those named, or all but those named. */
export type ReceiverFilter =
  ({ readonly only: readonly string[] } & HeldBackMessages) | { readonly except: readonly string[] };

export type NotificationOutcome =
  /** `memory`: what the receiver keeps for its next message of the episode. */
  | {
      readonly kind: 'sent';
      readonly via: string;
      readonly detail: string;
      readonly memory?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'dropped';
      readonly reason: string;
      readonly detail: string;
      readonly by?: readonly Holder[];
    }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly error: string }
  /** Its receiver's rate limit is reached: it is as due as it was, or again after `afterMs`, and it was no attempt. */
  | { readonly kind: 'limited'; readonly detail: string; readonly afterMs?: number }
  /** Not now: looked at again after so long, or when the episode ends. It was no attempt. */
  | {
      readonly kind: 'held';
      readonly forMs: number;
      readonly reason: string;
      readonly detail: string;
      /** What holds it back. */
      readonly by?: readonly Holder[];
      /** It waits for what its row says, and `forMs` says nothing. */
      readonly digest?: HeldForDigest;
    }
  | { readonly kind: 'dead'; readonly error: string };

/** For the digest, `isNew` where it did not wait for it before; or for all of a digest to be over. */
export interface HeldForDigest {
  readonly of: 'fire' | 'end';
  readonly isNew: boolean;
}

/** What a message counts as among those to its receiver, and how many of them may go out by themselves. */
export interface Likeness {
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly digestAfterMs: number;
}

export type Admission =
  /** It may go out by itself. */
  | { readonly kind: 'single' }
  /** It waits for a digest; `told` are those that went out by themselves within the time, or are about to. */
  | {
      readonly kind: 'digest';
      readonly at: Date;
      readonly inMs: number;
      readonly told: number;
      readonly isNew: boolean;
    }
  /** Its digest leaves. */
  | { readonly kind: 'due'; readonly at: Date };

/** Of the message that an alert is over. */
export type DigestEnd =
  /** No digest told of it with others. */
  | { readonly kind: 'none' }
  /** So many others of its digest are open; where it is none, those that are over are yet to be brought together. */
  | { readonly kind: 'waits'; readonly open: number }
  | { readonly kind: 'due' };

/** Everything that a message's payload is made of. */
export interface NotificationFacts {
  readonly alert: AlertRow;
  readonly artifacts: readonly Artifact[];
  readonly remediation: RemediationResult | null;
  /** The remediation that has begun and has no result yet. */
  readonly underWay: { readonly runbook: string; readonly target: string } | null;
  readonly related: readonly RelatedAlert[];
  /** Of a message about an incident: `alert` stands for all of its alerts then. */
  readonly incident?: IncidentFacts;
}

export interface NotificationQueue {
  /**
   * Leases due messages, oldest first, at most one an (alert, receiver) at a time so that order holds. `orphans`, the
   * default: also those whose holder, another process, has let its lease end. Of a bundle all that are due by then or
   * within two seconds come together, above the limit, up to a thousand.
   */
  take(
    limit: number,
    leaseMs: number,
    receivers?: ReceiverFilter,
    orphans?: boolean,
  ): Promise<QueuedNotification[]>;
  renew(ids: readonly string[], leaseMs: number): Promise<void>;
  finish(id: string, outcome: NotificationOutcome): Promise<void>;
  /**
   * Whether the message may go out by itself or waits for a digest, counted over all processes; asked again, the answer is
   * the same. Null where the message has been settled meanwhile.
   */
  admit(message: Pick<QueuedNotification, 'id' | 'receiver'>, like: Likeness): Promise<Admission | null>;
  /** Whether the message that it is over waits for others that a digest told of with it. */
  digestEnd(message: Pick<QueuedNotification, 'id'>): Promise<DigestEnd>;
  /** How long until the next message is due, for a timer instead of a poll: below 0 when it is, null when none waits. */
  nextDueInMs(receivers?: ReceiverFilter): Promise<number | null>;
  /** Calls `wake` whenever another process may have made a message due. Returns how to stop. */
  listen(wake: () => void): Promise<() => Promise<void>>;
  facts(fingerprint: string, episode: number): Promise<NotificationFacts | null>;
}

/** An alert that is open, of which a receiver has told somebody. */
export interface ToldAlert extends Pick<AlertRow, 'fingerprint' | 'episode' | 'state' | 'labels'> {
  /** Whom the last message was for; null where nobody was looked for. */
  readonly onCallPerson: string | null;
}

/** What services call back with. `source` names the service and the receiver, `id` what it calls its event. */
export interface CallbackStore {
  /** False when it has been begun already: whoever did so ends it, or has ended. */
  begin(source: string, id: string): Promise<boolean>;
  /** It has been acted on. */
  end(source: string, id: string): Promise<void>;
  /** It could not be acted on: the same event may be begun again. */
  abandon(source: string, id: string): Promise<void>;
  /** The alerts that the receiver has told of, the one it told of last first. */
  openToldVia(receiver: string): Promise<readonly ToldAlert[]>;
}

/** A message that was given up. */
export interface DeadLetter {
  /** By which it is sent again. */
  readonly id: string;
  /** `message`: to a receiver of tocsin.yaml; `group`: of a group, to an integration of an alertmanager.yml. */
  readonly kind: 'message' | 'group';
  /** Of a group: `receiver/kind/index`. */
  readonly receiver: string;
  /** Of several alerts, one's; of an incident its policy. */
  readonly alertname: string | null;
  /** Null for a group's; of an incident its reference. */
  readonly fingerprint: string | null;
  readonly episode: number | null;
  /** Null for a message of one alert. */
  readonly groupKey: string | null;
  /** `fire`, `escalate-1`, …; of a group why it was told then. */
  readonly step: string;
  /** Of how many alerts it tells, and how many of them are open. */
  readonly alerts: number;
  readonly open: number;
  /** When it was given up. */
  readonly at: Date;
  readonly attempts: number;
  readonly error: string;
}

export interface DeadLetterFilter {
  /** By name; of a group's also an integration. */
  readonly receiver?: string;
  /** Given up since then. */
  readonly since?: Date;
}

export interface Resent {
  readonly id: string;
  readonly isResent: boolean;
  /** What is done, or why nothing is. */
  readonly text: string;
}

export interface DeadLetters {
  /** The newest first. */
  list(filter: DeadLetterFilter, limit: number): Promise<readonly DeadLetter[]>;
  /**
   * One answer an id. `receivers`: those that there are; null where that is not known. What waits already, what has left and
   * what is over stays as it is.
   */
  resend(
    ids: readonly string[],
    by: { readonly owner: string; readonly receivers: readonly string[] | null },
  ): Promise<readonly Resent[]>;
}

/** A step of which nobody could be told. */
export interface Undelivered {
  readonly fingerprint: string;
  readonly episode: number;
  /** `fire`, `escalate-2`, … */
  readonly step: string;
  /** Who was to be told, and what came of it. */
  readonly reason: string;
}

export interface UndeliveredStore {
  /**
   * Writes down those of open alerts that are not written down yet, and answers how many. `lateMs`: for so long a message may
   * be tried in vain before it counts; null: until it is given up. `groupsMs`: groups have so long to tell of an alert after
   * its own page was given up.
   */
  find(options: { readonly lateMs: number | null; readonly groupsMs: number }): Promise<number>;
  /** Leases some of which no life has heard yet and whose alert is open, the oldest first. */
  take(limit: number, leaseMs: number): Promise<readonly Undelivered[]>;
  told(heard: readonly Undelivered[]): Promise<void>;
}

export interface NotificationRecord extends NewNotification {
  readonly state: 'pending' | 'sent' | 'dropped' | 'dead';
  readonly attempts: number;
  readonly sentAt: string | null;
  readonly via: string | null;
  readonly detail: string | null;
  /** When the receiver's rate limit lets the next message through; left out where it lets one through now. */
  readonly limitedUntil?: Date;
}

export interface AlertFilter {
  readonly state?: AlertState;
  readonly severity?: string;
  /** Matchers as text, all of which have to hold. */
  readonly matchers?: readonly string[];
  readonly limit?: number;
}

export interface AlertLists {
  list(filter: AlertFilter): Promise<AlertRow[]>;
  /** By a fingerprint or a prefix of one that is unambiguous; null when there is none. */
  find(fingerprint: string): Promise<AlertRow | null>;
  timeline(fingerprint: string, episode?: number): Promise<(TimelineEvent & { episode: number })[]>;
  notifications(fingerprint: string, episode?: number): Promise<NotificationRecord[]>;
  remediations(fingerprint: string, episode?: number): Promise<RemediationResult[]>;
  artifacts(fingerprint: string, episode: number): Promise<Artifact[]>;
  /** Firing alerts that share the instance, newest first, without the alert itself. */
  related(row: Pick<AlertRow, 'fingerprint' | 'labels'>, limit: number): Promise<RelatedAlert[]>;
}

/** What the auditor compares with what runs. */
export interface AuditRows {
  /** Alerts that are not resolved, in the order of their fingerprints, from after `after` on. */
  open(after: string, limit: number): Promise<AlertRow[]>;
  named(fingerprints: readonly string[]): Promise<AlertRow[]>;
  /** Where the lives of open alerts stood when they wrote last, by fingerprint; of those that have written anything. */
  resumable(fingerprints: readonly string[]): Promise<ReadonlyMap<string, ResumedLife>>;
  /** How many have been due for longer than so many milliseconds with nobody holding them. */
  overdue(
    groupMs: number,
    messageMs: number,
  ): Promise<{ readonly groups: number; readonly messages: number }>;
}
