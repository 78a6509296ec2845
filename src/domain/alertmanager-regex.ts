/** Regular expressions of Alertmanager's matchers: RE2, put between `^(?:` and `)$`; a dot is no line end. */
import { RE2JS } from 're2js';
import type { MatchOperator } from './matchers';

export const isRegexOperator = (op: MatchOperator): boolean => op === '=~' || op === '!~';

/** Throws a RangeError for what is no regular expression. */
export function regexOf(source: string): (text: string) => boolean {
  try {
    // As Alertmanager does: what is wrong alone may be right in between, and means what it means there.
    const pattern = RE2JS.compile(`^(?:${source})$`);
    return (text) => pattern.matcher(text).find();
  } catch (cause) {
    throw new RangeError(
      `has ${JSON.stringify(source)}, which is no regular expression of RE2: ${(cause as Error).message}`,
    );
  }
}

/** What is wrong with it when it stands alone; null where nothing is. */
export function regexFault(source: string): string | null {
  try {
    RE2JS.compile(source);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Found anywhere in the text. Throws for what is no regular expression. */
export function unanchoredRegexOf(source: string): (text: string) => boolean {
  const pattern = RE2JS.compile(source);
  return (text) => pattern.matcher(text).find();
}
