/**
 * Which offsets are done and when they are committed: after every 100 messages or 10 s, whichever comes first, and
 * never in the way of the batch that caused it. One commit is on its way at a time; what is done meanwhile waits for
 * the next. A commit that fails stays due.
 */
import { messageOf } from '../domain/errors';
import type { OnStreamEvent } from './events';

export interface DoneOffset {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read, as Kafka commits it. */
  readonly offset: string;
  readonly metadata: string | null;
}

export interface CommitLedgerOptions {
  readonly group: string;
  readonly commit: (offsets: DoneOffset[]) => Promise<void>;
  readonly everyMessages?: number;
  readonly everyMs?: number;
  readonly onEvent: OnStreamEvent;
}

export interface CommitLedger {
  note(done: DoneOffset, messages: number): void;
  /** Commits everything that is noted. Never throws: a failure is told as an event and leaves the offsets due. */
  flush(): Promise<void>;
  /** Forgets the partitions that `owned` refuses: others commit them now. */
  keepOnly(owned: (topic: string, partition: number) => boolean): void;
  close(): void;
}

export function createCommitLedger(options: CommitLedgerOptions): CommitLedger {
  const { group, everyMessages = 100, everyMs = 10_000, onEvent } = options;
  const due = new Map<string, DoneOffset>();
  let messages = 0;
  let owns: (topic: string, partition: number) => boolean = () => true;
  let running: Promise<boolean> | null = null;
  const timer = setInterval(() => void commitOnce(), everyMs);
  timer.unref();

  function note(done: DoneOffset, count: number): void {
    due.set(`${done.topic}|${done.partition}`, done);
    messages += count;
    commitIfMany();
  }

  function commitIfMany(): void {
    if (messages >= everyMessages && running === null) void commitOnce();
  }

  /** Ends early when a commit fails: Kafka is away, and the offsets stay due. */
  async function flush(): Promise<void> {
    let committed = true;
    while (committed && (running !== null || due.size > 0)) committed = await commitOnce();
  }

  /** The commit that is on its way, or a new one. */
  function commitOnce(): Promise<boolean> {
    return (running ??= commitDue().then((committed) => {
      running = null;
      if (committed) commitIfMany();
      return committed;
    }));
  }

  async function commitDue(): Promise<boolean> {
    const offsets = [...due.values()];
    if (offsets.length === 0) return true;
    due.clear();
    messages = 0;
    try {
      await options.commit(offsets);
      onEvent({ kind: 'committed', group, partitions: offsets.length });
      return true;
    } catch (error) {
      for (const offset of offsets) putBack(offset);
      onEvent({ kind: 'commit_failed', group, reason: messageOf(error) });
      return false;
    }
  }

  function putBack(offset: DoneOffset): void {
    const key = `${offset.topic}|${offset.partition}`;
    // The partition may have gone to another member while the commit was on its way.
    if (!due.has(key) && owns(offset.topic, offset.partition)) due.set(key, offset);
  }

  function keepOnly(owned: (topic: string, partition: number) => boolean): void {
    owns = owned;
    for (const [key, { topic, partition }] of due) if (!owned(topic, partition)) due.delete(key);
  }

  return { note, flush, keepOnly, close: () => clearInterval(timer) };
}
