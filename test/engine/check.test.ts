import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

const FILES = `
type user
type bot
type group
  relations
    define member: [user, user:*, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent
type document
  relations
    define parent: [folder, group]
    define owner: [user]
    define editor: [user, group#member] or owner
    define blocked: [user, group#member]
    define viewer: editor or viewer from parent
    define can_read: viewer but not blocked
    define signed: [user]
    define can_sign: signed and editor`;

describe('rewrites', () => {
  const files = world(FILES, [
    'document:1#owner@user:anne',
    'document:1#editor@group:staff#member',
    'document:1#blocked@user:carl',
    'document:1#parent@folder:b',
    'document:1#parent@group:staff',
    'document:1#signed@user:bob',
    'folder:b#parent@folder:a',
    'folder:a#viewer@user:dora',
    'group:staff#member@group:inner#member',
    'group:inner#member@user:bob',
    'group:inner#member@user:carl',
    'document:2#editor@group:all#member',
    'group:all#member@user:*',
  ]);

  test.each([
    ['document:1#owner@user:anne', true, 'a direct tuple'],
    ['document:1#owner@user:bob', false, 'no tuple'],
    ['document:1#editor@user:anne', true, 'a computed relation'],
    ['document:1#editor@user:bob', true, 'a userset within a userset'],
    ['document:1#viewer@user:dora', true, 'a parent of a parent'],
    ['document:1#viewer@user:eve', false, 'nothing leads there'],
    ['document:1#can_read@user:bob', true, 'not subtracted'],
    ['document:1#can_read@user:carl', false, 'subtracted'],
    ['document:1#can_sign@user:bob', true, 'both operands'],
    ['document:1#can_sign@user:anne', false, 'one operand of two'],
    ['document:2#editor@user:anyone', true, 'a public userset'],
    ['document:2#editor@user:*', true, 'everyone, asked as such'],
    ['document:1#editor@user:*', false, 'everyone is not implied by someone'],
    ['document:1#viewer@bot:1', false, 'a type that the schema does not lead to'],
  ])('%s is %s: %s', (question, expected) => {
    expect(files.check(question)).toBe(expected);
  });

  test('a parent whose type lacks the relation is passed over', () => {
    expect(files.check('document:1#viewer@user:bob')).toBe(true);
    expect(files.check('document:1#viewer@user:eve')).toBe(false);
  });
});

describe('usersets as users', () => {
  const files = world(FILES, ['document:1#editor@group:a#member', 'group:a#member@group:b#member']);

  test.each([
    ['document:1#editor@document:1#editor', true, 'itself, with no tuple'],
    ['document:9#viewer@document:9#editor', true, 'itself through a computed relation'],
    ['document:1#editor@group:a#member', true, 'the assigned userset'],
    ['document:1#editor@group:b#member', true, 'a userset within it'],
    ['document:1#editor@group:c#member', false, 'another one'],
    ['group:a#member@document:1#editor', false, 'the schema has no way back'],
  ])('%s is %s: %s', (question, expected) => {
    expect(files.check(question)).toBe(expected);
  });
});

describe('contextual tuples', () => {
  const files = world(FILES, ['document:1#editor@group:a#member', 'group:a#member@user:anne']);

  test('count beside stored ones', () => {
    expect(files.check('document:1#editor@user:bob', { contextual: ['group:a#member@user:bob'] })).toBe(true);
    expect(
      files.check('document:1#editor@user:anne', { contextual: ['document:1#editor@group:b#member'] }),
    ).toBe(true);
    expect(files.check('document:2#owner@user:anne', { contextual: ['document:2#owner@user:anne'] })).toBe(
      true,
    );
  });

  test('are not there for the next question', () => {
    files.check('document:1#editor@user:bob', { contextual: ['group:a#member@user:bob'] });
    expect(files.check('document:1#editor@user:bob')).toBe(false);
  });
});

describe('contextual tuples of one key and different conditions', () => {
  const model = `
type user
type document
  relations
    define viewer: [user, user with young]
condition young(age: int) {
  age < 30
}`;
  const key = 'document:1#viewer@user:anne';
  const twins = (old: 'first' | 'last') => {
    const both = [tuple(key, 'young', { age: 40 }), tuple(key)];
    return old === 'first' ? both : both.toReversed();
  };
  const others = (count: number) =>
    Array.from({ length: count }, (_, i) => `document:x${i}#viewer@user:anne`);

  test('count as the first one says where they are few', () => {
    const { check } = world(model, []);
    expect(check(key, { contextual: [...others(10), ...twins('first')] })).toBe(false);
    expect(check(key, { contextual: [...others(10), ...twins('last')] })).toBe(true);
  });

  test('are left to the upstream among many: its order of them is that of an unstable sort', () => {
    const { check } = world(model, []);
    expect(check(key, { contextual: [...others(11), ...twins('first')] })).toBe('declined: request');
    expect(check(key, { contextual: [...others(11), tuple(key), tuple(key)] })).toBe(true);
  });
});

describe('models', () => {
  const older =
    'type user\ntype group\n  relations\n    define member: [user]\ntype document\n  relations\n    define viewer: [user, group#member]';
  const newer =
    'type user\ntype group\n  relations\n    define member: [user]\ntype document\n  relations\n    define viewer: [user:*]';

  test('the latest is taken, and an older one where it is named', () => {
    const store = world([older, newer], ['document:1#viewer@user:anne', 'document:2#viewer@user:*']);
    expect(store.check('document:1#viewer@user:anne')).toBe(false);
    expect(store.check('document:1#viewer@user:anne', { model: 0 })).toBe(true);
    expect(store.check('document:2#viewer@user:anne')).toBe(true);
    expect(store.check('document:2#viewer@user:anne', { model: 0 })).toBe(false);
    expect(store.check('document:2#viewer@user:*', { model: 0 })).toBe(false);
  });

  test('a model that is not known here is left to the upstream', () => {
    const store = world(older, []);
    expect(store.check('document:1#viewer@user:anne', { model: 7 })).toBe('declined: model');
    expect(world([], []).check('document:1#viewer@user:anne')).toBe('declined: model');
  });

  test('the outcome says which model was taken, on errors too', () => {
    const { engine, reader } = world(older, []);
    const query = {
      method: 'Check',
      storeId: 's',
      consistency: 'unspecified',
      contextualTuples: [],
    } as const;
    const tupleKey = tuple('document:1#nosuch@user:anne');
    expect(engine.answer({ ...query, tupleKey }, reader)).toMatchObject({
      modelId: '01J00000000000000000000000',
    });
  });
});
