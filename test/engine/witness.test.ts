/** Why a Check is allowed: the fewest tuples that make it so. */
import { expect, test } from 'vitest';
import { createEngine } from '../../src/engine/evaluate.ts';
import { asPath, readerOf, recording, shrink } from '../../src/engine/witness.ts';
import type { AuthorizationModel, RelationReference } from '../../src/fga/model.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { MemoryReader } from '../support/memory-reader.ts';

const direct = (...types: RelationReference[]) => ({ directly_related_user_types: types });
const MODEL: AuthorizationModel = {
  id: '01J00000000000000000000001',
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'group',
      relations: { member: { this: {} } },
      metadata: { relations: { member: direct({ type: 'user' }, { type: 'group', relation: 'member' }) } },
    },
    {
      type: 'folder',
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: direct({ type: 'group', relation: 'member' }, { type: 'user' }) } },
    },
    {
      type: 'document',
      relations: {
        parent: { this: {} },
        blocked: { this: {} },
        viewer: {
          difference: {
            base: {
              tupleToUserset: { tupleset: { relation: 'parent' }, computedUserset: { relation: 'viewer' } },
            },
            subtract: { computedUserset: { relation: 'blocked' } },
          },
        },
      },
      metadata: { relations: { parent: direct({ type: 'folder' }), blocked: direct({ type: 'user' }) } },
    },
  ],
};
const t = (object: string, relation: string, user: string): Tuple => ({ object, relation, user });
const WAY = [
  t('document:1', 'parent', 'folder:f'),
  t('folder:f', 'viewer', 'group:a#member'),
  t('group:a', 'member', 'group:b#member'),
  t('group:b', 'member', 'user:anne'),
];
const NOISE = Array.from({ length: 40 }, (_, n) => [
  t('folder:f', 'viewer', `group:x${n}#member`),
  t(`group:x${n}`, 'member', `user:other${n}`),
  t('document:1', 'blocked', `user:other${n}`),
]).flat();

test('what was read is shrunk to the way from the object to the user', () => {
  const engine = createEngine();
  const store = new MemoryReader([MODEL], [...NOISE, ...WAY]);
  const { reader, read } = recording(store);
  const models = {
    model: (id: string) => store.model(id),
    latestModelId: () => store.latestModelId(),
  };
  const query = {
    method: 'Check',
    storeId: 'S',
    consistency: 'unspecified',
    tupleKey: { user: 'user:anne', relation: 'viewer', object: 'document:1' },
    contextualTuples: [],
  } as const;
  const allowed = (tuples: Iterable<Tuple>) => {
    const outcome = engine.answer(query, { ...readerOf(tuples), ...models });
    return 'answer' in outcome && 'allowed' in outcome.answer && outcome.answer.allowed;
  };
  expect(engine.answer(query, { ...reader, ...models })).toMatchObject({ answer: { allowed: true } });
  expect(read.size).toBeGreaterThan(WAY.length);
  let kept: readonly Tuple[] = [...read.values()];
  for (const fewer of shrink(kept, allowed)) kept = fewer;
  expect(asPath(kept, 'document:1')).toEqual(WAY);
});

test('a shrunk set holds, and without any one of its members it does not', () => {
  const items = Array.from({ length: 100 }, (_, n) => n);
  const holds = (some: readonly number[]) => [3, 50, 51, 99].every((n) => some.includes(n));
  let kept: readonly number[] = items;
  let tries = 0;
  for (const fewer of shrink(items, holds)) {
    kept = fewer;
    tries += 1;
  }
  expect(kept).toEqual([3, 50, 51, 99]);
  expect(tries).toBeLessThan(100);
});

test('a reader of few tuples reads like any other', () => {
  const tuples = [...WAY, t('folder:f', 'viewer', 'user:zoe'), t('folder:f', 'viewer', 'user:ann')];
  const [ours, theirs] = [readerOf(tuples), new MemoryReader([], tuples)];
  expect([...ours.tuples('folder:f', 'viewer')]).toEqual([...theirs.tuples('folder:f', 'viewer')]);
  expect([...ours.usersets('group:a', 'member')]).toEqual([...theirs.usersets('group:a', 'member')]);
  expect([...ours.byUser('user:anne', 'member', 'group')]).toEqual([WAY[3]]);
  expect([...ours.byType('folder', 'viewer')].length).toBe(3);
  expect(ours.tuple('document:1', 'parent', 'folder:f')).toEqual(WAY[0]);
  expect(ours.tuple('document:1', 'parent', 'folder:g')).toBeUndefined();
});
