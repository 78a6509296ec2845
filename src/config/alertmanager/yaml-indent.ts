/**
 * Lines within quotes or braces that stand further left than YAML 1.2 wants them. YAML 1.1, which Alertmanager reads, does not
 * mind, and what stands before them means nothing: they are moved to the right until the parser takes them.
 */
import type { YAMLError } from 'yaml';

export const SHIFT = 200;
const MOST_LINES = 1_000;

export interface Indented {
  readonly text: string;
  /** 1-based numbers of the lines that were moved by SHIFT. */
  readonly moved: ReadonlySet<number>;
}

/** The text as the parser takes it, or null where there is something else wrong with it. */
export function indented(text: string, errorsOf: (text: string) => readonly YAMLError[]): Indented | null {
  const lines = text.split('\n');
  const moved = new Set<number>();
  while (moved.size <= MOST_LINES) {
    const tried = lines.join('\n');
    const [first] = [...errorsOf(tried)].sort((a, b) => a.pos[0] - b.pos[0]);
    if (first === undefined) return { text: tried, moved };
    let line = lineToMove(tried, first);
    while (line !== null && moved.has(line)) line++;
    if (line === null || line > lines.length) return null;
    lines[line - 1] = ' '.repeat(SHIFT) + lines[line - 1]!;
    moved.add(line);
  }
  return null;
}

function lineToMove(text: string, { code, message, pos: [at] }: YAMLError): number | null {
  const isIndent = code === 'BAD_INDENT' && message.startsWith('Flow');
  const isQuote = code === 'MISSING_CHAR' && message.startsWith('Missing closing');
  if (!isIndent && !isQuote) return null;
  const before = text.slice(0, at).split('\n');
  const startsLine = before.at(-1)!.trim() === '';
  return isIndent && startsLine ? before.length : before.length + 1;
}
