/**
 * A sign of life to an address outside, which raises the alarm when it stays away: nobody else can say that all of Tocsin is
 * silent. It beats while audits succeed, and stops when none has for a while, whatever the reason.
 */
import { messageOf } from '../../domain/errors';
import { withDeadline } from '../../observe/observe';
import type { Revealable } from '../port';
import { createJsonPoster } from './http';

export interface HeartbeatOptions {
  readonly url: Revealable;
  readonly everyMs: number;
  /** How long after an audit it goes on. */
  readonly validMs: number;
  readonly instance: string;
  readonly onBeat: (error: string | null) => void;
  readonly timeoutMs?: number;
}

export interface Heartbeat {
  /** An audit has succeeded. */
  audited(): void;
  stop(): Promise<void>;
}

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { url, everyMs, validMs, instance, onBeat, timeoutMs = 10_000 } = options;
  const poster = createJsonPoster(() => url.reveal());
  const stopping = new AbortController();
  let auditedAt: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let beats = false;
  let current = Promise.resolve();

  async function beat(): Promise<void> {
    const body = { instance, audited_at: new Date(auditedAt!).toISOString() };
    try {
      const delivery = await withDeadline(timeoutMs, stopping.signal, (signal) =>
        poster.post(body, () => ({}), signal),
      );
      onBeat(delivery.kind === 'delivered' ? null : delivery.error);
    } catch (error) {
      onBeat(messageOf(error));
    }
  }

  /** Never two at a time, however slow the answers are. */
  async function turn(): Promise<void> {
    beats = !stopping.signal.aborted && Date.now() - auditedAt! <= validMs;
    if (!beats) return;
    const began = Date.now();
    await beat();
    const next = (): void => void (current = turn());
    timer = setTimeout(next, Math.max(0, began + everyMs - Date.now()));
  }

  return {
    audited() {
      auditedAt = Date.now();
      if (!beats) current = turn();
    },
    async stop() {
      stopping.abort();
      await current;
      clearTimeout(timer);
      await poster.close();
    },
  };
}
