/** Request bodies that OpenFGA refuses or takes in ways worth pinning; shared by the unit and the real suite. */
import type { QueryMethod } from '../../../src/fga/query.ts';

export interface Sample {
  readonly method: QueryMethod;
  readonly body: unknown;
}

const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const ITEM = { tuple_key: KEY, correlation_id: 'a' };
const LIST = { type: 'document', relation: 'viewer', user: 'user:anne' };
const USERS = { object: { type: 'document', id: '1' }, relation: 'viewer', user_filters: [{ type: 'user' }] };
const ODD_TUPLES = [
  { user: 'u'.repeat(513), relation: 'viewer', object: 'document:1' },
  { user: 'ü'.repeat(257), relation: 'viewer', object: 'document:1' },
  { user: 'user:anne', relation: 'a b', object: 'document:1' },
  { user: 'user:anne', relation: 'viewer', object: 'd' },
  { user: 'user:anne', relation: 'viewer', object: 'a\tb', condition: {} },
  { ...KEY, condition: { name: 'x' } },
  { ...KEY, condition: { name: 'x'.repeat(257) } },
];

/** Refused by a field rule. */
export const REFUSED: readonly Sample[] = [
  { method: 'Check', body: '' },
  ...each('Check', [
    {},
    { tuple_key: null },
    { tupleKey: KEY },
    { tuple_key: KEY, authorization_model_id: 'nope', authorizationModelId: '' },
    { tuple_key: { ...KEY, user: 'a' } },
    { tuple_key: { ...KEY, user: 'a b' } },
    { tuple_key: { ...KEY, user: '😀'.repeat(513) } },
    { tuple_key: { ...KEY, relation: 'viewer#' } },
    { tuple_key: { ...KEY, relation: 'v'.repeat(51) } },
    { tuple_key: { ...KEY, object: 'o'.repeat(257) } },
    { tuple_key: { ...KEY, user: '' }, authorization_model_id: 'nope' },
    { tuple_key: KEY, authorization_model_id: '01J0000000000000000000000I' },
    { contextual_tuples: { tuple_keys: [ODD_TUPLES[2]] }, authorization_model_id: 'nope' },
    { tuple_key: KEY, contextual_tuples: { tuple_keys: Array(101).fill(KEY) } },
    ...ODD_TUPLES.map((tuple) => ({ tuple_key: KEY, contextual_tuples: { tuple_keys: [KEY, tuple] } })),
    { tuple_key: KEY, contextual_tuples: { tuple_keys: ODD_TUPLES } },
  ]),
  ...each('BatchCheck', [
    {},
    { checks: [] },
    { checks: [{}] },
    { checks: [ITEM, { ...ITEM, correlation_id: 'é' }] },
    { checks: [ITEM, { ...ITEM, correlation_id: 'x'.repeat(37) }] },
    { checks: [{ ...ITEM, tuple_key: { ...KEY, user: 'a' } }, { correlation_id: 'b' }] },
    { checks: [{ correlation_id: 'b' }], authorization_model_id: 'nope' },
    { checks: [{ ...ITEM, contextual_tuples: { tuple_keys: ODD_TUPLES } }] },
  ]),
  ...(['ListObjects', 'StreamedListObjects'] as const).flatMap((method) =>
    each(method, [
      {},
      { ...LIST, type: 'a:b' },
      { ...LIST, type: 't'.repeat(255) },
      { ...LIST, relation: '' },
      { ...LIST, user: '' },
      { ...LIST, user: 'ü'.repeat(257) },
      { ...LIST, authorization_model_id: 'nope', type: '' },
      { ...LIST, contextual_tuples: { tuple_keys: ODD_TUPLES } },
    ]),
  ),
  ...each('ListUsers', [
    {},
    { ...USERS, object: {} },
    { ...USERS, object: { type: 'document', id: '1:' } },
    { ...USERS, object: { type: 'doc ument', id: '1' }, relation: '@' },
    { ...USERS, user_filters: [] },
    { ...USERS, user_filters: [{ type: 'user' }, { type: '' }] },
    { ...USERS, user_filters: [{ type: '', relation: ':' }] },
    { ...USERS, contextual_tuples: ODD_TUPLES },
    { ...USERS, contextual_tuples: Array(101).fill(KEY) },
  ]),
  ...each('Expand', [
    {},
    { tuple_key: { relation: 'a b', object: 'x' } },
    { tuple_key: { relation: 'viewer', object: 'document:1' }, authorization_model_id: 'nope' },
    { tuple_key: {}, contextual_tuples: { tuple_keys: ODD_TUPLES }, authorization_model_id: 'nope' },
  ]),
];

