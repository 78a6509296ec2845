/** Texts that are too long for a service: what is left out is marked. */

const MARK = '…';

/** At most `most` characters, as Go counts them. */
export function inCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  if (characters.length <= most) return text;
  return characters.slice(0, most - 1).join('') + MARK;
}

/** At most `most` bytes; no character is cut in two. */
export function inBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= most) return text;
  let end = most - Buffer.byteLength(MARK);
  // A byte that goes on with a character.
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + MARK;
}

/** Shortens a message's text until the whole of it has at most `most` bytes as JSON. */
export function fittingJson<T>(text: string, most: number, make: (text: string) => T): T {
  const excess = (message: T): number => Buffer.byteLength(JSON.stringify(message)) - most;
  let [message, size] = [make(text), Buffer.byteLength(text)];
  while (excess(message) > 0 && size > MARK.length) {
    size = Math.max(MARK.length, size - excess(message) - MARK.length);
    message = make(inBytes(text, size));
  }
  return message;
}
