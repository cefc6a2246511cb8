import { describe, expect, test } from 'vitest';
import { createCriticalTier } from '../../../plugins/tier/critical.ts';
import { createHotTier } from '../../../plugins/tier/hot.ts';
import type { CheckQuery, Query } from '../../../src/fga/query.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import type { TierOutcome } from '../../../src/plugin/tier.ts';
import { modelOf, tuple } from '../../engine/asking.ts';
import { viewOf } from '../../support/share.ts';

const DSL = `
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user]
type document
  relations
    define parent: [folder]
    define blocked: [user, group#member]
    define owner: [user]
    define public: [user:*]
    define editor: [user, group#member]
    define viewer: viewer from parent
    define reader: owner but not blocked`;
const MODEL = modelOf(DSL);
const TUPLES = [
  'document:1#parent@folder:a',
  'folder:a#viewer@user:anne',
  'document:1#owner@user:bob',
  'document:1#blocked@group:banned#member',
  'group:banned#member@user:bob',
  'document:1#editor@group:staff#member',
  'group:staff#member@user:carl',
  'document:1#public@user:*',
].map((text) => tuple(text));
const scope = { storeId: 'store', consistency: 'unspecified', contextualTuples: [] } as const;

function check(text: string, more: Partial<CheckQuery> = {}): Query {
  return { ...scope, method: 'Check', tupleKey: tuple(text), ...more };
}

function hot(query: Query, objectTypes: readonly string[], models = [MODEL]): TierOutcome {
  const view = viewOf({ models, tuples: TUPLES, objectTypes });
  return createHotTier({ objectTypes }).answer(query, { view }) as TierOutcome;
}

const yes = { answer: { method: 'Check', allowed: true } };

describe('a query that can read a type that is not kept is forwarded, and never searched', () => {
  test.each<[string, string]>([
    ['a parent of an unlisted type (searched: a wrong no)', 'document:1#viewer@user:anne'],
    [
      'an exclusion whose subtract reads an unlisted type (searched: a wrong yes)',
      'document:1#reader@user:bob',
    ],
    ['a userset of an unlisted type', 'document:1#editor@user:carl'],
    ['a userset as the user', 'document:1#editor@group:staff#member'],
  ])('%s', (_, question) => {
    expect(hot(check(question), ['document'])).toMatchObject({ declined: 'reach' });
  });

  test('contextual tuples that bring in an unlisted type', () => {
    const contextualTuples = [tuple('document:2#editor@group:staff#member')];
    const query = check('document:2#editor@user:carl', { contextualTuples });
    expect(hot(query, ['document'])).toMatchObject({ declined: 'reach' });
    expect(hot(query, ['document', 'group'])).toMatchObject(yes);
  });

  test('ListObjects, StreamedListObjects, ListUsers, Expand and a batch with one such item', () => {
    const list = { ...scope, type: 'document', relation: 'viewer', user: 'user:anne' } as const;
    const item = (text: string) => ({ correlationId: text, tupleKey: tuple(text), contextualTuples: [] });
    const queries: Query[] = [
      { ...list, method: 'ListObjects' },
      { ...list, method: 'StreamedListObjects' },
      {
        ...scope,
        method: 'ListUsers',
        object: { type: 'document', id: '1' },
        relation: 'reader',
        userFilter: { type: 'user' },
      },
      {
        ...scope,
        method: 'BatchCheck',
        checks: [item('document:1#owner@user:bob'), item('document:1#viewer@user:anne')],
      },
      { ...scope, method: 'Expand', object: 'folder:a', relation: 'viewer' },
    ];
    for (const query of queries) expect(hot(query, ['document'])).toMatchObject({ declined: 'reach' });
  });

  test('the detail names the types that prevent it', () => {
    expect(hot(check('document:1#reader@user:bob'), ['document'])).toMatchObject({
      detail: 'may read group, which is not kept here',
    });
  });
});

describe('a query that reads nothing but listed types is answered here', () => {
  test.each([
    ['a direct relation', 'document:1#owner@user:bob', ['document'], true],
    [
      'a wildcard, of which no tuple of the user type is read',
      'document:1#public@user:zoe',
      ['document'],
      true,
    ],
    ['a parent', 'document:1#viewer@user:anne', ['document', 'folder'], true],
    ['an exclusion', 'document:1#reader@user:bob', ['document', 'group'], false],
    ['nested groups', 'document:1#editor@user:carl', ['document', 'group'], true],
  ])('%s', (_, question, types, allowed) => {
    expect(hot(check(question), types)).toMatchObject({ answer: { allowed } });
  });

  test('an error that upstream would give is given, whatever is kept', () => {
    expect(hot(check('document:1#nothing@user:bob'), ['document'])).toHaveProperty('error');
  });
});

describe('by the model that decides', () => {
  const NEWER = modelOf(DSL.replace('define owner: [user]', 'define owner: [user, group#member]'), 1);

  test('a newer model that reaches further is not answered here, an older one still is', () => {
    const question = 'document:1#owner@user:bob';
    expect(hot(check(question), ['document'], [MODEL, NEWER])).toMatchObject({ declined: 'reach' });
    expect(hot(check(question, { modelId: MODEL.id }), ['document'], [MODEL, NEWER])).toMatchObject(yes);
  });

  test('a model that is not here declines', () => {
    expect(hot(check('document:1#owner@user:bob', { modelId: NEWER.id }), ['document'])).toEqual({
      declined: 'model',
    });
  });
});

describe('what the copy holds decides, not what was asked for', () => {
  const wanted = ['document', 'group'];
  const tier = createHotTier({ objectTypes: wanted });
  const held = (tuples: readonly Tuple[], objectTypes?: readonly string[]) =>
    viewOf({ models: [MODEL], tuples, ...(objectTypes && { objectTypes }) });

  test('a type that becomes listed does not count before it is copied', () => {
    const query = check('document:1#reader@user:bob');
    expect(tier.answer(query, { view: held(TUPLES, ['document']) })).toEqual({
      declined: 'reach',
      detail: 'may read group, which is not kept here',
    });
    expect(tier.answer(query, { view: held(TUPLES, wanted) })).toMatchObject({ answer: { allowed: false } });
    expect(tier.answer(query, { view: held(TUPLES) })).toMatchObject({ answer: { allowed: false } });
  });

  test('a listed type that is not delivered takes away what reads it, and nothing else', () => {
    const owner = check('document:1#owner@user:bob');
    expect(tier.answer(owner, { view: held(TUPLES, ['document']) })).toMatchObject(yes);
    expect(tier.answer(owner, { view: held(TUPLES, ['group']) })).toMatchObject({ declined: 'reach' });
  });

  test('nothing is answered without a copy', () => {
    expect(tier.answer(check('document:1#owner@user:bob'), { view: undefined })).toEqual({
      declined: 'syncing',
    });
  });

  test('the critical tier answers nothing from a copy of some types', () => {
    const critical = createCriticalTier();
    const query = check('document:1#reader@user:bob');
    expect(critical.answer(query, { view: held(TUPLES, wanted) })).toEqual({ declined: 'syncing' });
    expect(critical.answer(query, { view: held(TUPLES) })).toHaveProperty('answer');
  });
});
