/** Silences: who may be told of an alert, answered with a reason. */
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';

export interface Silence {
  readonly id: string;
  readonly matchers: readonly Matcher[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

export interface SilenceStore {
  /** Visible to every later `active` once it has returned. The same id again changes nothing. */
  create(silence: Silence): Promise<void>;
  active(at: Date): Promise<readonly Silence[]>;
  /** Ends at `at` those with exactly these matchers, and answers how many; the same again answers the same. */
  end(matchers: readonly Matcher[], at: Date): Promise<number>;
}

export type MuteVerdict =
  | { readonly muted: false }
  | {
      readonly muted: true;
      readonly reason: 'silence';
      readonly by: string;
      readonly until: string;
      readonly detail: string;
    };

export interface Mutes {
  /** Throws when the mutes cannot be read; the caller then lets the message out: fail open to people. */
  verdict(labels: Labels, at: Date): Promise<MuteVerdict>;
}
