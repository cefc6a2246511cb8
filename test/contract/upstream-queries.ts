/** Check, BatchCheck, ListObjects, ListUsers, Expand: how they are asked, answered and refused. Semantics are test/conformance's. */
import type { Script, Step } from './upstream.ts';
import { WITH_MODEL } from './upstream-models.ts';
import { GHOST } from './upstream-stores.ts';
import { posts, SOME, tuple, writes } from './upstream-tuples.ts';

const prelude: readonly Step[] = [
  ...WITH_MODEL,
  writes('writes', ...SOME, tuple('document:plan#reader@user:carl with in_office')),
];

const anne = tuple('document:plan#viewer@user:anne');
const carl = tuple('document:plan#reader@user:carl');
const robot = tuple('robot:1#viewer@user:anne');

export const QUERIES: readonly Script[] = [
  {
    name: 'checks',
    steps: [
      ...prelude,
      posts('grants', 'check', { tuple_key: anne, consistency: 'HIGHER_CONSISTENCY' }),
      posts('denies', 'check', { tuple_key: tuple('document:memo#viewer@user:bob') }),
      posts('takes contextual tuples', 'check', {
        tuple_key: anne,
        contextual_tuples: { tuple_keys: [tuple('document:plan#blocked@user:anne')] },
      }),
      posts('refuses contextual tuples', 'check', {
        tuple_key: anne,
        contextual_tuples: { tuple_keys: [robot] },
      }),
      posts('meets a condition', 'check', { tuple_key: carl, context: { ip: '10.0.0.1' } }),
      posts('does not meet it', 'check', { tuple_key: carl, context: { ip: '10.0.0.2' } }),
      posts('misses a parameter', 'check', { tuple_key: carl }),
      posts('takes the model', 'check', { tuple_key: anne, authorization_model_id: '{model}' }),
      posts('wants a key', 'check', {}),
      posts('wants a known type', 'check', { tuple_key: robot }),
      posts('wants a known model', 'check', { tuple_key: anne, authorization_model_id: GHOST }),
      posts('wants a model id', 'check', { tuple_key: anne, authorization_model_id: 'bad' }),
      { ...posts('wants JSON', 'check', '{'), looseMessage: true },
      { ...posts('wants text', 'check', { tuple_key: { user: 1 } }), looseMessage: true },
    ],
  },
  {
    name: 'batches',
    steps: [
      ...prelude,
      posts('answers each', 'batch-check', {
        checks: [
          { tuple_key: anne, correlation_id: 'a' },
          { tuple_key: tuple('document:memo#viewer@user:bob'), correlation_id: 'b' },
          { tuple_key: robot, correlation_id: 'c' },
        ],
      }),
      posts('wants one', 'batch-check', { checks: [] }),
      posts('wants an id', 'batch-check', { checks: [{ tuple_key: anne }] }),
      posts('wants distinct ids', 'batch-check', {
        checks: Array(2).fill({ tuple_key: anne, correlation_id: 'a' }),
      }),
      posts('wants at most 50', 'batch-check', {
        checks: Array.from({ length: 51 }, (_, n) => ({ tuple_key: anne, correlation_id: `${n}` })),
      }),
    ],
  },
  {
    name: 'lists of objects',
    steps: [
      ...prelude,
      ...['list-objects', 'streamed-list-objects'].flatMap((method) => [
        posts(`${method}: finds`, method, { type: 'document', relation: 'viewer', user: 'user:anne' }),
        posts(`${method}: finds none`, method, { type: 'document', relation: 'owner', user: 'user:zoe' }),
        posts(`${method}: wants a type`, method, { type: 'robot', relation: 'owner', user: 'user:zoe' }),
        posts(`${method}: wants a relation`, method, {
          type: 'document',
          relation: 'flies',
          user: 'user:zoe',
        }),
        posts(`${method}: wants a user`, method, { type: 'document', relation: 'owner' }),
      ]),
    ],
  },
  {
    name: 'lists of users',
    steps: [
      ...prelude,
      posts('lists users', 'list-users', {
        object: { type: 'document', id: 'plan' },
        relation: 'owner',
        user_filters: [{ type: 'user' }],
      }),
      posts('wants a filter', 'list-users', { object: { type: 'document', id: 'plan' }, relation: 'owner' }),
    ],
  },
  {
    name: 'trees',
    steps: [
      ...prelude,
      posts('expands', 'expand', { tuple_key: { object: 'document:plan', relation: 'viewer' } }),
      posts('wants a known relation', 'expand', {
        tuple_key: { object: 'document:plan', relation: 'flies' },
      }),
      posts('wants an object', 'expand', { tuple_key: { relation: 'viewer' } }),
    ],
  },
];
