import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

/**
 * Upstream learns at run time whether to walk down from the object or to list what the user has and meet in the middle.
 * The ways agree, but for a few corners; there the engine says that it cannot tell.
 */
const MODEL = `
type user
type team
  relations
    define member: [user, user with young]
type group
  relations
    define member: [user, user with young, group#member]
type document
  relations
    define viewer: [user, team#member]
    define reader: [user, group#member]
condition young(age: int) {
  age < 30
}`;

const missing = (key: string) =>
  `validation_error: failed to evaluate relationship condition: 'young' - tuple '${key}' is missing context parameters '[age]'`;

describe('a team that cannot be evaluated', () => {
  const failing = tuple('team:a#member@user:anne', 'young');
  const question = 'document:1#viewer@user:anne';

  test('is an error in every way, where the user is in it alone', () => {
    const { check } = world(MODEL, ['document:1#viewer@team:a#member', failing]);
    expect(check(question)).toBe(missing('team:a#member@user:anne'));
  });

  test('is hidden in one way by another team of the user, and in the other not', () => {
    const { check } = world(MODEL, [
      'document:1#viewer@team:a#member',
      failing,
      'team:other#member@user:anne',
    ]);
    expect(check(question)).toBe('declined: condition');
  });

  test('matters to none where the document does not lead to it, and the user is in no other', () => {
    const { check } = world(MODEL, ['document:1#viewer@team:b#member', 'team:other#member@user:anne']);
    expect(check(question)).toBe(false);
  });

  test('is outweighed in every way by a team that allows', () => {
    const both = ['document:1#viewer@team:a#member', 'document:1#viewer@team:b#member'];
    const { check } = world(MODEL, [...both, failing, 'team:b#member@user:anne']);
    expect(check(question)).toBe(true);
  });
});

describe('recursion', () => {
  const nested = ['group:a#member@group:b#member', 'group:b#member@group:c#member'];
  const question = 'group:a#member@user:anne';

  test('finds what is below in either way', () => {
    expect(world(MODEL, [...nested, 'group:c#member@user:anne']).check(question)).toBe(true);
    expect(world(MODEL, [...nested, 'group:z#member@user:anne']).check(question)).toBe(false);
  });

  test('meets an error elsewhere in one way alone', () => {
    const elsewhere = tuple('group:z#member@user:anne', 'young');
    expect(world(MODEL, [...nested, elsewhere]).check(question)).toBe('declined: condition');
  });

  test('asked for a userset has one way', () => {
    const elsewhere = tuple('group:z#member@user:anne', 'young');
    const { check } = world(MODEL, [...nested, elsewhere]);
    expect(check('group:a#member@group:c#member')).toBe(true);
    expect(check('group:b#member@group:a#member')).toBe(false);
  });
});

describe('of two tuples on one object the lists see one', () => {
  const model = `
type bot
type org
  relations
    define parent: [org]
    define blocked: [bot:*] or blocked from parent`;
  const below = ['org:5#parent@org:4', 'org:4#blocked@bot:*'];

  test('so an invalid one of the user may hide the valid one of everyone', () => {
    expect(world(model, below).check('org:5#blocked@bot:5')).toBe(true);
    const { check } = world(model, [...below, 'org:4#blocked@bot:5']);
    expect(check('org:5#blocked@bot:5')).toBe('declined: cycle');
    expect(check('org:5#blocked@bot:6')).toBe(true);
    expect(check('org:5#blocked@bot:*')).toBe(true);
  });

  test('and on the object itself, which is read by name, it hides nothing', () => {
    const { check } = world(model, [...below, 'org:4#blocked@bot:5']);
    expect(check('org:4#blocked@bot:5')).toBe(true);
  });
});
