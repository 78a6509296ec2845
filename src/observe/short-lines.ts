/**
 * The logger's lines for people at a terminal: `19:16:31 warn  what happened  key=value`. What stands in the message is
 * not said again, and stacks not at all: whoever needs those reads the JSON lines of `tocsin start`.
 */
import type { DestinationStream } from 'pino';

/** On every line of a process, or only of use to a machine that joins lines. */
const LEFT_OUT = new Set(['time', 'level', 'msg', 'role', 'instance', 'pid', 'hostname', 'correlation_id']);
/** JSON escapes them; a terminal would obey them, and what is logged may come from strangers. */
const CONTROL = /[^\P{Cc}\n]/gu;
const MOST_FIELDS = 4;
const LONGEST_FIELD = 80;

/** Takes the logger's lines, redacted already, and writes each as one short line without its line break. */
export function shortLines(write: (line: string) => void): DestinationStream {
  return { write: (line: string) => write(shortLine(line)) };
}

export function shortLine(line: string): string {
  const fields = fieldsOf(line);
  if (fields === null) return line.trimEnd();
  const { time, level, msg } = fields;
  const text = [String(msg ?? ''), ...reasonOf(fields)].filter((part) => part !== '').join(': ');
  const more = Object.entries(fields)
    .filter(([name, value]) => !LEFT_OUT.has(name) && isShort(value) && !text.includes(String(value)))
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => `${name}=${String(value)}`);
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const said = [`${clock} ${String(level).padEnd(5)} ${text}`, ...more].join('  ').trimEnd();
  return [said, ...longTexts(fields)].join('\n').replace(CONTROL, '�');
}

function fieldsOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Of the error that a line carries, when its message does not say it. */
function reasonOf({ msg, err, error }: Record<string, unknown>): string[] {
  const message = ((err ?? error) as { message?: unknown } | undefined)?.message;
  return typeof message !== 'string' || String(msg).includes(message) ? [] : [message.split('\n')[0]!];
}

/** A mail that is printed for want of a server is there to be read: under the line, moved in. */
function longTexts({ msg: _, ...fields }: Readonly<Record<string, unknown>>): string[] {
  return Object.values(fields)
    .filter((value): value is string => typeof value === 'string' && value.includes('\n'))
    .flatMap((text) => text.trim().split('\n'))
    .map((line) => `    ${line}`.trimEnd());
}

const isShort = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (typeof value === 'string' && value !== '' && value.length <= LONGEST_FIELD && !value.includes('\n'));
