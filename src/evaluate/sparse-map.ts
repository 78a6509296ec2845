/**
 * A map that most of its owners never put anything into: one of each rule in each partition. It takes room from its first
 * entry on.
 */
export class SparseMap<K, V> implements Iterable<readonly [K, V]> {
  private entries: Map<K, V> | null = null;

  get size(): number {
    return this.entries === null ? 0 : this.entries.size;
  }

  get(key: K): V | undefined {
    return this.entries === null ? undefined : this.entries.get(key);
  }

  has(key: K): boolean {
    return this.entries !== null && this.entries.has(key);
  }

  set(key: K, value: V): void {
    (this.entries ??= new Map()).set(key, value);
  }

  delete(key: K): void {
    this.entries?.delete(key);
  }

  clear(): void {
    this.entries?.clear();
  }

  keys(): Iterable<K> {
    return this.entries?.keys() ?? NONE;
  }

  values(): Iterable<V> {
    return this.entries?.values() ?? NONE;
  }

  [Symbol.iterator](): Iterator<[K, V]> {
    return (this.entries ?? NO_ENTRIES)[Symbol.iterator]();
  }
}

const NONE: readonly never[] = [];
const NO_ENTRIES = new Map<never, never>();
