/**
 * How a command ends: 0 it did what was asked; 1 it failed; 2 the command line or the configuration is wrong, and nothing
 * was started.
 */
import { messageOf, TocsinError } from '../domain/errors';
import { redactUrl } from '../observe/redact';
import { plain } from './plain';

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const OF_USAGE: ReadonlySet<string> = new Set(['TOC_USAGE', 'TOC_CONFIG_INVALID', 'TOC_CANNOT_LISTEN']);

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof TocsinError && OF_USAGE.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** `tocsin alerts ack: what went wrong. What to do.` */
export function failureText(command: string, error: unknown): string {
  const message = plain(redactUrl(messageOf(error)));
  const todo = error instanceof TocsinError ? todoOf(error, command) : '';
  const separator = message.includes('\n') ? '\n' : /[.?!]$/.test(message) ? ' ' : '. ';
  return `${command}: ${message}${todo === '' ? '' : `${separator}${todo}`}`;
}

/** What a role tries again ends a command. */
function todoOf({ code, todo }: TocsinError, command: string): string {
  if (code === 'TOC_USAGE') return `See \`${command} --help\`.`;
  return code === 'TOC_DEPENDENCY_AWAY' ? START_OR_NAME : todo;
}

const START_OR_NAME =
  'Start it (`tocsin dev` starts all), or say where it is: --config, or TOCSIN_POSTGRES, TOCSIN_TEMPORAL and TOCSIN_KAFKA.';

export const usage = (message: string): TocsinError => new TocsinError('TOC_USAGE', message);

/** A shell makes more words of a pattern, of which only the first belongs to `--rules`. */
export const HOW_TO_NAME_RULES = "put a pattern in quotes (--rules '*.yml'), or repeat --rules for each file";
