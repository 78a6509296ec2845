/** Silences, inhibition and times: who may be told of an alert, answered with a reason. */
import type { Labels } from '../domain/labels';
import type { Maintenance, MaintenanceScope, RepairSubject } from '../domain/maintenance';
import type { Matcher } from '../domain/matchers';
import type { TimeInterval } from '../domain/time-interval';
import type { Holder } from '../history/port';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

/** The episodes of alerts with whose end it ends, at its own end at the latest. */
export type UntilResolved = readonly { readonly fingerprint: string; readonly episode: number }[];

/** One as it is on record. */
export interface KeptSilence extends Silence {
  readonly annotations: Labels;
  readonly updatedAt: string;
}

/** One that somebody wants: new where it has no id, otherwise in place of the one that has it. */
export interface WantedSilence extends Omit<Silence, 'id'> {
  readonly id: string | null;
  readonly annotations: Labels;
  readonly untilResolved?: UntilResolved;
}

export interface SilenceStore {
  /**
   * Makes a new one, changes one in place where that rewrites nothing that has been, or ends it and makes another. Answers
   * the id that it has now; null where there is none with the id that it was given. It is on record once this has returned.
   */
  set(wanted: WantedSilence, at: Date): Promise<string | null>;
  /** Ends it; one that has ended stays as it is. False where there is none with this id. */
  expire(id: string, at: Date): Promise<boolean>;
  get(id: string, at: Date): Promise<KeptSilence | null>;
  /** All that are to come, in effect, or have not been over for longer than they are kept. */
  list(at: Date): Promise<readonly KeptSilence[]>;
  /** Visible to every later `active` once it has returned. The same id again changes nothing. */
  create(silence: Silence & { readonly untilResolved?: UntilResolved }): Promise<void>;
  active(at: Date): Promise<readonly Silence[]>;
  /** Ends at `at` those whose alerts are over, and answers them. */
  endResolved(at: Date): Promise<readonly Silence[]>;
  /** Ends at `at` those with exactly these matchers, and answers how many; the same again answers the same. */
  end(matchers: readonly Matcher[], at: Date): Promise<number>;
}

/** How many alerts, or episodes of alerts, and of which names; the most frequent first. */
export interface MutedAlerts {
  readonly count: number;
  /** Different ones. */
  readonly alerts: number;
  readonly byAlertname: readonly { readonly alertname: string; readonly count: number }[];
  /** Labels of some. */
  readonly examples: readonly Labels[];
}

/** What a silence would mute now, and which episodes it would have muted. */
export interface SilencePreview {
  readonly now: MutedAlerts;
  readonly past: MutedAlerts & {
    readonly since: string;
    /** When the last of them began; null where there is none. */
    readonly last: string | null;
    /** False where there are too many to count. */
    readonly isWhole: boolean;
  };
}

export type MuteVerdict =
  | { readonly muted: false }
  | {
      readonly muted: true;
      readonly reason: 'silence' | 'maintenance';
      /** Who made the silence, or `maintenance NAME`. */
      readonly by: string;
      readonly until: string;
      readonly detail: string;
      /** What decided, for the record. */
      readonly holder: Holder;
    };

/** Ids of the silences in effect that hold for these labels; the one that ends first stands first. */
export type SilencedBy = (labels: Labels) => readonly string[];

export interface Mutes {
  /** Throws when the mutes cannot be read; the caller then lets the message out: fail open to people. */
  verdict(labels: Labels, at: Date): Promise<MuteVerdict>;
}

/** What the API has to know of silences. */
export interface SilenceMutes extends Mutes {
  /** All silences that mute it now, read anew. Throws when they cannot be read. */
  silencedBy(labels: Labels, at: Date): Promise<readonly string[]>;
  /**
   * The same for many alerts at one moment: one reading for all of them. `leadMs`: silences that end within it are left
   * out, unless they are no longer than that.
   */
  silencer(at: Date, leadMs?: number): Promise<SilencedBy>;
}

/** A maintenance that is in effect. */
export interface UnderMaintenance {
  readonly maintenance: Maintenance;
  readonly until: string;
}

/** Maintenances in effect that cover alerts with these labels; the one that lasts longest stands first. */
export type MaintainedBy = (labels: Labels) => readonly UnderMaintenance[];

/** All throw when the maintenances cannot be read. */
export interface Maintenances {
  /** The one that covers an alert the longest; null where none does. */
  covering(labels: Labels, at: Date): Promise<UnderMaintenance | null>;
  /** The same for many alerts at one moment: one reading, made anew. */
  maintainer(at: Date): Promise<MaintainedBy>;
  /** All that are in effect, read anew. */
  active(at: Date): Promise<readonly UnderMaintenance[]>;
  /** The one that keeps runbooks from acting on a target the longest, read anew; null where none does. */
  holding(subject: RepairSubject, at: Date): Promise<UnderMaintenance | null>;
}

/** Maintenances that people have begun by command; those of the configuration are not among them, but waited for like them. */
export interface MaintenanceStore {
  /** False where one of this name is not over yet. It is in effect for every later `current` once this has returned. */
  start(maintenance: Maintenance, at: Date): Promise<boolean>;
  /** Ends at `at` those of this name or id that are not over, and answers how many. */
  end(name: string, at: Date): Promise<number>;
  /**
   * A process goes by these of its configuration from now on. Of `changed`, what is otherwise than before, lives hear, and what
   * waits is looked at again; so it is with what any process has found come or gone within a day, for lives and pages may
   * have been answered by this one as it was, or by one that it follows.
   */
  goBy(all: readonly Maintenance[], changed: readonly MaintenanceScope[]): Promise<void>;
  /** Those that are in effect or to come. */
  current(at: Date): Promise<readonly Maintenance[]>;
  /** The same, and those that were over at `since` at the earliest. */
  list(since: Date): Promise<readonly Maintenance[]>;
}

/** While a source fires, targets with the same values of the labels in `equal` are muted; absent ones are empty. */
export interface InhibitionRule {
  readonly name?: string;
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  readonly equal: readonly string[];
}

/** An instant lies in it when it lies in one of `intervals`. */
export interface TimeIntervalByName {
  readonly name: string;
  readonly intervals: readonly TimeInterval[];
}
