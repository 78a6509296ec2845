/**
 * Avro says of a text and of a map's block how long it is before it comes. avsc counts down what a map claims before it
 * looks whether the bytes have ended: ten bytes that claim 2^50 entries would hold the process for years. This walks
 * over the claims of a metric first.
 */

/** Of both versions of the schema; what version 2 adds comes after. */
const TEXTS_BEFORE_VALUE = 4;
const DOUBLE_BYTES = 8;
const MAPS = 2;
/** An entry is two texts, and an empty text one byte. */
const MIN_ENTRY_BYTES = 2;

/** Throws a RangeError where a claim is longer than what is left of the bytes. */
export function checkClaims(bytes: Buffer): void {
  let at = 0;
  const claim = (count: number, bytesEach: number): number => {
    if (!(count >= 0 && count * bytesEach <= bytes.length - at))
      throw new RangeError(`truncated: byte ${at} claims more than there is`);
    return count;
  };
  const text = (): void => {
    const length = claim(long(), 1);
    at += length;
  };
  const block = (): number => {
    const entries = long();
    // A negative count is followed by the block's size in bytes.
    if (entries < 0) long();
    return claim(Math.abs(entries), MIN_ENTRY_BYTES);
  };

  function long(): number {
    let encoded = 0;
    let scale = 1;
    for (;;) {
      claim(1, 1);
      const byte = bytes[at++]!;
      encoded += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) break;
    }
    return encoded % 2 === 0 ? encoded / 2 : -(encoded + 1) / 2;
  }

  for (let i = 0; i < TEXTS_BEFORE_VALUE; i++) text();
  at += claim(DOUBLE_BYTES, 1);
  for (let i = 0; i < MAPS; i++) {
    for (let entries = block(); entries > 0; entries = block()) {
      for (let entry = 0; entry < entries; entry++) {
        text();
        text();
      }
    }
  }
}
