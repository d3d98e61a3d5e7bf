// Keeps what was drawn last, up to a number of bytes.

/** `make(key)`, which is called again for a key only after so many others that `limit` bytes of `bytes` each are used up. */
export function latest<T>(limit: number, bytes: number, make: (key: number) => T): (key: number) => T {
  const kept = new Map<number, T>();
  const most = Math.max(2, Math.floor(limit / bytes));
  return (key) => {
    const known = kept.get(key);
    const value = known ?? make(key);
    kept.delete(key); // and set it behind all others
    kept.set(key, value);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return value;
  };
}
