import { expect, test } from 'vitest';
import type { Tuple } from '../../src/fga/tuple.ts';
import { createSketch } from '../../src/replica/audit-sketch.ts';

const tuple = (n: number): Tuple => ({ user: `user:u${n}`, relation: 'viewer', object: `document:d${n}` });
const all = Array.from({ length: 20_000 }, (_, n) => tuple(n));

test('the same tuples in another order cancel out', () => {
  const sketch = createSketch(all.length);
  for (const one of all) sketch.add(one);
  for (const one of [...all].reverse()) sketch.remove(one);
  expect(all.filter(sketch.suspects)).toEqual([]);
});

test('one that stands on one side is suspected, and few others with it', () => {
  const sketch = createSketch(all.length);
  for (const one of all) sketch.remove(one);
  for (const one of all.slice(1)) sketch.add(one);
  const suspects = all.filter(sketch.suspects);
  expect(suspects).toContainEqual(tuple(0));
  expect(suspects.length).toBeLessThan(15);
});

test('another condition, or another context, is another tuple; the order of members is not', () => {
  const conditioned = (context: Record<string, number>): Tuple => ({
    ...tuple(1),
    condition: { name: 'c', context },
  });
  const suspected = (here: Tuple, there: Tuple) => {
    const sketch = createSketch(10);
    sketch.add(there);
    sketch.remove(here);
    return sketch.suspects(here);
  };
  expect(suspected(conditioned({ a: 1, b: 2 }), conditioned({ b: 2, a: 1 }))).toBe(false);
  expect(suspected(conditioned({ a: 1 }), conditioned({ a: 2 }))).toBe(true);
  expect(suspected(tuple(1), conditioned({}))).toBe(true);
});
