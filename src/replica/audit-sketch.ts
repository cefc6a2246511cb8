/**
 * Two large sets compared without holding either: both are summed up in buckets by a hash of each tuple, one side added, the
 * other taken away. A bucket that is not zero holds a difference; tuples of the others are the same on both sides.
 */
import { hash } from 'node:crypto';
import { keyText, type Tuple } from '../fga/tuple.ts';

export interface Sketch {
  add(tuple: Tuple): void;
  remove(tuple: Tuple): void;
  /** False: a tuple of this key is the same on both sides (but for a collision of 64 bits). */
  suspects(tuple: Tuple): boolean;
}

const LEAST_BUCKETS = 1 << 12;
/** 16 MB. */
const MOST_BUCKETS = 1 << 21;

/** `tuples`: about how many there are. One bucket for each, within bounds, so that a difference suspects few others. */
export function createSketch(tuples: number): Sketch {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, tuples)));
  const buckets = Math.min(MOST_BUCKETS, Math.max(LEAST_BUCKETS, wanted));
  const sums = new Uint32Array(buckets * 2);
  const count = (tuple: Tuple, sign: 1 | -1) => {
    const at = bucketOf(tuple, buckets);
    const digest = hash('sha1', contentText(tuple), 'buffer');
    sums[at] = (sums[at] ?? 0) + sign * digest.readUInt32LE(0);
    sums[at + 1] = (sums[at + 1] ?? 0) + sign * digest.readUInt32LE(4);
  };
  return {
    add: (tuple) => count(tuple, 1),
    remove: (tuple) => count(tuple, -1),
    suspects(tuple) {
      const at = bucketOf(tuple, buckets);
      return sums[at] !== 0 || sums[at + 1] !== 0;
    },
  };
}

/** By key, so that a tuple with another condition on each side stays in one bucket. */
function bucketOf(tuple: Tuple, buckets: number): number {
  return (hash('sha1', keyText(tuple), 'buffer').readUInt32LE(8) & (buckets - 1)) * 2;
}

function contentText(tuple: Tuple): string {
  const { condition } = tuple;
  return condition
    ? `${keyText(tuple)} ${condition.name} ${ordered(condition.context ?? {})}`
    : keyText(tuple);
}

/** The same text for the same value, in whatever order the members came. */
function ordered(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(ordered).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${ordered(inner)}`).join()}}`;
}
