/** Seeded chance: the same seed gives the same data on every machine. */

export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [0, below). */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
}

/** The generator is mulberry32: 32 bits of state, good enough for test data. */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { next, below, pick: (items) => pickFrom(items, below(items.length)) };
}

function pickFrom<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
