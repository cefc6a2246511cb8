import { describe, expect, test } from 'vitest';
import { createOutstanding } from '../../src/capture/outstanding.ts';
import type { Tuple } from '../../src/fga/tuple.ts';

const anne: Tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const bob: Tuple = { ...anne, user: 'user:bob' };
const entry = (operation: 'write' | 'delete', tuple: Tuple) => ({ operation, tuple, timestampMs: 1 });

describe('the walk recognises what was captured', () => {
  test('each captured operation settles one entry of its key, in order', () => {
    const outstanding = createOutstanding();
    outstanding.add({ writes: [anne, bob], deletes: [] });
    outstanding.add({ writes: [], deletes: [anne] });
    expect(outstanding.settle(entry('write', bob))).toBe(true);
    expect(outstanding.settle(entry('write', anne))).toBe(true);
    expect(outstanding.settle(entry('delete', anne))).toBe(true);
    expect(outstanding.settle(entry('delete', anne))).toBe(false);
    expect(outstanding.size()).toBe(0);
  });

  test("somebody else's entry in between makes the rest of the key unknown too", () => {
    const outstanding = createOutstanding();
    outstanding.add({ writes: [anne], deletes: [] });
    expect(outstanding.settle(entry('delete', anne))).toBe(false);
    expect(outstanding.settle(entry('write', anne))).toBe(false);
  });

  test('the same tuple with another condition or context is not ours', () => {
    const outstanding = createOutstanding();
    const conditioned: Tuple = { ...anne, condition: { name: 'c', context: { x: 1, y: ['a'] } } };
    outstanding.add({ writes: [conditioned], deletes: [] });
    expect(outstanding.settle(entry('write', { ...anne, condition: { name: 'c', context: { x: 2 } } }))).toBe(
      false,
    );
    outstanding.add({ writes: [conditioned], deletes: [] });
    const same: Tuple = { ...anne, condition: { name: 'c', context: { y: ['a'], x: 1 } } };
    expect(outstanding.settle(entry('write', same))).toBe(true);
  });

  test('no condition and an empty context are the same on both sides', () => {
    const outstanding = createOutstanding();
    outstanding.add({ writes: [{ ...anne, condition: { name: 'c' } }], deletes: [] });
    expect(outstanding.settle(entry('write', { ...anne, condition: { name: 'c', context: {} } }))).toBe(true);
  });
});
