import { describe, expect, test } from 'vitest';
import { world } from './asking.ts';

const GROUPS = `
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user] or viewer from parent`;

/** A recursion within an intersection: upstream has no graph of such a model, hence one strategy. */
const CHECKED = `
type user
type group
  relations
    define open: [user:*]
    define checked: [user, group#checked] and open`;

const TOO_COMPLEX =
  'authorization_model_resolution_too_complex: Authorization Model resolution required too many rewrite rules to be resolved. Check your authorization model for infinite recursion or too much nesting';

/** `group:0` holds `group:1#relation`, and so on to the last one, which holds `user:end`. */
function nested(relation: string, levels: number): string[] {
  const tuples = Array.from(
    { length: levels },
    (_, i) => `group:${i}#${relation}@group:${i + 1}#${relation}`,
  );
  return [...tuples, `group:${levels}#${relation}@user:end`];
}

describe('nesting', () => {
  test('counts to the resolve-node limit', () => {
    const { check } = world(GROUPS, nested('member', 30));
    expect(check('group:6#member@user:end')).toBe(true);
    expect(check('group:7#member@user:other')).toBe(false);
  });

  test('is an error beyond the limit, where upstream has one way to count', () => {
    const open = Array.from({ length: 31 }, (_, i) => `group:${i}#open@user:*`);
    const { check } = world(CHECKED, [...nested('checked', 30), ...open]);
    expect(check('group:6#checked@user:end')).toBe(true);
    expect(check('group:5#checked@user:end')).toBe(TOO_COMPLEX);
    expect(check('group:5#checked@user:other')).toBe(TOO_COMPLEX);
  });

  test('beyond the limit is left to the upstream where its strategies count differently', () => {
    const { check } = world(GROUPS, nested('member', 30));
    expect(check('group:5#member@user:end')).toBe('declined: depth');
    expect(check('group:5#member@user:other')).toBe('declined: depth');
    expect(check('group:4#member@user:end')).toBe(TOO_COMPLEX);
  });

  test('of parents counts as well', () => {
    const parents = Array.from({ length: 30 }, (_, i) => `folder:${i}#parent@folder:${i + 1}`);
    const { check } = world(GROUPS, [...parents, 'folder:30#viewer@user:end']);
    expect(check('folder:6#viewer@user:end')).toBe(true);
    expect(check('folder:5#viewer@user:end')).toBe('declined: depth');
  });

  test('a match that is near hides depth that is far', () => {
    const { check } = world(GROUPS, [...nested('member', 30), 'group:0#member@user:near']);
    expect(check('group:0#member@user:near')).toBe(true);
  });
});

describe('cycles', () => {
  const ring = [
    'group:a#member@group:b#member',
    'group:b#member@group:c#member',
    'group:c#member@group:a#member',
  ];

  test('lead nowhere, and hide nothing', () => {
    const { check } = world(GROUPS, [...ring, 'group:c#member@user:anne']);
    expect(check('group:a#member@user:anne')).toBe(true);
    expect(check('group:a#member@user:bob')).toBe(false);
    expect(check('group:a#member@group:a#member')).toBe(true);
    expect(check('group:b#member@group:a#member')).toBe(true);
  });

  test('of one tuple with itself too', () => {
    const { check } = world(GROUPS, ['group:a#member@group:a#member']);
    expect(check('group:a#member@user:anne')).toBe(false);
  });

  test('below a subtraction are left to the upstream where one of its strategies denies', () => {
    const model = `
type user
type group
  relations
    define member: [user, group#member]
    define outsider: [user:*] but not member`;
    const { check } = world(model, [...ring, 'group:a#outsider@user:*', 'group:x#outsider@user:*']);
    expect(check('group:a#outsider@user:anne')).toBe('declined: cycle');
    expect(check('group:x#outsider@user:anne')).toBe(true);
  });

  test('below a subtraction deny where upstream has one strategy', () => {
    const model = `
type user
type group
  relations
    define open: [user:*]
    define member: [user, group#member] and open
    define outsider: [user:*] but not member`;
    const groups = ['a', 'b', 'c'].map((name) => `group:${name}#open@user:*`);
    const { check } = world(model, [...ring, ...groups, 'group:a#outsider@user:*']);
    expect(check('group:a#outsider@user:anne')).toBe(false);
  });
});

describe('the budget', () => {
  const wide = Array.from({ length: 2000 }, (_, i) => `group:all#member@group:${i}#member`);

  test('bounds how many tuples are read', () => {
    const { check } = world(GROUPS, wide, { budget: { steps: 1000 } });
    expect(check('group:all#member@user:anne')).toBe('declined: budget');
    expect(check('group:1#member@user:anne')).toBe(false);
  });

  test('bounds how long the event loop is held', () => {
    let now = 0;
    const clock = () => {
      now += 20;
      return now;
    };
    const { check } = world(GROUPS, wide, { clock, budget: { millis: 50 } });
    expect(check('group:all#member@user:anne')).toBe('declined: budget');
    expect(check('group:1#member@user:anne')).toBe(false);
  });

  test('is each query’s own', () => {
    const { check } = world(GROUPS, wide, { budget: { steps: 5000, millis: 10_000 } });
    for (let i = 0; i < 5; i++) expect(check('group:all#member@user:anne')).toBe(false);
  });
});
