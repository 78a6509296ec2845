/**
 * Label sets and their identity. A fingerprint is Prometheus' `LabelSet.Fingerprint`: 64-bit FNV-1a over the label
 * names in sorted order, each name and each value followed by the separator byte 0xff, as 16 hex digits.
 */

export type Labels = Readonly<Record<string, string>>;

/** The name that Prometheus gives to the metric's or alert's own name. */
export const ALERT_NAME = 'alertname';

const SEPARATOR = 0xff;
const encoder = new TextEncoder();

/** Two 32-bit halves of a 64-bit FNV-1a hash; BigInt is some thirty times slower. */
class Fnv1a64 {
  private high = 0xcbf29ce4;
  private low = 0x84222325;

  byte(value: number): void {
    const low = (this.low ^ value) >>> 0;
    // hash × 0x100000001b3 = (hash << 40) + hash × 0x1b3, modulo 2^64
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    this.high = (Math.imul(this.high, 0x1b3) + carry + (low << 8)) >>> 0;
    this.low = product >>> 0;
  }

  text(value: string): void {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        for (const byte of encoder.encode(value.slice(i))) this.byte(byte);
        return;
      }
      this.byte(code);
    }
  }

  hex(): string {
    return this.high.toString(16).padStart(8, '0') + this.low.toString(16).padStart(8, '0');
  }
}

/** 64-bit FNV-1a of a text's UTF-8 bytes, as 16 hex digits. */
export function fnv1a64(text: string): string {
  const hash = new Fnv1a64();
  hash.text(text);
  return hash.hex();
}

/** A label set's identity: 16 hex digits. Empty values do not count, as in Prometheus. */
export function fingerprint(labels: Labels): string {
  const hash = new Fnv1a64();
  for (const name of Object.keys(labels).sort(compareBytes)) {
    const value = labels[name]!;
    if (value === '') continue;
    hash.text(name);
    hash.byte(SEPARATOR);
    hash.text(value);
    hash.byte(SEPARATOR);
  }
  return hash.hex();
}

/**
 * `over` laid over `under`. A value that it hides stays as `exported_<name>`, as in Prometheus: label sets that differ in
 * it would become one.
 */
export function overlaid(under: Labels, over: Labels): Labels {
  const labels: Record<string, string> = { ...under, ...over };
  for (const name of Object.keys(over)) {
    const hidden = Object.hasOwn(under, name) ? under[name]! : '';
    if (hidden === '' || hidden === over[name]) continue;
    let kept = `exported_${name}`;
    while (Object.hasOwn(labels, kept)) kept = `exported_${kept}`;
    labels[kept] = hidden;
  }
  return labels;
}

/**
 * Prometheus' order of label sets: the smaller set first, then by the first label in which they differ. The pages of a
 * storm sort tens of thousands of them: nothing is made here, and no names are sorted to find the first.
 */
export function compareLabels(some: Labels, others: Labels): number {
  let size = 0;
  let first: string | null = null;
  for (const name in some) {
    size += 1;
    const isSame = Object.hasOwn(others, name) && some[name] === others[name];
    if (!isSame && (first === null || name < first)) first = name;
  }
  for (const name in others) {
    size -= 1;
    if (!Object.hasOwn(some, name) && (first === null || name < first)) first = name;
  }
  if (size !== 0 || first === null) return size;
  if (!Object.hasOwn(some, first)) return -1;
  if (!Object.hasOwn(others, first)) return 1;
  return compareBytes(some[first]!, others[first]!);
}

/** `{a="1", b="2"}` in sorted order, for people and logs. */
export function labelsText(labels: Labels): string {
  const parts = Object.keys(labels)
    .sort(compareBytes)
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `{${parts.join(', ')}}`;
}

/** Go sorts strings by bytes; for the UTF-8 of valid names that is the order of code points. */
function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What all of them have, with the same value. */
export function commonLabels(all: readonly Labels[]): Labels {
  const [first, ...others] = all;
  if (first === undefined) return {};
  const shared = Object.entries(first).filter(([name, value]) =>
    others.every((labels) => Object.hasOwn(labels, name) && labels[name] === value),
  );
  return Object.fromEntries(shared);
}
