/** Write, Read, ReadChanges and assertions (contract sections 5.4, 6). */

import type { Script, Step } from './upstream.ts';
import { WITH_MODEL } from './upstream-models.ts';
import { GHOST } from './upstream-stores.ts';

/** `document:1#viewer@user:anne`, perhaps ` with condition`. */
export function tuple(text: string, context?: object): object {
  const [, object, relation, user, condition] = /^(.*?)#(.*?)@(.*?)(?: with (.*))?$/.exec(text) ?? [];
  const named = condition && { condition: { name: condition, ...(context && { context }) } };
  return { user, relation, object, ...named };
}

export function writes(does: string, ...tuples: readonly (string | object)[]): Step {
  const keys = tuples.map((one) => (typeof one === 'string' ? tuple(one) : one));
  return { does, call: 'POST /stores/{store}/write', body: { writes: { tuple_keys: keys } } };
}

export function posts(does: string, method: string, body: unknown): Step {
  return { does, call: `POST /stores/{store}/${method}`, body };
}

export const SOME = [
  'group:eng#member@user:anne',
  'group:eng#member@group:ops#member',
  'folder:root#viewer@group:eng#member',
  'document:plan#parent@folder:root',
  'document:plan#owner@user:bob',
  'document:memo#viewer@user:*',
  'document:memo#blocked@user:bob',
];
const READER = 'document:plan#reader@user:carl with in_office';

const NOT_ALLOWED: Readonly<Record<string, readonly object[]>> = {
  'an unknown type': [tuple('robot:1#viewer@user:anne')],
  'an unknown relation': [tuple('document:1#flies@user:anne')],
  'an unknown user type': [tuple('document:1#viewer@robot:1')],
  'an unknown user relation': [tuple('document:1#viewer@group:1#flies')],
  'a user that is not allowed': [tuple('document:1#owner@group:eng#member')],
  'a wildcard that is not allowed': [tuple('document:1#owner@user:*')],
  'a userset as parent': [tuple('document:1#parent@folder:1#viewer')],
  'a user without a type': [tuple('document:1#viewer@anne')],
  'a bare star': [tuple('document:1#viewer@*')],
  'a malformed user': [tuple('document:1#viewer@user:a#b#c')],
  'an object without an id': [tuple('document:#viewer@user:anne')],
  'an object without a type': [tuple('plan#viewer@user:anne')],
  'no object': [{ user: 'user:anne', relation: 'viewer' }],
  'no relation': [{ user: 'user:anne', object: 'document:1' }],
  'a wildcard object': [tuple('document:*#viewer@user:anne')],
  'an implicit tuple': [tuple('group:eng#member@group:eng#member')],
  'no condition': [tuple('document:1#reader@user:anne')],
  'an undefined condition': [tuple('document:1#reader@user:anne with nope')],
  'a condition of one letter': [tuple('document:1#reader@user:anne with x')],
  'a condition where none belongs': [tuple('document:1#viewer@user:anne with in_office')],
  'a long user': [tuple(`document:1#viewer@user:${'x'.repeat(600)}`)],
  'a long object': [tuple(`document:${'x'.repeat(300)}#viewer@user:anne`)],
  'one twice': [tuple('document:1#viewer@user:anne'), tuple('document:1#viewer@user:anne')],
  '101 tuples': Array.from({ length: 101 }, (_, n) => tuple(`document:${n}#viewer@user:anne`)),
};

