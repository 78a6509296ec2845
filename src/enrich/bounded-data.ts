/** Keeps an artifact's data within 64 KiB of JSON: the longest lists lose their ends first, and say so. */

export const MAX_BYTES = 64 * 1_024;

/** `data` as JSON gives it back, at most `MAX_BYTES` of UTF-8. What was cut has `truncated: true` at its top. */
export function boundedData(data: unknown): unknown {
  const plain: unknown = JSON.parse(JSON.stringify(data ?? null));
  if (sizeOf(plain) <= MAX_BYTES) return plain;
  const cut = cutLists(plain);
  return sizeOf(cut) <= MAX_BYTES ? cut : { truncated: true, text: firstBytes(JSON.stringify(plain)) };
}

const sizeOf = (data: unknown): number => Buffer.byteLength(JSON.stringify(data));

/** Halves the longest list until the whole fits, or no list has more than one entry. */
function cutLists(plain: unknown): unknown {
  const root = { truncated: true, ...(isRecord(plain) ? plain : { items: plain }) };
  for (
    let longest = longestList(root);
    longest.length > 1 && sizeOf(root) > MAX_BYTES;
    longest = longestList(root)
  ) {
    longest.length = Math.floor(longest.length / 2);
  }
  return root;
}

function longestList(data: unknown): unknown[] {
  const inside = (Array.isArray(data) ? data : isRecord(data) ? Object.values(data) : []).map(longestList);
  return inside.reduce(
    (longest, list) => (list.length > longest.length ? list : longest),
    Array.isArray(data) ? data : [],
  );
}

const isRecord = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);

/** Half, because the text is escaped once more when it is written. */
const firstBytes = (text: string): string =>
  Buffer.from(text)
    .subarray(0, MAX_BYTES / 2 - 100)
    .toString()
    .replace(/\uFFFD+$/, '');
