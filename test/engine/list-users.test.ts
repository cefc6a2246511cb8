import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

const MODEL = `
type user
type bot
type group
  relations
    define member: [user, user:*, bot, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent
type document
  relations
    define parent: [folder]
    define editor: [user, group#member]
    define banned: [user, user:*, group#member]
    define public: [user, user:*]
    define signed: [user]
    define viewer: [user with young] or editor or viewer from parent
    define can_read: viewer but not banned
    define open: public but not banned
    define both: editor and public
condition young(age: int) {
  age < 30
}`;

const STORED = [
  'group:staff#member@group:inner#member',
  'group:staff#member@user:anne',
  'group:inner#member@user:bob',
  'group:inner#member@bot:7',
  'folder:a#viewer@user:carl',
  'folder:b#parent@folder:a',
  'document:1#parent@folder:b',
  'document:1#editor@group:staff#member',
  'document:1#banned@user:bob',
];

describe('users of a relation', () => {
  const { users } = world(MODEL, STORED);

  test.each([
    ['document:1#editor', 'user', ['user:anne', 'user:bob']],
    ['document:1#viewer', 'user', ['user:anne', 'user:bob', 'user:carl']],
    ['document:1#can_read', 'user', ['user:anne', 'user:carl']],
    ['group:staff#member', 'bot', ['bot:7']],
    ['document:1#editor', 'group#member', ['group:inner#member', 'group:staff#member']],
    ['group:staff#member', 'group#member', ['group:inner#member', 'group:staff#member']],
    ['folder:b#viewer', 'bot', []],
    ['document:9#viewer', 'user', []],
  ])('%s, filtered by %s, are %j', (node, filter, expected) => {
    expect(users(node, filter)).toEqual(expected);
  });

  test('of contextual tuples too', () => {
    expect(users('document:2#editor', 'user', { contextual: ['document:2#editor@user:dora'] })).toEqual([
      'user:dora',
    ]);
  });
});

describe('everyone', () => {
  const open = (...more: string[]) =>
    world(MODEL, ['document:1#public@user:*', 'document:1#public@user:anne', ...more]).users(
      'document:1#open',
      'user',
    );

  test('is listed as such, beside those who are named', () => {
    expect(open()).toEqual(['user:*', 'user:anne']);
  });

  test('less one leaves everyone, and the one out', () => {
    expect(open('document:1#banned@user:anne')).toEqual(['user:*']);
  });

  test('less everyone leaves nobody', () => {
    expect(open('document:1#banned@user:*')).toEqual([]);
  });

  test('and a list have the list in common', () => {
    const { users } = world(MODEL, ['document:1#public@user:*', 'document:1#editor@user:anne']);
    expect(users('document:1#both', 'user')).toEqual(['user:anne']);
  });
});

describe('conditions', () => {
  const young = (user: string, age?: number) =>
    tuple(`document:1#viewer@user:${user}`, 'young', age === undefined ? undefined : { age });

  test('are asked tuple by tuple', () => {
    const { users } = world(MODEL, [young('anne'), young('bob', 50), young('carl', 5)]);
    expect(users('document:1#viewer', 'user', { context: { age: 20 } })).toEqual(['user:anne', 'user:carl']);
  });

  test('that fail end the query', () => {
    const { users } = world(MODEL, [young('anne'), young('carl', 5)]);
    expect(users('document:1#viewer', 'user')).toBe(
      "validation_error: failed to evaluate relationship condition: 'young' - tuple 'document:1#viewer@user:anne' is missing context parameters '[age]'",
    );
  });
});

describe('limits', () => {
  test('cycles end', () => {
    const ring = [
      'group:a#member@group:b#member',
      'group:b#member@group:a#member',
      'group:b#member@user:anne',
    ];
    expect(world(MODEL, ring).users('group:a#member', 'user')).toEqual(['user:anne']);
  });

  test('depth is bounded', () => {
    const chain = Array.from({ length: 30 }, (_, i) => `folder:${i}#parent@folder:${i + 1}`);
    const { users } = world(MODEL, [...chain, 'folder:30#viewer@user:anne']);
    expect(users('folder:20#viewer', 'user')).toEqual(['user:anne']);
    expect(users('folder:0#viewer', 'user')).toContain('authorization_model_resolution_too_complex: ');
  });

  test('beyond 1000 users, which are kept is chance, so the upstream is asked', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => `group:a#member@user:${i}`);
    expect(world(MODEL, many(1000)).users('group:a#member', 'user')).toHaveLength(1000);
    expect(world(MODEL, many(1001)).users('group:a#member', 'user')).toBe('declined: truncated');
  });
});
