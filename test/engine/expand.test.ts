import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

const MODEL = `
type user
type group
  relations
    define member: [user]
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder, group]
    define owner: [user]
    define editor: [user, user:*, group#member, user with young] or owner
    define banned: [user]
    define viewer: editor or viewer from parent
    define can_read: viewer but not banned
    define both: owner and editor
condition young(age: int) {
  age < 30
}`;

const { expand } = world(MODEL, [
  'document:1#editor@user:bob',
  'document:1#editor@user:*',
  'document:1#editor@group:a#member',
  tuple('document:1#editor@user:anne', 'young'),
  'document:1#editor@folder:x',
  tuple('document:1#owner@user:carl', 'young'),
  'document:1#parent@group:g',
  'document:1#parent@folder:f',
  'document:1#parent@user:stray',
]);

const leaf = (name: string, users: string[]) => ({ name, leaf: { users: { users } } });
const computed = (name: string, userset: string) => ({ name, leaf: { computed: { userset } } });

describe('a relation expands', () => {
  test('to the users whose tuples count under the model, sorted, conditions unasked', () => {
    expect(expand('document:1#owner')).toEqual(leaf('document:1#owner', []));
    expect(expand('document:1#editor')).toEqual({
      name: 'document:1#editor',
      union: {
        nodes: [
          leaf('document:1#editor', ['group:a#member', 'user:*', 'user:anne', 'user:bob']),
          computed('document:1#editor', 'document:1#owner'),
        ],
      },
    });
  });

  test('one level, a tuple-to-userset by all parents, even those without the relation', () => {
    const name = 'document:1#viewer';
    const usersets = [{ userset: 'folder:f#viewer' }, { userset: 'group:g#viewer' }];
    expect(expand(name)).toEqual({
      name,
      union: {
        nodes: [
          computed(name, 'document:1#editor'),
          { name, leaf: { tupleToUserset: { tupleset: 'document:1#parent', computed: usersets } } },
        ],
      },
    });
  });

  test('to its operator and operands', () => {
    expect(expand('document:1#can_read')).toEqual({
      name: 'document:1#can_read',
      difference: {
        base: computed('document:1#can_read', 'document:1#viewer'),
        subtract: computed('document:1#can_read', 'document:1#banned'),
      },
    });
    expect(expand('document:1#both')).toEqual({
      name: 'document:1#both',
      intersection: {
        nodes: [
          computed('document:1#both', 'document:1#owner'),
          computed('document:1#both', 'document:1#editor'),
        ],
      },
    });
  });

  test('with contextual tuples', () => {
    const contextual = ['document:2#owner@user:dora', 'document:1#owner@user:eve'];
    expect(expand('document:2#owner', { contextual })).toEqual(leaf('document:2#owner', ['user:dora']));
  });
});

test('an object and a relation are asked for', () => {
  const message = 'invalid_expand_input: Invalid input. Make sure you provide an object and a relation';
  expect(expand('#owner')).toBe(message);
  expect(expand('document:1#')).toBe(message);
});
