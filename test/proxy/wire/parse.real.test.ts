import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryMethod } from '../../../src/fga/query.ts';
import { parseQuery } from '../../../src/proxy/wire/parse.ts';
import { renderError } from '../../../src/proxy/wire/render.ts';
import { createStore } from '../../support/api.ts';
import { type RawReply, sendRaw } from '../../support/ask.ts';
import { modelFrom } from '../../support/datasets.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../../support/servers.ts';
import { bytes, LEFT_TO_UPSTREAM, REFUSED, TAKEN } from './requests.ts';

const MODEL = `model
  schema 1.1
type user
type document
  relations
    define viewer: [user]
`;

describe.skipIf(!serversAvailable())('parseQuery beside the real server', () => {
  let server: OpenFga;
  let store: string;

  beforeAll(async () => {
    server = await startOpenFga();
    ({ storeId: store } = await createStore(server.http, 'wire', modelFrom(MODEL)));
  });
  afterAll(() => server.stop());

  /** What would have been sent without the upstream, and what the upstream sent; equal wherever there is an error. */
  async function compare(method: QueryMethod, body: unknown, storeId = store): Promise<string> {
    const reply = await sendRaw(server.http, method, storeId, bytes(body));
    const parsed = parseQuery(method, storeId, bytes(body));
    if ('declined' in parsed) return 'declined';
    if ('query' in parsed) {
      expect(refusedByFieldRule(reply), `${method} ${show(body)} → ${reply.body}`).toBe(false);
      return 'query';
    }
    const own = renderError(parsed.error, method);
    const upstream = {
      status: reply.status,
      type: reply.headers['content-type'],
      body: JSON.parse(reply.body),
    };
    expect({ status: own.status, type: own.contentType, body: JSON.parse(own.body) }).toEqual(upstream);
    return 'error';
  }

  it.each(REFUSED)('gives the same status, code and message for $method $body', async ({ method, body }) => {
    expect(await compare(method, body)).toBe('error');
  });

  it.each(REFUSED)('gives the same for a bad store id and $method $body', async ({ method, body }) => {
    expect(await compare(method, body, 'bad')).toBe('error');
  });

  it.each(TAKEN)('takes what the server takes: $method $body', async ({ method, body }) => {
    expect(await compare(method, body)).toBe('query');
  });

  it.each(LEFT_TO_UPSTREAM)('leaves to the server: $method', async ({ method, body }) => {
    expect(await compare(method, body)).toBe('declined');
  });

  it('agrees on bodies made at random from good and bad parts', { timeout: 120_000 }, async () => {
    const seen = { query: 0, error: 0, declined: 0 } as Record<string, number>;
    await fc.assert(
      fc.asyncProperty(method, body, async (name, value) => {
        const outcome = await compare(name, value);
        seen[outcome] = (seen[outcome] ?? 0) + 1;
      }),
      { numRuns: 1500 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(50);
  });
});

function refusedByFieldRule(reply: RawReply): boolean {
  return (
    reply.status === 400 &&
    /"message":\s*"(invalid [A-Za-z]+\.[A-Za-z]+|syntax error|unexpected token)/.test(reply.body)
  );
}

function show(body: unknown): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : JSON.stringify(body);
}

const method = fc.constantFrom<QueryMethod>(
  'Check',
  'BatchCheck',
  'ListObjects',
  'StreamedListObjects',
  'ListUsers',
  'Expand',
);

const word = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('user:anne', 'viewer', 'document:1', 'user', 'document', 'a', '', 'x#y'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a b', 'a\u000bb', 'a\u00a0b', 'a\tb', 'ü'.repeat(257), '😀'.repeat(256)),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 1, true, [], {}) },
);

const condition = maybe(fc.record({ name: word, context: maybe(fc.object()) }, { requiredKeys: [] }));
const tupleKey = fc.record({ user: word, relation: word, object: word, condition }, { requiredKeys: [] });
const tupleList = fc.oneof(fc.array(tupleKey, { maxLength: 3 }), fc.constant(null));
const wrapped = fc.oneof(
  fc.record({ tuple_keys: tupleList }),
  fc.record({ tupleKeys: tupleList }),
  tupleList,
);
const item = fc.record(
  { tuple_key: tupleKey, correlation_id: word, contextual_tuples: wrapped, context: fc.object() },
  { requiredKeys: ['tuple_key'] },
);
const body = fc.record(
  {
    tuple_key: maybe(tupleKey),
    tupleKey: maybe(tupleKey),
    checks: fc.array(item, { maxLength: 3 }),
    type: word,
    relation: word,
    user: word,
    object: fc.oneof(fc.record({ type: word, id: word }, { requiredKeys: [] }), word),
    user_filters: fc.array(fc.record({ type: word, relation: word }, { requiredKeys: [] }), { maxLength: 2 }),
    contextual_tuples: wrapped,
    context: maybe(fc.object()),
    authorization_model_id: fc.constantFrom('', null, 'nope', '01J0000000000000000000000A'),
    consistency: fc.constantFrom('', null, 'UNSPECIFIED', 'HIGHER_CONSISTENCY', 'other', 100),
    trace: fc.constantFrom<unknown>(true, null, 'x'),
  },
  { requiredKeys: ['relation'] },
);

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 5, arbitrary }, { weight: 1, arbitrary: fc.constant(null) });
}