/** Taken, though odd. */
export const TAKEN: readonly Sample[] = [
  ...each('Check', [
    { tuple_key: KEY },
    { tuple_key: KEY, tupleKey: 1, authorizationModelId: 'nope', contextualTuples: [{}], trace: true },
    { tuple_key: KEY, contextual_tuples: null, context: null, consistency: null, store_id: 'another' },
    {
      tuple_key: { ...KEY, unknown: [1, { a: 2 }] },
      unknown: { tuple_key: {} },
      consistency: 'MINIMIZE_LATENCY',
    },
    { tuple_key: { ...KEY, user: 'user:\u00a0\u000b' } },
    { tuple_key: { ...KEY, user: `user:${'😀'.repeat(507)}` } },
    { tuple_key: KEY, contextual_tuples: { tuple_keys: [{ ...KEY, condition: null }] } },
  ]),
  ...each('BatchCheck', [
    {
      checks: [
        { tuple_key: KEY, correlation_id: 'a-_9' },
        { ...ITEM, correlation_id: 'b' },
      ],
    },
  ]),
  ...each('ListObjects', [LIST, { ...LIST, user: 'user:a b' }]),
  ...each('StreamedListObjects', [LIST, { ...LIST, user: 'user:bob' }]),
  ...each('ListUsers', [USERS, { ...USERS, user_filters: [{ type: 'user', relation: null }] }]),
  ...each('ListUsers', [{ ...USERS, object: { type: 'document', id: '#1' } }]),
  ...each('Expand', [{ tuple_key: { relation: 'viewer', object: 'document:1' } }, { tuple_key: {} }]),
];

/** Not understood: the upstream answers. */
export const LEFT_TO_UPSTREAM: readonly Sample[] = [
  ...each('Check', [
    '{',
    '[]',
    'null',
    '{"tuple_key":{}} x',
    '{"tuple_key":{"user":"a:1","user":"a:2","relation":"r","object":"d:1"}}',
    '{"x":1,"x":2}',
    '{"tuple_key":{"user":"a:\\ud800","relation":"r","object":"d:1"}}',
    '{"tuple_key":{"user":"a:1","relation":"r","object":"d:1"},"context":{"a":1e999}}',
    '\ufeff{}',
    { tuple_key: [] },
    { tuple_key: { ...KEY, user: 1 } },
    { tuple_key: KEY, context: [] },
    { tuple_key: KEY, context: 'a' },
    { tuple_key: KEY, consistency: 100 },
    { tuple_key: KEY, consistency: 'STRONG' },
    { tuple_key: KEY, trace: 'yes' },
    { tuple_key: KEY, contextual_tuples: [] },
    { tuple_key: KEY, contextual_tuples: { tuple_keys: [null] } },
    { tuple_key: KEY, context: { a: 'x'.repeat(200_000) } },
    { tuple_key: KEY, context: JSON.parse(`${'{"a":'.repeat(80)}1${'}'.repeat(80)}`) },
  ]),
  { method: 'Check', body: Buffer.from('{"tuple_key":{"user":"\xff"}}', 'latin1') },
  ...each('BatchCheck', [
    { checks: [ITEM, ITEM] },
    { checks: Array.from({ length: 51 }, (_, i) => ({ ...ITEM, correlation_id: `${i}` })) },
  ]),
];

function each(method: QueryMethod, bodies: readonly unknown[]): Sample[] {
  return bodies.map((body) => ({ method, body }));
}

export function bytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
