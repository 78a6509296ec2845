/**
 * Health of one process. Each dependency registers a check; an answer is kept for 30 s (5 s when it was a failure, so
 * that a recovery shows soon), and a check that hangs ends by its timeout and says so. Two askers share one running check.
 * Liveness asks nobody outside: a process whose database is away must not be restarted for it.
 */
import { messageOf } from '../domain/errors';
import { redactUrl } from './redact';

/** Resolves when the dependency answers, with a detail for people if there is one; throws with the reason otherwise. */
export type HealthCheck = (signal: AbortSignal) => Promise<string | void>;

export interface DependencyHealth {
  readonly state: 'up' | 'down';
  /** ISO time since which the state has been this one. */
  readonly since: string;
  readonly checked_at: string;
  /** How old the answer is. */
  readonly age_ms: number;
  readonly duration_ms: number;
  /** Why it is down, or a detail of what answered. */
  readonly reason: string | null;
  /** Whether the process is not ready without it. */
  readonly required: boolean;
}

export interface Readiness {
  /** `starting` until `started` is called, whatever the dependencies answer. */
  readonly status: 'starting' | 'ready' | 'not_ready';
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
}

export interface Liveness {
  readonly status: 'alive' | 'stuck';
  readonly uptime_ms: number;
  /** How late the event loop's last heartbeat came. */
  readonly event_loop_late_ms: number;
}

export interface HealthOptions {
  readonly cacheMs?: number;
  readonly failureCacheMs?: number;
  /** How long one check may take. */
  readonly timeoutMs?: number;
  /** A heartbeat later than this makes the process `stuck`. */
  readonly stuckMs?: number;
  readonly now?: () => number;
  /** Told each answer that was not from the cache. */
  readonly onCheck?: (dependency: string, up: boolean) => void;
}

export interface RegisterOptions {
  /** Default true. */
  readonly required?: boolean;
  readonly timeoutMs?: number;
}

export interface Health {
  /** Returns how to take the check away again. */
  register(dependency: string, check: HealthCheck, options?: RegisterOptions): () => void;
  /** All parts of the process have been started; until then it is not ready. */
  started(): void;
  readiness(): Promise<Readiness>;
  liveness(): Liveness;
  /** Ends the heartbeat. */
  close(): void;
}

interface Entry {
  readonly check: HealthCheck;
  readonly required: boolean;
  readonly timeoutMs: number;
  running: Promise<Answer> | null;
  last: Answer | null;
}
interface Answer {
  readonly up: boolean;
  readonly since: number;
  readonly checkedAt: number;
  readonly durationMs: number;
  readonly reason: string | null;
}

export const HEALTH_DEFAULTS = { cacheMs: 30_000, failureCacheMs: 5_000, timeoutMs: 5_000, stuckMs: 10_000 };
const HEARTBEAT_MS = 1_000;

export function createHealth(options: HealthOptions = {}): Health {
  const settings = { ...HEALTH_DEFAULTS, now: Date.now, onCheck: () => undefined, ...defined(options) };
  const entries = new Map<string, Entry>();
  const startedAt = settings.now();
  const heartbeat = startHeartbeat(settings.now);
  let starting = true;

  async function dependency(name: string, entry: Entry): Promise<[string, DependencyHealth]> {
    const answer = fresh(entry) ?? (await (entry.running ??= ask(name, entry)));
    return [name, shown(answer, entry.required, settings.now())];
  }

  function fresh(entry: Entry): Answer | null {
    if (entry.last === null) return null;
    const keep = entry.last.up ? settings.cacheMs : settings.failureCacheMs;
    return settings.now() - entry.last.checkedAt < keep ? entry.last : null;
  }

  async function ask(name: string, entry: Entry): Promise<Answer> {
    const began = settings.now();
    const { up, reason } = await runCheck(entry.check, entry.timeoutMs);
    const checkedAt = settings.now();
    const since = entry.last?.up === up ? entry.last.since : checkedAt;
    entry.last = { up, since, checkedAt, durationMs: checkedAt - began, reason };
    entry.running = null;
    settings.onCheck(name, up);
    return entry.last;
  }

  return {
    register(name, check, { required = true, timeoutMs = settings.timeoutMs } = {}) {
      const entry: Entry = { check, required, timeoutMs, running: null, last: null };
      entries.set(name, entry);
      return () => {
        if (entries.get(name) === entry) entries.delete(name);
      };
    },
    started() {
      starting = false;
    },
    async readiness() {
      const answers = await Promise.all([...entries].map(([name, entry]) => dependency(name, entry)));
      const ready = answers.every(([, health]) => health.state === 'up' || !health.required);
      const status = starting ? 'starting' : ready ? 'ready' : 'not_ready';
      return { status, dependencies: Object.fromEntries(answers) };
    },
    liveness() {
      const late = heartbeat.lateMs();
      const status = late > settings.stuckMs ? 'stuck' : 'alive';
      return { status, uptime_ms: settings.now() - startedAt, event_loop_late_ms: late };
    },
    close: heartbeat.stop,
  };
}

/** A check's outcome; never throws, and never takes longer than its timeout even when the check ignores the signal. */
async function runCheck(
  check: HealthCheck,
  timeoutMs: number,
): Promise<{ up: boolean; reason: string | null }> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the check did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    const detail = await Promise.race([check(abort.signal), timeout]);
    return { up: true, reason: detail ?? null };
  } catch (error) {
    return { up: false, reason: redactUrl(messageOf(error)) };
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

function shown(answer: Answer, required: boolean, now: number): DependencyHealth {
  return {
    state: answer.up ? 'up' : 'down',
    since: new Date(answer.since).toISOString(),
    checked_at: new Date(answer.checkedAt).toISOString(),
    age_ms: Math.max(0, now - answer.checkedAt),
    duration_ms: answer.durationMs,
    reason: answer.reason,
    required,
  };
}

/** Beats once a second without keeping the process alive; a late beat is an event loop that was blocked. */
function startHeartbeat(now: () => number): { lateMs: () => number; stop: () => void } {
  let last = now();
  let late = 0;
  const beat = (): void => {
    const at = now();
    late = Math.max(0, at - last - HEARTBEAT_MS);
    last = at;
  };
  const timer = setInterval(beat, HEARTBEAT_MS);
  timer.unref();
  const pending = (): number => Math.max(0, now() - last - HEARTBEAT_MS);
  return { lateMs: () => Math.max(late, pending()), stop: () => clearInterval(timer) };
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
