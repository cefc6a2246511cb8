import { describe, expect, it } from 'vitest';
import type { Query, QueryMethod } from '../../../src/fga/query.ts';
import { parseQuery } from '../../../src/proxy/wire/parse.ts';
import { bytes, LEFT_TO_UPSTREAM, REFUSED, TAKEN } from './requests.ts';

const STORE = '01J0000000000000000000000A';

function query(method: QueryMethod, body: unknown): Query {
  const parsed = parseQuery(method, STORE, bytes(body));
  if (!('query' in parsed)) throw new Error(`not taken: ${JSON.stringify(parsed)}`);
  return parsed.query;
}

describe('parseQuery', () => {
  it('reads a Check with all its fields', () => {
    const tuple = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
    const conditioned = { ...tuple, condition: { name: 'in_hours', context: { from: 9 } } };
    const body = {
      tuple_key: tuple,
      authorization_model_id: '01J0000000000000000000000B',
      contextual_tuples: { tuple_keys: [tuple, conditioned, { ...tuple, condition: { name: 'in_hours' } }] },
      context: { now: 10, deep: [{ a: null }] },
      consistency: 'HIGHER_CONSISTENCY',
    };
    expect(query('Check', body)).toEqual({
      method: 'Check',
      storeId: STORE,
      modelId: '01J0000000000000000000000B',
      consistency: 'higher_consistency',
      tupleKey: tuple,
      contextualTuples: [tuple, conditioned, { ...tuple, condition: { name: 'in_hours' } }],
      context: { now: 10, deep: [{ a: null }] },
    });
  });

  it('leaves out what was not said: no model, no context', () => {
    const body = { tuple_key: { user: 'user:anne', relation: 'viewer', object: 'document:1' } };
    const read = query('Check', body);
    expect(Object.keys(read).sort()).toEqual(
      ['consistency', 'contextualTuples', 'method', 'storeId', 'tupleKey'].sort(),
    );
  });

  it('reads the filter of ListUsers with and without a relation', () => {
    const body = { object: { type: 'document', id: '1' }, relation: 'viewer' };
    const plain = query('ListUsers', { ...body, user_filters: [{ type: 'user', relation: '' }] });
    const userset = query('ListUsers', { ...body, user_filters: [{ type: 'group', relation: 'member' }] });
    expect([plain, userset].map((q) => (q as { userFilter: unknown }).userFilter)).toEqual([
      { type: 'user' },
      { type: 'group', relation: 'member' },
    ]);
  });

  it('keeps a context key named __proto__ as data', () => {
    const body =
      '{"tuple_key":{"user":"user:a","relation":"r","object":"d:1"},"context":{"__proto__":{"polluted":1}}}';
    const read = query('Check', body) as { context?: object };
    expect(JSON.stringify(read.context)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each(TAKEN)('takes $method $body', ({ method, body }) => {
    expect(query(method, body).method).toBe(method);
  });

  it.each(REFUSED)('refuses $method $body', ({ method, body }) => {
    expect(parseQuery(method, STORE, bytes(body))).toHaveProperty('error');
  });

  it.each(LEFT_TO_UPSTREAM)('leaves $method $body to the upstream', ({ method, body }) => {
    expect(parseQuery(method, STORE, bytes(body))).toMatchObject({ declined: 'request' });
  });

  it('reports every field as upstream does, the code following the first one named', () => {
    const parsed = parseQuery('ListUsers', STORE, bytes({ object: {} }));
    expect(parsed).toMatchObject({
      error: {
        code: 'type_invalid_pattern',
        message: [
          'invalid Object.Type: value does not match regex pattern "^[^:#@\\\\s]{1,254}$"',
          'invalid Object.Id: value does not match regex pattern "[^#:\\\\s]+$"',
          'invalid ListUsersRequest.Relation: value does not match regex pattern "^[^:#@\\\\s]{1,50}$"',
          'invalid ListUsersRequest.UserFilters: value must contain exactly 1 item(s)',
        ].join('; '),
      },
    });
  });

  it('refuses a store id that is no ULID before anything else', () => {
    expect(parseQuery('Check', 'bad', bytes({}))).toMatchObject({
      error: {
        message: expect.stringMatching(/^invalid CheckRequest.StoreId: .*; invalid CheckRequest.TupleKey/),
      },
    });
  });
});
