export interface Random {
  /** 0 to below 1. */
  next(): number;
  /** 0 to n - 1. */
  below(n: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** The same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (n: number) => Math.floor(next() * n);
  return { next, below, pick: (values) => values[below(values.length)] ?? values[0] };
}