export const WRITES: readonly Script[] = [
  {
    name: 'writes and deletes',
    steps: [
      ...WITH_MODEL,
      writes('writes', ...SOME),
      writes('does not write twice', 'document:new#viewer@user:anne', 'group:eng#member@user:anne'),
      posts('deletes', 'write', { deletes: { tuple_keys: [tuple('document:memo#blocked@user:bob')] } }),
      posts('does not delete twice', 'write', {
        deletes: { tuple_keys: [tuple('document:memo#blocked@user:bob')] },
      }),
      posts('moves', 'write', {
        writes: { tuple_keys: [tuple('document:plan#owner@user:dora')] },
        deletes: { tuple_keys: [tuple('document:plan#owner@user:bob'), tuple('group:eng#member@user:anne')] },
        authorization_model_id: '{model}',
      }),
      posts('replaces nothing at once', 'write', {
        writes: { tuple_keys: [tuple('document:plan#owner@user:dora')] },
        deletes: { tuple_keys: [tuple('document:plan#owner@user:dora')] },
      }),
      posts('ignores', 'write', {
        writes: { tuple_keys: [tuple('document:plan#owner@user:dora')], on_duplicate: 'ignore' },
        deletes: { tuple_keys: [tuple('document:plan#owner@user:eve')], on_missing: 'ignore' },
      }),
      posts('deletes what the model does not know', 'write', {
        deletes: { tuple_keys: [tuple('robot:1#x@a:b')] },
      }),
      posts('deletes no malformed user', 'write', { deletes: { tuple_keys: [tuple('robot:1#x@a:b#')] } }),
      posts('reads what is left', 'read', {}),
      { does: 'reads what happened', call: 'GET /stores/{store}/changes' },
    ],
  },
  {
    name: 'conditions on tuples',
    steps: [
      ...WITH_MODEL,
      writes('writes without a context', READER),
      posts('ignores the same', 'write', { writes: { tuple_keys: [tuple(READER)], on_duplicate: 'ignore' } }),
      posts('refuses a difference', 'write', {
        writes: { tuple_keys: [tuple(READER, { ip: '10.0.0.2' })], on_duplicate: 'ignore' },
      }),
      writes(
        'writes with a context',
        tuple('document:2#reader@user:carl with in_office', { ip: '10.0.0.1' }),
      ),
      posts('ignores the same context', 'write', {
        writes: {
          tuple_keys: [tuple('document:2#reader@user:carl with in_office', { ip: '10.0.0.1' })],
          on_duplicate: 'ignore',
        },
      }),
      posts('reads them', 'read', {}),
      { does: 'reads their changes', call: 'GET /stores/{store}/changes?type=document' },
    ],
  },
  {
    name: 'writes that are refused',
    steps: [
      ...WITH_MODEL,
      ...Object.entries(NOT_ALLOWED).map(([does, tuples]) => writes(`refuses ${does}`, ...tuples)),
      posts('refuses nothing', 'write', {}),
      posts('refuses an empty list', 'write', { writes: { tuple_keys: [] } }),
      posts('refuses empty deletes', 'write', { deletes: {} }),
      posts('refuses an option', 'write', {
        writes: { tuple_keys: [tuple(SOME[0] ?? '')], on_duplicate: 'x' },
      }),
      posts('refuses a model', 'write', { authorization_model_id: GHOST }),
      posts('refuses a model id', 'write', { authorization_model_id: 'bad' }),
      posts('has written nothing', 'read', {}),
    ],
  },
];

const FILTERS: readonly object[] = [
  { object: 'document:plan' },
  { object: 'document:plan', relation: 'owner' },
  { object: 'document:plan', relation: 'owner', user: 'user:bob' },
  { object: 'document:', user: 'user:bob' },
  { object: 'group:', user: 'group:ops#member', relation: 'member' },
  { object: 'document:', user: 'user:*' },
  { object: 'document:none' },
  {},
  { object: 'document:' },
  { object: 'document' },
  { user: 'user:bob' },
  { relation: 'owner' },
  { object: 'document:plan', user: 'bob' },
  { object: 'document:plan', relation: 'a#b' },
];

