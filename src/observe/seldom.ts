/** Says of a subject whether it is time to speak of it again, for lines that would otherwise come with every message. */
export interface SeldomOptions {
  readonly everyMs: number;
  /** Of more subjects at a time it keeps silent: what names them may be anybody's. */
  readonly most: number;
  readonly now: () => number;
}

export function createSeldom({ everyMs, most, now }: SeldomOptions): (subject: string) => boolean {
  /** When each was spoken of, the longest ago first. */
  const said = new Map<string, number>();
  return (subject) => {
    const at = now();
    for (const [known, since] of said) {
      if (at - since < everyMs) break;
      said.delete(known);
    }
    if (said.has(subject) || said.size >= most) return false;
    said.set(subject, at);
    return true;
  };
}
