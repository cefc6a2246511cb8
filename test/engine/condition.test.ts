import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/fga/tuple.ts';
import { modelOf, tuple, world } from './asking.ts';

const OFFICE = `
type user
type team
  relations
    define member: [user with in_office]
type document
  relations
    define parent: [folder with in_office]
    define viewer: [user, user with in_office, user with young, user:* with young, team#member with young]
    define blocked: [user with in_office]
    define reader: [user] but not blocked
    define both: viewer and reader
    define inherited: viewer from parent
type folder
  relations
    define viewer: [user]
condition in_office(ip: ipaddress, range: string) {
  ip.in_cidr(range)
}
condition young(age: int, limit: int) {
  age < limit
}`;

const evaluation = 'validation_error: failed to evaluate relationship condition:';

function missing(name: string, key: string, ...parameters: string[]): string {
  return `${evaluation} '${name}' - tuple '${key}' is missing context parameters '[${parameters.join(' ')}]'`;
}

describe('a conditioned tuple', () => {
  const key = 'document:1#viewer@user:anne';
  const ask = (stored: JsonObject | undefined, context?: JsonObject) =>
    world(OFFICE, [tuple(key, 'young', stored)]).check(key, context ? { context } : {});

  test('counts where its condition is met by the request and the stored context together', () => {
    expect(ask({ limit: 5 }, { age: 4 })).toBe(true);
    expect(ask({ limit: 5 }, { age: 5 })).toBe(false);
    expect(ask(undefined, { age: 1, limit: 2 })).toBe(true);
  });

  test('takes the stored value where both give one', () => {
    expect(ask({ limit: 5, age: 9 }, { age: 1 })).toBe(false);
    expect(ask({ limit: 5, age: 1 }, { age: 9 })).toBe(true);
  });

  test('is an error where a parameter is given by neither', () => {
    expect(ask({ limit: 5 })).toBe(missing('young', key, 'age'));
    expect(ask({ limit: 5 }, { years: 4 })).toBe(missing('young', key, 'age'));
    expect(ask(undefined, {})).toBe(missing('young', key, 'age', 'limit'));
  });

  test('is an error where a value cannot be cast', () => {
    expect(ask({ limit: 5 }, { age: 1.5 })).toBe(
      `${evaluation} parameter type error on condition 'young' - failed to convert context parameter 'age': expected an int value, but found numeric value '1.5'`,
    );
  });

  test('ignores what the condition does not declare', () => {
    expect(ask({ limit: 5 }, { age: 4, mood: 'good' })).toBe(true);
  });

  test('does not count under a name that the relation does not allow', () => {
    const own = tuple('document:1#blocked@user:anne', 'young', { age: 1, limit: 5 });
    expect(world(OFFICE, [own]).check('document:1#blocked@user:anne')).toBe(false);
    const none = tuple('document:1#blocked@user:anne');
    expect(world(OFFICE, [none]).check('document:1#blocked@user:anne')).toBe(false);
  });
});

test('a condition without parameters holds, and fails as soon as there is any context', () => {
  const key = 'document:1#viewer@user:anne';
  const model = modelOf('type user\ntype document\n  relations\n    define viewer: [user]');
  const [user, document] = model.type_definitions;
  const metadata = {
    relations: { viewer: { directly_related_user_types: [{ type: 'user', condition: 'fixed' }] } },
  };
  const type_definitions = [user, { ...document, metadata }] as typeof model.type_definitions;
  const conditions = { fixed: { name: 'fixed', expression: 'true' } };
  const { check } = world([{ ...model, type_definitions, conditions }], [tuple(key, 'fixed')]);
  expect(check(key)).toBe(true);
  expect(check(key, { context: {} })).toBe(true);
  expect(check(key, { context: { any: 1 } })).toBe(
    `${evaluation} parameter type error on condition 'fixed' - no parameters defined for the condition`,
  );
});

describe('an error', () => {
  const young = (user: string, stored: JsonObject) => tuple(`document:1#viewer@${user}`, 'young', stored);
  const broken = young('user:anne', { limit: 5 });
  const question = 'document:1#viewer@user:anne';

  test('is hidden by another way that allows', () => {
    const everyone = young('user:*', { age: 1, limit: 5 });
    expect(world(OFFICE, [broken, everyone]).check(question)).toBe(true);
  });

  test('is shown where the other ways deny', () => {
    const everyone = young('user:*', { age: 9, limit: 5 });
    expect(world(OFFICE, [broken, everyone]).check(question)).toBe(missing('young', question, 'age'));
  });

  test('of one userset is hidden by another that passes, even if it leads nowhere', () => {
    const usersets = [young('team:a#member', { limit: 5 }), young('team:b#member', { age: 1, limit: 5 })];
    expect(world(OFFICE, usersets).check(question)).toBe(false);
    expect(world(OFFICE, usersets.slice(0, 1)).check(question)).toBe(
      missing('young', 'document:1#viewer@team:a#member', 'age'),
    );
  });

  test('of a parent is hidden by another parent in the same way', () => {
    const parents = [
      tuple('document:1#parent@folder:a', 'in_office', { range: '10.0.0.0/8' }),
      tuple('document:1#parent@folder:b', 'in_office', { ip: '10.1.1.1', range: '10.0.0.0/8' }),
    ];
    const inherited = 'document:1#inherited@user:anne';
    expect(world(OFFICE, parents).check(inherited)).toBe(false);
    expect(world(OFFICE, parents.slice(0, 1)).check(inherited)).toBe(
      missing('in_office', 'document:1#parent@folder:a', 'ip'),
    );
  });

  test('is hidden in an intersection by a denial, not by a grant', () => {
    const reader = 'document:1#reader@user:anne';
    expect(world(OFFICE, [broken]).check('document:1#both@user:anne')).toBe(false);
    expect(world(OFFICE, [broken, reader]).check('document:1#both@user:anne')).toBe(
      missing('young', question, 'age'),
    );
  });

  test('in what is subtracted is hidden only where the base denies', () => {
    const blocked = tuple('document:1#blocked@user:anne', 'in_office', { range: '10.0.0.0/8' });
    const reader = 'document:1#reader@user:anne';
    expect(world(OFFICE, [blocked]).check(reader)).toBe(false);
    expect(world(OFFICE, [blocked, reader]).check(reader)).toBe(
      missing('in_office', 'document:1#blocked@user:anne', 'ip'),
    );
  });
});

describe('the cost of an expression', () => {
  const model = `
type user
type document
  relations
    define viewer: [user with listed]
condition listed(name: string, names: list<string>) {
  name in names
}`;
  const key = 'document:1#viewer@user:anne';
  const ask = (count: number) =>
    world(model, [
      tuple(key, 'listed', { names: Array.from({ length: count }, (_, i) => `name ${i}`) }),
    ]).check(key, {
      context: { name: 'another' },
    });

  test('is an error past 100, as upstream counts it', () => {
    expect(ask(98)).toBe(false);
    expect(ask(99)).toBe(
      `${evaluation} 'listed' - failed to evaluate condition expression: operation cancelled: actual cost limit exceeded`,
    );
  });
});

test('words that are not known here are left to the upstream', () => {
  const model = `
type user
type document
  relations
    define viewer: [user with like]
condition like(name: string, pattern: string) {
  name.matches(pattern)
}`;
  const key = 'document:1#viewer@user:anne';
  const { check } = world(model, [tuple(key, 'like')]);
  expect(check(key, { context: { name: 'anne', pattern: '^a.+e$' } })).toBe(true);
  expect(check(key, { context: { name: 'anne', pattern: '(' } })).toBe('declined: condition');
});
