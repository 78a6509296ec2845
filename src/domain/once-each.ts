/**
 * Remembers what follows from an object that does not change, for as long as somebody has the object: what is asked of the
 * same rule in each of many partitions is worked out once. An answer that throws is not remembered.
 */
export function onceEach<K extends object, V>(of: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = { value: of(key) }));
    return found.value;
  };
}
