/** Whose model decides: one that the asked store itself holds, whatever this engine saw in others. */
import { describe, expect, test } from 'vitest';
import { createEngine } from '../../src/engine/evaluate.ts';
import { createReachBook } from '../../src/engine/reach.ts';
import type { Query } from '../../src/fga/query.ts';
import { MemoryReader } from '../support/memory-reader.ts';
import { modelOf, tuple } from './asking.ts';

const OPEN = modelOf(`
type user
type document
  relations
    define editor: [user]
    define viewer: [user] or editor`);
const STRICT = modelOf(
  `
type user
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define editor: [user]
    define viewer: [user] and viewer from parent`,
  1,
);
const TUPLES = [tuple('document:1#editor@user:anne')];

function check(modelId: string): Query {
  const scope = { storeId: 'store', consistency: 'unspecified', contextualTuples: [], modelId } as const;
  return { ...scope, method: 'Check', tupleKey: tuple('document:1#viewer@user:anne') };
}

describe('a model of another store', () => {
  const theirs = new MemoryReader([OPEN], TUPLES);
  const ours = new MemoryReader([STRICT], TUPLES);

  test('does not answer for a store that has never had it', () => {
    const engine = createEngine();
    expect(engine.answer(check(OPEN.id), theirs)).toMatchObject({ answer: { allowed: true } });
    expect(engine.answer(check(OPEN.id), ours)).toMatchObject({ declined: 'model' });
    expect(engine.answer(check(STRICT.id), ours)).toMatchObject({ answer: { allowed: false } });
  });

  test('does not say what a query of this store may read', () => {
    const book = createReachBook();
    expect(book.of(check(OPEN.id), theirs)).toBeDefined();
    expect(book.of(check(OPEN.id), ours)).toBeUndefined();
  });

  test('with the id of one of its own is told apart', () => {
    const twin = new MemoryReader([{ ...STRICT, id: OPEN.id }], TUPLES);
    const engine = createEngine();
    const book = createReachBook();
    for (let again = 0; again < 2; again += 1) {
      expect(engine.answer(check(OPEN.id), theirs)).toMatchObject({ answer: { allowed: true } });
      expect(engine.answer(check(OPEN.id), twin)).toMatchObject({ answer: { allowed: false } });
      expect(book.of(check(OPEN.id), theirs)?.types).toEqual(new Set(['document']));
      expect(book.of(check(OPEN.id), twin)?.types).toEqual(new Set(['document', 'folder']));
    }
  });
});
