/** What the stream tells of itself; the wiring turns it into logs and counters. */
import type { DeadLetterReason } from './dead-letters';

export type StreamEvent =
  | {
      readonly kind: 'client_log';
      readonly level: 'warn' | 'error';
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'send_retry'; readonly lane: string; readonly reason: string; readonly waiting: number }
  | { readonly kind: 'sent'; readonly lane: string; readonly messages: number; readonly ms: number }
  /** Said once: this topic is not made, and no further one; `rest` takes what is for them. */
  | {
      readonly kind: 'topics_bounded';
      readonly topic: string;
      readonly most: number;
      readonly rest: string;
    }
  /** `rest` takes what is for it, until it is tried again in a minute. */
  | {
      readonly kind: 'topic_not_made';
      readonly topic: string;
      readonly rest: string;
      readonly reason: string;
    }
  /** Told again and again while it lasts: it is not read, and what goes by time waits for it. */
  | { readonly kind: 'topic_unled'; readonly topic: string }
  | { readonly kind: 'consumer_started'; readonly group: string; readonly topics: readonly string[] }
  | {
      readonly kind: 'consumer_restarting';
      readonly group: string;
      readonly reason: string;
      readonly delayMs: number;
    }
  | {
      readonly kind: 'assigned';
      readonly group: string;
      readonly partitions: Readonly<Record<string, readonly number[]>>;
    }
  | {
      readonly kind: 'batch';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly messages: number;
      readonly lag: number;
      readonly ms: number;
    }
  | {
      readonly kind: 'batch_retry';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly attempt: number;
      readonly reason: string;
    }
  | { readonly kind: 'committed'; readonly group: string; readonly partitions: number }
  | { readonly kind: 'commit_failed'; readonly group: string; readonly reason: string }
  | {
      /** What is known of a partition number was written down; `ms` is how long taking it has held the process. */
      readonly kind: 'snapshot';
      readonly partition: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      /** A partition number goes on with what somebody knew. Milliseconds since 1970. */
      readonly kind: 'snapshot_read';
      readonly partition: number;
      readonly bytes: number;
      readonly takenAt: number;
    }
  | {
      /** Null: none could be read. What rules look back to is read again instead. */
      readonly kind: 'snapshot_failed';
      readonly partition: number | null;
      readonly reason: string;
    }
  | {
      /** A broker has said its time; `aheadMs` is how far this machine's clock is after it. */
      readonly kind: 'broker_clock';
      readonly aheadMs: number;
    }
  /** A broker says a time that lies before the one that it, or another one, has said: what went by that has come too far. */
  | { readonly kind: 'broker_clock_set_back'; readonly byMs: number }
  /** Time goes on as this machine counts it since the last answer; where there was none, nothing is evaluated. */
  | { readonly kind: 'broker_clock_failed'; readonly reason: string }
  | {
      /** A partition ends before what was read of it: its topic was made again, and is read from its beginning. */
      readonly kind: 'topic_made_again';
      readonly topic: string;
      readonly partition: number;
    }
  | {
      /** Their record time does not say when they came: it is none, or from before anything that may still be there. */
      readonly kind: 'records_undated';
      readonly topic: string;
      readonly partition: number;
      readonly records: number;
    }
  | {
      readonly kind: 'dead_letter';
      readonly topic: string;
      readonly partition: number;
      readonly offset: string;
      readonly reason: DeadLetterReason;
      /** Whatever the sender wrote may stand in them: for people only. */
      readonly problems: readonly string[];
    }
  | {
      /** Samples of one instance that were ahead of their record time by more than may be. */
      readonly kind: 'clock_skew';
      readonly action: 'corrected' | 'rejected';
      readonly topic: string;
      readonly partition: number;
      /** As its sender wrote it: for people only. */
      readonly instanceId: string;
      readonly samples: number;
      /** The farthest of them. */
      readonly aheadMs: number;
    }
  | {
      /** Samples of one instance that were too late to be evaluated, and are in the topic of late ones. */
      readonly kind: 'late_metrics';
      readonly topic: string;
      readonly partition: number;
      readonly instanceId: string;
      readonly samples: number;
      /** The latest of them. */
      readonly lateMs: number;
    };

export type OnStreamEvent = (event: StreamEvent) => void;

export const ignoreEvents: OnStreamEvent = () => undefined;