export const READS: readonly Script[] = [
  {
    name: 'reads by filter and page',
    steps: [
      ...WITH_MODEL,
      writes('writes', ...SOME),
      ...FILTERS.map((key) => posts(`filters ${JSON.stringify(key)}`, 'read', { tuple_key: key })),
      { ...posts('reads three', 'read', { page_size: 3 }), save: { one: 'continuation_token' } },
      {
        ...posts('reads three more', 'read', { page_size: 3, continuation_token: '{one}' }),
        save: { two: 'continuation_token' },
      },
      posts('reads the last', 'read', { page_size: 3, continuation_token: '{two}' }),
      posts('reads with consistency', 'read', { consistency: 'HIGHER_CONSISTENCY' }),
      ...[0, 101, -1].map((size) => posts(`wants no page of ${size}`, 'read', { page_size: size })),
      ...['YWJj', 'YWJjfA==', 'YWJ', '***'].map((token) =>
        posts(`wants no token ${token}`, 'read', { continuation_token: token }),
      ),
      { ...posts('wants a number', 'read', { page_size: 'x' }), looseMessage: true },
    ],
  },
];

export const CHANGES: readonly Script[] = [
  {
    name: 'changes in order',
    steps: [
      ...WITH_MODEL,
      { does: 'has none at first', call: 'GET /stores/{store}/changes' },
      writes('writes', ...SOME),
      {
        does: 'reads two',
        call: 'GET /stores/{store}/changes?page_size=2',
        save: { token: 'continuation_token' },
      },
      {
        does: 'reads the rest',
        call: 'GET /stores/{store}/changes?continuation_token={token}',
        save: { end: 'continuation_token' },
      },
      { does: 'keeps the token at the end', call: 'GET /stores/{store}/changes?continuation_token={end}' },
      {
        does: 'reads a type',
        call: 'GET /stores/{store}/changes?type=group',
        save: { groups: 'continuation_token' },
      },
      { does: 'wants the same type', call: 'GET /stores/{store}/changes?continuation_token={groups}' },
      {
        does: 'reads from a time',
        call: 'GET /stores/{store}/changes?start_time=2020-01-01T00:00:00Z&page_size=1',
      },
      ...[
        'start_time=2999-01-01T00:00:00Z',
        'start_time=1960-01-01T00:00:00Z',
        'page_size=0',
        'page_size=101',
        'type=a:b',
        'type=a@b',
        'continuation_token=YWJj',
        'continuation_token=YWJjfA==',
      ].map((query) => ({ does: `asks for ${query}`, call: `GET /stores/{store}/changes?${query}` })),
      { does: 'wants a time', call: 'GET /stores/{store}/changes?start_time=soon', looseMessage: true },
    ],
  },
];

const assertion = { tuple_key: tuple('document:plan#viewer@user:anne'), expectation: true };

export const ASSERTIONS: readonly Script[] = [
  {
    name: 'assertions',
    steps: [
      ...WITH_MODEL,
      { does: 'has none', call: 'GET /stores/{store}/assertions/{model}' },
      ...[
        [
          assertion,
          { tuple_key: assertion.tuple_key, contextual_tuples: [tuple(SOME[0] ?? '')], context: { x: 1 } },
        ],
        [{ expectation: true }],
        [{ tuple_key: {} }],
        [{ tuple_key: tuple('robot:1#viewer@user:anne') }],
        [{ tuple_key: tuple('document:1#flies@user:anne') }],
        [{ ...assertion, contextual_tuples: [tuple('robot:1#viewer@user:anne')] }],
        [{ ...assertion, contextual_tuples: Array(21).fill(tuple(SOME[0] ?? '')) }],
        Array(101).fill(assertion),
        Array(100).fill({ ...assertion, context: { x: 'x'.repeat(1_000) } }),
      ].map((assertions, n) => ({
        does: `writes list ${n}`,
        call: 'PUT /stores/{store}/assertions/{model}',
        body: { assertions },
      })),
      { does: 'has the first', call: 'GET /stores/{store}/assertions/{model}' },
      { does: 'replaces it', call: 'PUT /stores/{store}/assertions/{model}', body: {} },
      { does: 'has none again', call: 'GET /stores/{store}/assertions/{model}' },
      { does: 'knows no other model', call: `PUT /stores/{store}/assertions/${GHOST}`, body: {} },
      { does: 'wants an id', call: 'GET /stores/{store}/assertions/bad' },
    ],
  },
];
