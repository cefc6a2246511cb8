/** Every route of the HTTP API, straight to OpenFGA and through the sidecar: the same answer, byte for byte. */
import { OpenFgaClient } from '@openfga/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '../../src/proxy/routes.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { startStreet, type TestStreet, talk } from './street-setup.ts';

const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} }, owner: { this: {} } },
      metadata: {
        relations: {
          viewer: { directly_related_user_types: [{ type: 'user' }, { type: 'user', wildcard: {} }] },
          owner: { directly_related_user_types: [{ type: 'user' }] },
        },
      },
    },
  ],
};
const ANNE = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

interface Heard {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What differs between any two calls, what belongs to one hop, and what the sidecar adds. */
const NOT_COMPARED = /^(x-request-id|date|connection|keep-alive|transfer-encoding|rsfga-.*)$/;

async function ask(base: string, method: string, path: string, body?: string, more = {}): Promise<Heard> {
  const init = { method, headers: { 'Content-Type': 'application/json', ...more } };
  const response = await fetch(base + path, body === undefined ? init : { ...init, body });
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !NOT_COMPARED.test(name)));
  return { status: response.status, headers, body: await response.text() };
}

describe.skipIf(!serversAvailable())('forwarding to a real OpenFGA', () => {
  let fga: OpenFga;
  let street: TestStreet;
  let store: string;
  let model: string;

  beforeAll(async () => {
    fga = await startOpenFga({
      args: ['--experimentals', 'authzen', '--authzen-base-url', 'http://authzen.example'],
    });
    street = await startStreet({ upstream: fga.http });
    const json = async (path: string, body: unknown) =>
      JSON.parse((await ask(street.url, 'POST', path, JSON.stringify(body))).body);
    store = (await json('/stores', { name: 'through the sidecar' })).id;
    model = (await json(`/stores/${store}/authorization-models`, MODEL)).authorization_model_id;
    const tuples = [
      ANNE,
      { ...ANNE, object: 'document:2' },
      { ...ANNE, user: 'user:*', object: 'document:3' },
    ];
    await json(`/stores/${store}/write`, { writes: { tuple_keys: tuples } });
  });

  afterAll(async () => {
    await street?.close();
    await fga?.stop();
  });

  async function same(method: string, path: string, body?: string, more = {}): Promise<Heard> {
    const straight = await ask(fga.http, method, path, body, more);
    const through = await ask(street.url, method, path, body, more);
    expect(inOrder(through)).toEqual(inOrder(straight));
    return through;
  }

  /** Upstream lists in no order of its own, and puts blanks where it likes (contract sections 1.3, 5.1). */
  function inOrder(heard: Heard): Heard {
    const lists = /^\{"(objects|users|results)":/.test(heard.body);
    return lists ? { ...heard, body: sortedLists(heard.body) } : heard;
  }

  function sortedLists(json: string): string {
    const value = JSON.parse(json) as Record<string, unknown>;
    const sorted = Object.entries(value).map(([name, list]) => [
      name,
      Array.isArray(list) ? list.map((one) => JSON.stringify(one)).sort() : list,
    ]);
    return JSON.stringify(Object.fromEntries(sorted));
  }

  /** A valid request for each row of the table, and the status that upstream gives it. */
  const REQUESTS: Readonly<Record<string, readonly [status: number, body?: object]>> = {
    'POST /stores/{store_id}/check': [200, { tuple_key: ANNE }],
    'POST /stores/{store_id}/batch-check': [200, { checks: [{ tuple_key: ANNE, correlation_id: 'a' }] }],
    'POST /stores/{store_id}/list-objects': [
      200,
      { type: 'document', relation: 'viewer', user: 'user:anne' },
    ],
    'POST /stores/{store_id}/streamed-list-objects': [
      200,
      { type: 'document', relation: 'owner', user: 'user:anne' },
    ],
    'POST /stores/{store_id}/list-users': [
      200,
      { object: { type: 'document', id: '1' }, relation: 'viewer', user_filters: [{ type: 'user' }] },
    ],
    'POST /stores/{store_id}/expand': [200, { tuple_key: { relation: 'viewer', object: 'document:1' } }],
    'POST /stores/{store_id}/write': [400, { writes: { tuple_keys: [ANNE] } }],
    'POST /stores/{store_id}/authorization-models': [400, { schema_version: '1.0', type_definitions: [] }],
    'GET /stores/{store_id}/authorization-models': [200],
    'GET /stores/{store_id}/authorization-models/{id}': [200],
    'POST /stores/{store_id}/read': [200, { page_size: 2 }],
    'GET /stores/{store_id}/changes': [200],
    'PUT /stores/{store_id}/assertions/{id}': [204, { assertions: [{ tuple_key: ANNE, expectation: true }] }],
    'GET /stores/{store_id}/assertions/{id}': [200],
    'POST /stores': [400, { name: '' }],
    'GET /stores': [200],
    'GET /stores/{store_id}': [200],
    'PATCH /stores/{store_id}': [404, { name: 'other' }],
    'DELETE /stores/{store_id}': [204],
    'POST /stores/{store_id}/access/v1/evaluation': [200, authzen()],
    'POST /stores/{store_id}/access/v1/evaluations': [200, { ...authzen(), evaluations: [authzen()] }],
    'POST /stores/{store_id}/access/v1/search/subject': [200, { ...authzen(), subject: { type: 'user' } }],
    'POST /stores/{store_id}/access/v1/search/resource': [
      200,
      { ...authzen(), resource: { type: 'document' } },
    ],
    'POST /stores/{store_id}/access/v1/search/action': [200, authzen()],
    'GET /.well-known/authzen-configuration/{store_id}': [200],
    'GET /healthz': [200],
  };

  test.each(ROUTES.map(([method, path]) => [method, path]))('%s %s is the same', async (method, path) => {
    const [status, body] = REQUESTS[`${method} ${path}`] ?? [];
    const target = path.replace('{store_id}', store).replace('{id}', model);
    const text = body && JSON.stringify(body);
    const heard = await same(method, target, text, { 'Openfga-Authorization-Model-Id': model });
    expect(heard.status).toBe(status);
  });

  test.each([
    ['GET', '/nope'],
    ['GET', '/stores/STORE/check'],
    ['OPTIONS', '/stores/STORE/check'],
    ['POST', '/stores/STORE/check/'],
    ['POST', '//stores/STORE/check'],
    ['POST', '/stores/STORE/che%63k'],
    ['POST', '/stores/STORE/check?x=y'],
    ['POST', '/stores/not-a-store/check'],
    ['GET', '/stores?page_size=1&name=%C3%A4'],
    ['GET', '/stores/STORE/changes?type=document&page_size=1'],
    ['GET', '/stores?page_size=1000'],
  ])('%s %s means the same', async (method, path) => {
    const body = method === 'POST' ? JSON.stringify({ tuple_key: ANNE }) : undefined;
    await same(method, path.replace('STORE', store), body);
  });

  test.each([
    ['truncated JSON', '{"tuple_key":'],
    ['no body', ''],
    ['another type', '[1]'],
    ['an unknown relation', JSON.stringify({ tuple_key: { ...ANNE, relation: 'nope' } })],
    ['a megabyte of space before it', ' '.repeat(1_000_000) + JSON.stringify({ tuple_key: ANNE })],
    ['a megabyte inside it', JSON.stringify({ tuple_key: ANNE, context: { x: 'x'.repeat(1_000_000) } })],
  ])('a Check with %s gets the same answer', async (_, body) => {
    await same('POST', `/stores/${store}/check`, body);
    await same('POST', `/stores/${store}/check`, body, { 'Content-Type': 'text/plain' });
  });

  test.each([
    ['Origin', 'https://app.example'],
    ['X-HTTP-Method-Override', 'GET'],
    ['Grpc-Timeout', 'nonsense'],
    ['Accept', 'text/html'],
    ['Accept-Encoding', 'gzip'],
  ])('%s has the effect that it has upstream', async (name, value) => {
    await same('POST', `/stores/${store}/check`, JSON.stringify({ tuple_key: ANNE }), { [name]: value });
  });

  test("a CORS preflight is upstream's to answer", async () => {
    const preflight = `OPTIONS /stores/${store}/check HTTP/1.1\r\nHost: s\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n`;
    const [straight, through] = await Promise.all(
      [Number(new URL(fga.http).port), street.port].map((port) => talk(port, preflight)),
    );
    const kept = (text = '') => text.match(/^(HTTP|Access-Control|Vary)[^\r]*/gm);
    expect(kept(straight)).toHaveLength(5);
    expect(kept(through)).toEqual(kept(straight));
  });

  test("raw answers carry the same headers in the same order, then the sidecar's", async () => {
    const body = JSON.stringify({ tuple_key: ANNE });
    const request = `POST /stores/${store}/check HTTP/1.1\r\nHost: s\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    const [straight, through] = await Promise.all(
      [Number(new URL(fga.http).port), street.port].map((port) => talk(port, request)),
    );
    const names = (text = '') =>
      text
        .split('\r\n\r\n')[0]
        ?.split('\r\n')
        .map((line) => line.split(':')[0]);
    expect(names(through)).toEqual([
      ...(names(straight) ?? []).slice(0, -1),
      'Rsfga-Served-By',
      'Connection',
    ]);
  });

  test('a stream of objects comes as upstream sends it', async () => {
    const body = JSON.stringify({ type: 'document', relation: 'viewer', user: 'user:anne' });
    const path = `/stores/${store}/streamed-list-objects`;
    const lines = async (base: string) => (await ask(base, 'POST', path, body)).body.split('\n').sort();
    expect(await lines(street.url)).toEqual(await lines(fga.http));
    expect(await lines(street.url)).toHaveLength(4);
  });

  test('the official SDK works through it', async () => {
    const client = new OpenFgaClient({ apiUrl: street.url, storeId: store, authorizationModelId: model });
    const key = { user: 'user:bob', relation: 'viewer', object: 'document:sdk' };
    await client.write({ writes: [key] });
    expect((await client.check(key)).allowed).toBe(true);
    expect((await client.batchCheck({ checks: [key] })).result[0]?.allowed).toBe(true);
    const streamed: string[] = [];
    for await (const { object } of client.streamedListObjects({ ...key, type: 'document' }))
      streamed.push(object);
    expect(streamed.sort()).toEqual(['document:3', 'document:sdk']);
    await expect(client.write({ writes: [key] })).rejects.toMatchObject({ statusCode: 400 });
    await client.write({ deletes: [key] });
    expect((await client.check(key)).allowed).toBe(false);
  });
});

function authzen() {
  return {
    subject: { type: 'user', id: 'anne' },
    resource: { type: 'document', id: '1' },
    action: { name: 'viewer' },
  };
}
