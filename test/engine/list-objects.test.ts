import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

const MODEL = `
type user
type group
  relations
    define member: [user, user:*, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define editor: [user, group#member]
    define banned: [user]
    define signed: [user]
    define viewer: [user with young] or editor or viewer from parent
    define can_read: viewer but not banned
    define both: editor and signed
condition young(age: int) {
  age < 30
}`;

const STORED = [
  'group:staff#member@group:inner#member',
  'group:inner#member@user:anne',
  'group:all#member@user:*',
  'folder:a#viewer@group:staff#member',
  'folder:b#parent@folder:a',
  'document:1#parent@folder:b',
  'document:2#editor@user:anne',
  'document:3#editor@group:all#member',
  'document:3#banned@user:anne',
  'document:2#signed@user:anne',
  'document:4#signed@user:anne',
  'document:5#editor@user:bob',
];

describe('for a user', () => {
  const { objects } = world(MODEL, STORED);

  test.each([
    ['viewer', ['document:1', 'document:2', 'document:3']],
    ['editor', ['document:2', 'document:3']],
    ['can_read', ['document:1', 'document:2']],
    ['both', ['document:2']],
  ])('%s gives %j', (relation, expected) => {
    expect(objects('user:anne', relation, 'document')).toEqual(expected);
    expect(objects('user:anne', relation, 'document', { streamed: true })).toEqual(expected);
  });

  test('public usersets hold everyone', () => {
    expect(objects('user:stranger', 'viewer', 'document')).toEqual(['document:3']);
    expect(objects('user:stranger', 'member', 'group')).toEqual(['group:all']);
  });

  test('contextual tuples count', () => {
    const contextual = ['folder:a#viewer@user:dora', 'document:9#editor@user:dora'];
    expect(objects('user:dora', 'viewer', 'document', { contextual })).toEqual([
      'document:1',
      'document:3',
      'document:9',
    ]);
  });

  test('cycles of folders and groups end', () => {
    const ring = ['folder:x#parent@folder:y', 'folder:y#parent@folder:x', 'folder:y#viewer@user:anne'];
    expect(world(MODEL, ring).objects('user:anne', 'viewer', 'folder')).toEqual(['folder:x', 'folder:y']);
  });

  test('chains are followed however long they are', () => {
    const chain = Array.from({ length: 60 }, (_, i) => `folder:${i}#parent@folder:${i + 1}`);
    const found = world(MODEL, [...chain, 'folder:60#viewer@user:anne']).objects(
      'user:anne',
      'viewer',
      'folder',
    );
    expect(found).toHaveLength(61);
  });
});

describe('for a userset, and for everyone', () => {
  const { objects } = world(MODEL, STORED);

  test.each([
    ['group:staff#member', 'viewer', 'folder', ['folder:a', 'folder:b']],
    ['group:inner#member', 'viewer', 'document', ['document:1']],
    ['group:inner#member', 'member', 'group', ['group:inner', 'group:staff']],
    ['group:inner#member', 'can_read', 'document', ['document:1']],
    ['user:*', 'member', 'group', ['group:all']],
    ['user:*', 'viewer', 'document', ['document:3']],
  ])('%s as %s of %s gives %j', (user, relation, type, expected) => {
    expect(objects(user, relation, type)).toEqual(expected);
  });

  test('a userset is its own member', () => {
    expect(objects('folder:z#viewer', 'viewer', 'folder')).toEqual(['folder:z']);
  });
});

describe('conditions', () => {
  const young = (id: number, stored?: { age: number }) =>
    tuple(`document:${id}#viewer@user:anne`, 'young', stored);
  const words = 'failed to evaluate relationship condition';

  test('are asked tuple by tuple', () => {
    const { objects } = world(MODEL, [young(1), young(2, { age: 50 }), young(3, { age: 5 })]);
    const context = { age: 20 };
    expect(objects('user:anne', 'viewer', 'document', { context })).toEqual(['document:1', 'document:3']);
  });

  test('that fail end the query, in the server’s words, or the stream, in the command’s', () => {
    const { objects } = world(MODEL, [young(1), young(3, { age: 5 })]);
    expect(objects('user:anne', 'viewer', 'document')).toBe('validation_error: Internal Server Error');
    expect(objects('user:anne', 'viewer', 'document', { streamed: true })).toBe(
      `validation_error: iterator: ${words}: 'young' - tuple 'document:1#viewer@user:anne' is missing context parameters '[age]'`,
    );
  });
});

test('of several ways that fail upstream shows the first, by chance', () => {
  const model = `
type user
type group
  relations
    define member: [user]
type document
  relations
    define editor: [group#member with young]
    define viewer: [group#member with young] or editor
condition young(age: int) {
  age < 30
}`;
  const failing = ['viewer', 'editor'].map((relation) =>
    tuple(`document:1#${relation}@group:a#member`, 'young'),
  );
  const ask = (count: number) =>
    world(model, failing.slice(0, count)).objects('group:a#member', 'viewer', 'document');
  expect(ask(1)).toContain("tuple 'document:1#viewer@group:a#member' is missing");
  expect(ask(2)).toBe('declined: cycle');
});

describe('beyond 1000 results', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `document:${i}#editor@user:anne`);

  test('which are kept is chance, so the upstream is asked', () => {
    expect(world(MODEL, many(1000)).objects('user:anne', 'viewer', 'document')).toHaveLength(1000);
    expect(world(MODEL, many(1001)).objects('user:anne', 'viewer', 'document')).toBe('declined: truncated');
  });

  test('whether upstream meets an error before them is chance too', () => {
    const failing = tuple('document:none#viewer@user:anne', 'young');
    const ask = (count: number, streamed = false) =>
      world(MODEL, [...many(count), failing]).objects('user:anne', 'viewer', 'document', { streamed });
    expect(ask(999)).toContain('validation_error');
    expect(ask(1000)).toBe('declined: truncated');
    expect(ask(1000, true)).toContain('validation_error');
  });

  test('nor does the older way say which comes first', () => {
    const model = `
type user
type group
  relations
    define member: [user]
type document
  relations
    define editor: [group#member, group#member with young]
    define signed: [group#member]
    define viewer: editor
    define both: editor and signed
condition young(age: int) {
  age < 30
}`;
    const group = 'group:a#member';
    const ask = (count: number, relation: string) => {
      const found = Array.from({ length: count }, (_, i) => [
        `document:${i}#editor@${group}`,
        `document:${i}#signed@${group}`,
      ]).flat();
      const failing = tuple(`document:none#editor@${group}`, 'young');
      return world(model, [...found, failing]).objects(group, relation, 'document');
    };
    for (const relation of ['viewer', 'both']) {
      expect(ask(999, relation)).toContain('validation_error');
      expect(ask(1000, relation)).toBe('declined: truncated');
    }
  });

  test('a stream goes on', () => {
    const { objects } = world(MODEL, many(1500));
    expect(objects('user:anne', 'viewer', 'document', { streamed: true })).toHaveLength(1500);
  });
});
