import { describe, expect, test } from 'vitest';
import type { BatchCheckItem } from '../../src/fga/query.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { tuple, world } from './asking.ts';

const MODEL = `
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define viewer: [user, group#member, user with young]
    define editor: [user]
    define can_read: viewer or editor`;
const YOUNG = `
condition young(age: int) {
  age < 30
}`;

/** A recursion within an intersection: upstream has no graph of such a model, hence one way to count depth. */
const CHECKED = `${MODEL}
type club
  relations
    define open: [user:*]
    define checked: [user, club#checked] and open${YOUNG}`;

function item(correlationId: string, question: string, more: Partial<BatchCheckItem> = {}): BatchCheckItem {
  return { correlationId, tupleKey: tuple(question), contextualTuples: [], ...more };
}

/** Errors as `code: message`. */
function plain(results: unknown): unknown {
  if (typeof results === 'string') return results;
  return Object.fromEntries(
    Object.entries(
      results as Record<string, { allowed?: boolean; error?: { code: string; message: string } }>,
    ).map(([id, { allowed, error }]) => [id, error ? `${error.code}: ${error.message}` : allowed]),
  );
}

function batchOf(stored: readonly (string | Tuple)[], items: readonly BatchCheckItem[]): unknown {
  return plain(world(MODEL + YOUNG, stored).batch(items));
}

describe('items', () => {
  const stored = [
    'document:1#viewer@group:a#member',
    'group:a#member@group:b#member',
    'group:b#member@user:anne',
    'document:2#editor@user:anne',
  ];

  test('are each answered under their correlation id', () => {
    const items = [
      item('a', 'document:1#can_read@user:anne'),
      item('b', 'document:1#can_read@user:bob'),
      item('c', 'document:2#can_read@user:anne'),
      item('d', 'document:2#viewer@user:anne'),
      item('e', 'document:1#viewer@group:b#member'),
    ];
    expect(batchOf(stored, items)).toEqual({ a: true, b: false, c: true, d: false, e: true });
  });

  test('do not see each other’s contextual tuples and context', () => {
    const contextualTuples = [tuple('document:3#editor@user:anne')];
    const young = tuple('document:4#viewer@user:anne', 'young');
    const items = [
      item('with', 'document:3#can_read@user:anne', { contextualTuples }),
      item('without', 'document:3#can_read@user:anne'),
      item('young', 'document:4#viewer@user:anne', { context: { age: 20 } }),
      item('old', 'document:4#viewer@user:anne', { context: { age: 40 } }),
    ];
    expect(batchOf([...stored, young], items)).toEqual({
      with: true,
      without: false,
      young: true,
      old: false,
    });
  });

  test('fail alone, in the words of the command', () => {
    const chain = Array.from({ length: 30 }, (_, i) => [
      `club:${i}#checked@club:${i + 1}#checked`,
      `club:${i}#open@user:*`,
    ]).flat();
    const items = [
      item('fine', 'document:2#editor@user:anne'),
      item('type', 'paper:2#editor@user:anne'),
      item('relation', 'document:2#owner@user:anne'),
      item('deep', 'club:0#checked@user:anne'),
      item('context', 'document:2#editor@user:anne', { context: { a: '\u0000' } }),
      item('tuple', 'document:2#editor@user:anne', {
        contextualTuples: [tuple('document:2#owner@user:anne')],
      }),
      item('condition', 'document:4#viewer@user:anne', {
        contextualTuples: [tuple('document:4#viewer@user:anne', 'young')],
      }),
    ];
    expect(plain(world(CHECKED, [...stored, ...chain]).batch(items))).toMatchObject({
      fine: true,
      type: "validation_error: invalid relation: type 'paper' not found",
      relation: "validation_error: invalid relation: relation 'document#owner' not found",
      deep: 'authorization_model_resolution_too_complex: resolution depth exceeded',
      context: expect.stringMatching(/^validation_error: invalid context: /),
      tuple: expect.stringMatching(/^invalid_tuple: invalid tuple: /),
      condition: expect.stringMatching(
        /^validation_error: failed to evaluate relationship condition: 'young' - /,
      ),
    });
  });

  test('that cannot be answered here leave the whole batch to the upstream', () => {
    const chain = Array.from({ length: 30 }, (_, i) => `group:${i}#member@group:${i + 1}#member`);
    const items = [item('a', 'document:2#editor@user:anne'), item('b', 'group:0#member@user:bob')];
    expect(batchOf([...stored, ...chain], items)).toBe('declined: depth');
  });
});

describe('what was found for one item', () => {
  test('keeps its depth for the next', () => {
    const chain = Array.from({ length: 30 }, (_, i) => `group:${i}#member@group:${i + 1}#member`);
    const ask = (last: number) => {
      const ids = Array.from({ length: 30 - last }, (_, i) => 29 - i);
      const items = ids.map((id) => item(`${id}`, `group:${id}#member@user:anne`));
      return batchOf([...chain, 'group:30#member@user:anne'], items);
    };
    expect(new Set(Object.values(ask(6) as object))).toEqual(new Set([true]));
    expect(ask(5)).toBe('declined: depth');
  });

  test('by name is not taken for what upstream may list', () => {
    const model = `
type bot
type org
  relations
    define parent: [org]
    define blocked: [bot:*] or blocked from parent`;
    const stored = ['org:5#parent@org:4', 'org:4#blocked@bot:*', 'org:4#blocked@bot:5'];
    const { batch } = world(model, stored);
    const [above, below] = [item('above', 'org:5#blocked@bot:5'), item('below', 'org:4#blocked@bot:5')];
    expect(plain(batch([below]))).toEqual({ below: true });
    expect(batch([below, above])).toBe('declined: cycle');
  });
});

test('what items have in common is read once', () => {
  const usersets = Array.from({ length: 300 }, (_, i) => `group:a#member@group:${i}#member`);
  const documents = Array.from({ length: 50 }, (_, i) => `document:${i}#viewer@group:a#member`);
  const items = documents.map((_, i) => item(`${i}`, `document:${i}#viewer@user:anne`));
  const { batch } = world(MODEL + YOUNG, [...usersets, ...documents], { budget: { steps: 2_500 } });
  const results = batch(items) as Record<string, unknown>;
  expect(Object.values(results)).toEqual(items.map(() => ({ allowed: false })));
});

describe('the batch', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => item(`${i}`, 'document:2#editor@user:anne'));

  test('has from 1 to 50 items', () => {
    expect(Object.keys(batchOf([], many(50)) as object)).toHaveLength(50);
    expect(batchOf([], many(51))).toBe(
      'validation_error: batchCheck received 51 checks, the maximum allowed is 50',
    );
    expect(batchOf([], [])).toBe(
      'validation_error: batch check requires at least one check to evaluate, no checks were received',
    );
  });

  test('names each item once', () => {
    const [one] = many(1);
    expect(batchOf([], [...many(3), { ...one, correlationId: '2' } as BatchCheckItem])).toBe(
      'validation_error: received duplicate correlation id: 2',
    );
  });
});
