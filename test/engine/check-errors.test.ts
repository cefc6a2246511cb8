import { describe, expect, test } from 'vitest';
import { tuple, world } from './asking.ts';

const { check, objects, users, expand } = world(
  `
type user
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define viewer: [user, user with fresh] or viewer from parent
    define editor: viewer
condition fresh(age: int) {
  age < 5
}`,
  [],
);

describe('a question that does not fit the model', () => {
  test.each([
    [
      'document:1#viewer@nobody',
      "the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard (e.g. group:*)",
    ],
    ['document:1#viewer@a:b:c', "the 'user' field is malformed"],
    ['document:1#viewer@robot:1', "type 'robot' not found"],
    ['document:1#viewer@folder:1#owner', "relation 'folder#owner' not found"],
    ['document#viewer@user:1', "invalid 'object' field format"],
    ['document:*#viewer@user:1', "the 'object' field cannot reference a typed wildcard"],
    ['paper:1#viewer@user:1', "type 'paper' not found"],
    ['document:1#owner@user:1', "relation 'document#owner' not found"],
  ])('%s', (question, reason) => {
    expect(check(question)).toBe(`validation_error: invalid relation: ${reason}`);
  });

  test('has other codes and words elsewhere', () => {
    expect(objects('user:1', 'viewer', 'paper')).toBe("type_not_found: type 'paper' not found");
    expect(objects('user:1', 'owner', 'document')).toBe(
      "relation_not_found: relation 'document#owner' not found",
    );
    expect(objects('nobody', 'viewer', 'document')).toContain(
      "validation_error: invalid 'user' value: the 'user' field",
    );
    expect(users('document:1#viewer', 'robot')).toBe("type_not_found: type 'robot' not found");
    expect(users('document:1#viewer', 'folder#owner')).toBe(
      "relation_not_found: relation 'folder#owner' not found",
    );
    expect(users('paper:1#viewer', 'user')).toBe("type_not_found: type 'paper' not found");
    expect(expand('paper:1#viewer')).toBe("validation_error: type 'paper' not found");
    expect(expand('document:1#owner')).toBe("validation_error: relation 'document#owner' not found");
  });
});

describe('a context with control characters', () => {
  test('is refused by its key or its value, wherever it stands', () => {
    const question = 'document:1#viewer@user:1';
    expect(check(question, { context: { 'a\u0000': 1 } })).toBe(
      'validation_error: invalid context: context key "a\\x00" contains forbidden characters',
    );
    expect(check(question, { context: { a: [{ b: 'x\u0085"' }] } })).toBe(
      'validation_error: invalid context: context value "x\\u0085\\"" contains forbidden characters',
    );
  });
});

describe('a contextual tuple obeys the rules of a write', () => {
  const cases: [ReturnType<typeof tuple>, string, string][] = [
    [
      tuple('document:1#viewer@folder:1'),
      'invalid_tuple',
      "type 'folder' is not an allowed type restriction for 'document#viewer'",
    ],
    [
      tuple('document:1#editor@user:1'),
      'invalid_tuple',
      "type 'user' is not an allowed type restriction for 'document#editor'",
    ],
    [
      tuple('document:1#parent@folder:*'),
      'invalid_tuple',
      "unexpected wildcard relationship with tupleset relation 'document#parent'",
    ],
    [
      tuple('document:1#parent@folder:1#viewer'),
      'invalid_tuple',
      "unexpected user 'folder:1#viewer' with tupleset relation 'document#parent'",
    ],
    [
      tuple('document:1#viewer@user:*'),
      'invalid_tuple',
      "the typed wildcard 'user:*' is not an allowed type restriction for 'document#viewer'",
    ],
    [tuple('document:1#viewer@user:1', 'stale'), 'validation_error', 'undefined condition'],
    [
      tuple('document:1#parent@folder:1', 'fresh'),
      'validation_error',
      'invalid condition for type restriction',
    ],
    [
      tuple('document:1#viewer@user:1', 'fresh', { height: 1 }),
      'validation_error',
      'found invalid context parameter: height',
    ],
    [
      tuple('document:1#viewer@user:1', 'fresh', { age: 'old' }),
      'validation_error',
      "parameter type error on condition 'fresh' - failed to convert context parameter 'age': expected a int64 value, but found invalid string value 'old'",
    ],
  ];

  test.each(cases)('%j', (contextual, code, reason) => {
    const { object, relation, user, condition } = contextual;
    const key = `${object}#${relation}@${user}${code === 'invalid_tuple' ? '' : ` (condition ${condition?.name})`}`;
    expect(check('document:1#viewer@user:1', { contextual: [contextual] })).toBe(
      `invalid_tuple: Invalid tuple '%!s(<nil>)'. Reason: invalid tuple: Invalid tuple '${key}'. Reason: ${reason}`,
    );
    const named = code === 'invalid_tuple' ? `user:"${user}" relation:"${relation}" object:"${object}"` : key;
    const listed = `${code}: Invalid tuple '${named}'. Reason: ${reason}`;
    expect(objects('user:1', 'viewer', 'document', { contextual: [contextual] })).toBe(listed);
    expect(users('document:1#viewer', 'user', { contextual: [contextual] })).toBe(listed);
    expect(expand('document:1#viewer', { contextual: [contextual] })).toBe(listed);
  });
});
