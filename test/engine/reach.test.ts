import { describe, expect, test } from 'vitest';
import { compileModel } from '../../src/engine/compile.ts';
import type { EngineView } from '../../src/engine/evaluate.ts';
import { createEngine } from '../../src/engine/evaluate.ts';
import { createReachBook, reachOf, reachOfQuery } from '../../src/engine/reach.ts';
import type { CheckQuery, Query } from '../../src/fga/query.ts';
import { MemoryReader } from '../support/memory-reader.ts';
import { modelOf, tuple } from './asking.ts';

const MODEL = modelOf(`
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define owner: [user]
    define banned: [user]
    define viewer: owner or viewer from parent
    define can_read: viewer but not banned
type island
  relations
    define owner: [user]`);

const compiled = compileModel(MODEL);
if (!compiled) throw new Error('the model compiles');
const model = compiled;
const scope = { storeId: 's', consistency: 'unspecified', contextualTuples: [] } as const;

const CAN_READ = [
  'document#banned',
  'document#owner',
  'document#parent',
  'folder#parent',
  'folder#viewer',
  'group#member',
];

describe('what an evaluation may read', () => {
  test.each([
    ['document', 'owner', ['document#owner']],
    ['document', 'can_read', CAN_READ],
    ['group', 'member', ['group#member']],
    ['island', 'owner', ['island#owner']],
    ['document', 'nothing', []],
    ['nothing', 'owner', []],
  ])('%s#%s: %j', (type, relation, expected) => {
    const { pairs, types } = reachOf(model, type, relation);
    expect([...pairs].sort()).toEqual(expected);
    expect([...types].sort()).toEqual([...new Set(expected.map((pair) => pair.split('#')[0]))]);
  });

  test('of a batch is what its items may read together', () => {
    const item = (question: string) => ({
      correlationId: question,
      tupleKey: tuple(question),
      contextualTuples: [],
    });
    const checks = [item('island:1#owner@user:1'), item('document:1#owner@user:1')];
    const { pairs } = reachOfQuery(model, { ...scope, method: 'BatchCheck', checks });
    expect([...pairs].sort()).toEqual(['document#owner', 'island#owner']);
  });

  test('of Expand is one level', () => {
    const { pairs } = reachOfQuery(model, {
      ...scope,
      method: 'Expand',
      object: 'document:1',
      relation: 'viewer',
    });
    expect([...pairs]).toEqual(['document#parent']);
  });
});

test('nothing else is read', () => {
  const stored = [
    'document:1#parent@folder:a',
    'document:1#banned@user:bob',
    'folder:a#parent@folder:b',
    'folder:b#viewer@group:a#member',
    'group:a#member@group:b#member',
    'group:b#member@user:anne',
    'group:b#member@user:bob',
    'island:1#owner@user:anne',
  ].map((text) => tuple(text));
  const read = new Set<string>();
  const view = watching(new MemoryReader([MODEL], stored), read);
  const key = { object: 'document:1', relation: 'can_read' };
  const queries: Query[] = [
    ...['user:anne', 'user:bob', 'group:b#member'].map(
      (user): CheckQuery => ({ ...scope, method: 'Check', tupleKey: { ...key, user } }),
    ),
    { ...scope, method: 'ListObjects', type: 'document', relation: 'can_read', user: 'user:anne' },
    { ...scope, method: 'ListObjects', type: 'document', relation: 'can_read', user: 'group:b#member' },
    {
      ...scope,
      method: 'ListUsers',
      object: { type: 'document', id: '1' },
      relation: 'can_read',
      userFilter: { type: 'user' },
    },
  ];
  for (const query of queries) expect(createEngine().answer(query, view)).toHaveProperty('answer');
  expect(read.size).toBeGreaterThan(3);
  expect(CAN_READ).toEqual(expect.arrayContaining([...read]));
});

describe('the reach book', () => {
  const query: Query = { ...scope, method: 'Check', tupleKey: tuple('island:1#owner@user:1') };

  test('takes the latest model where none is named', () => {
    const reach = createReachBook().of(query, new MemoryReader([MODEL], []));
    expect([...(reach?.pairs ?? [])]).toEqual(['island#owner']);
  });

  test('knows nothing of a model that is not there', () => {
    const book = createReachBook();
    expect(book.of(query, new MemoryReader([], []))).toBeUndefined();
    expect(book.of({ ...query, modelId: 'other' }, new MemoryReader([MODEL], []))).toBeUndefined();
  });
});

/** Notes `type#relation` of all that is asked of a reader. */
function watching(reader: MemoryReader, read: Set<string>): EngineView {
  const noted = <T>(object: string, relation: string, found: T): T => {
    read.add(`${object.split(':')[0]}#${relation}`);
    return found;
  };
  return {
    model: (id) => reader.model(id),
    latestModelId: () => reader.latestModelId(),
    tuple: (object, relation, user) => noted(object, relation, reader.tuple(object, relation, user)),
    usersets: (object, relation) => noted(object, relation, reader.usersets(object, relation)),
    tuples: (object, relation) => noted(object, relation, reader.tuples(object, relation)),
    byUser: (user, relation, type) => noted(type, relation, reader.byUser(user, relation, type)),
    byType: (type, relation) => noted(type, relation, reader.byType(type, relation)),
  };
}
