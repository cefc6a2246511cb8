import { expect, test } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import type { Query } from '../../src/fga/query.ts';
import { outcomeProblem, tierProblem } from '../../src/plugin/tier-shape.ts';

const STORE = '01J0000000000000000000000A';

test('every form of answer is looked at to its leaves', () => {
  const scope = { storeId: STORE, consistency: 'unspecified', contextualTuples: [] } as const;
  const item = {
    correlationId: 'a',
    tupleKey: { user: 'u:1', relation: 'r', object: 'd:1' },
    contextualTuples: [],
  };
  const queries = {
    BatchCheck: { ...scope, method: 'BatchCheck', checks: [item] },
    ListObjects: { ...scope, method: 'ListObjects', type: 'd', relation: 'r', user: 'u:1' },
    ListUsers: {
      ...scope,
      method: 'ListUsers',
      object: { type: 'd', id: '1' },
      relation: 'r',
      userFilter: { type: 'u' },
    },
    Expand: { ...scope, method: 'Expand', object: 'd:1', relation: 'r' },
  } satisfies Record<string, Query>;
  const judge = (method: keyof typeof queries, answer: object) =>
    outcomeProblem({ answer: { method, ...answer } }, queries[method]) === undefined ? 'passes' : 'fault';
  const leaf = (users: unknown) => ({ name: 'd:1#r', leaf: { users: { users } } });
  expect(judge('BatchCheck', { result: new Map([['a', { allowed: true }]]) })).toBe('passes');
  expect(
    judge('BatchCheck', { result: new Map([['a', { error: new FgaError('invalid_tuple', 'x') }]]) }),
  ).toBe('passes');
  expect(judge('BatchCheck', { result: new Map([['b', { allowed: true }]]) })).toBe('fault');
  expect(judge('BatchCheck', { result: new Map([['a', { allowed: true, error: 'x' }]]) })).toBe('fault');
  expect(judge('BatchCheck', { result: { a: { allowed: true } } })).toBe('fault');
  expect(judge('ListObjects', { objects: ['d:1'] })).toBe('passes');
  expect(judge('ListObjects', { objects: ['d:1', 7] })).toBe('fault');
  expect(
    judge('ListUsers', { users: [{ wildcard: { type: 'u' } }, { object: { type: 'u', id: '1' } }] }),
  ).toBe('passes');
  expect(judge('ListUsers', { users: [{ userset: { type: 'g', id: '1' } }] })).toBe('fault');
  expect(judge('Expand', { root: { name: 'd:1#r', union: { nodes: [leaf(['u:1'])] } } })).toBe('passes');
  expect(
    judge('Expand', { root: { name: 'd:1#r', difference: { base: leaf([]), subtract: leaf([1]) } } }),
  ).toBe('fault');
});

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['no answer', { keeps: 'everything' }],
  ['keeps nothing that is known', { keeps: 'some', answer() {} }],
  ['keeps types that are none', { keeps: { objectTypes: ['a b', 'c#d'] }, answer() {} }],
  ['a hook that is none', { keeps: 'nothing', answer() {}, changing: true }],
])('what has %s is no tier', (_, given) => {
  expect(tierProblem(given)).toBeTypeOf('string');
});
