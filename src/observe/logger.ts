/**
 * The logger: one JSON object a line, times in ISO 8601, `role` and `instance` on every line, `correlation_id` where a
 * child carries one. Every line passes the redaction once more as text, because a secret also travels in error messages
 * and in keys that no list of paths foresaw.
 */
import { pino, stdSerializers, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { redactLine } from './redact';

export type { Logger };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** Which process writes: `evaluator`, `dispatcher`, … */
  readonly role?: string;
  readonly instance?: string;
  /** Default: standard output, written in order and at once, so that the last line before a crash is not lost. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions = {}): Logger {
  const base = {
    ...(options.role && { role: options.role }),
    ...(options.instance && { instance: options.instance }),
  };
  const settings = {
    level: options.level ?? 'info',
    base,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: redactLine },
    serializers: { err: stdSerializers.err, error: stdSerializers.err },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

/** A logger that writes nothing, for tests and for tools whose output is their own. */
export function silentLogger(): Logger {
  return createLogger({ level: 'silent' });
}
