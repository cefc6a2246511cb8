/** A key that is limited to one product, at every way round: it neither sees nor changes what another product has. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL } from '../auth/setup.ts';
import { call } from '../support/api.ts';
import { createFleet, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { send } from './raw.ts';

const SECRET = { user: 'user:hidden-one', relation: 'viewer', object: 'document:secret' };
const ALL = { authorization: 'Bearer all' };

/** `$M` is the caller's own store, `$O` the other one. */
interface Way {
  readonly line: string;
  readonly headers?: string;
  readonly body?: object;
}

const READ = {};
const ERASE = { deletes: { tuple_keys: [SECRET] } };

const WAYS: readonly Way[] = [
  ...[
    '/stores/$O/read',
    '//stores/$O/read',
    '/stores//$O/read',
    '/stores/$M/../$O/read',
    '/stores/$M/../../stores/$O/read',
    '/stores/$M%2f..%2f$O/read',
    '/stores/%2e%2e/stores/$O/read',
    '/stores/$O%2fread',
    '/stores/$M\\..\\$O/read',
    '/stores/$M;/../$O/read',
    '/stores/$O/read?store_id=$M',
    '/stores/$M/read?store_id=$O',
    '/stores/$M/read?storeId=$O',
    '/stores/$M/read#/stores/$O/read',
    'http://a.test/stores/$O/read',
    'http://a.test/stores/$M/../$O/read',
    '/stores/$M/read/../../$O/read',
    '/./stores/$O/read',
    '/%73tores/$O/read',
    '/stores/$M:$O/read',
  ].map((path) => ({ line: `POST ${path}`, body: READ })),
  ...['store_id', 'storeId'].map((name) => ({
    line: 'POST /stores/$M/read',
    body: { ...READ, [name]: '$O' },
  })),
  ...['store_id', 'storeId', 'Store_Id', 'store_id.x'].map((name) => ({
    line: `GET /stores/$M/changes?${name}=$O`,
  })),
  { line: 'GET /stores/$M/changes?type=document&store_id=$O&store_id=$O' },
  { line: 'GET /stores/$M?store_id=$O' },
  { line: 'GET /stores?name=other' },
  { line: 'GET /stores' },
  { line: 'POST /stores', body: { name: 'theirs' } },
  { line: 'GET /healthz/../stores/$O/changes' },
  { line: 'GET /healthz?/../stores/$O/changes' },
  { line: 'GET /healthz#/stores' },
  { line: 'GET /.well-known/authzen-configuration/$O' },
  {
    line: 'GET /stores/$M/changes',
    headers: 'X-Original-URL: /stores/$O/changes\r\nX-Rewrite-URL: /stores/$O/changes',
  },
  { line: 'GET /stores/$M/changes', headers: 'Openfga-Store-Id: $O\r\nGrpc-Metadata-Openfga-Store-Id: $O' },
  { line: 'GET /stores/$O/changes', headers: 'Grpc-Metadata-Authorization: Bearer all' },
  { line: 'GET /stores/$O/changes', headers: 'Authorization: Bearer all' },
  { line: 'GET /stores/$O/changes', headers: 'Connection: authorization' },
  { line: 'GET /stores/$O/changes', headers: 'Host: other.test' },
  { line: 'POST /stores/$O/write', body: ERASE },
  { line: 'POST //stores/$O/write', body: ERASE },
  { line: 'POST /stores/$O/wri%74e', body: ERASE },
  { line: 'POST /stores/$M/write?store_id=$O', body: ERASE },
  { line: 'POST /stores/$M/write', body: { ...ERASE, store_id: '$O' } },
  { line: 'DELETE /stores/$O' },
  { line: 'DELETE /stores/$M?store_id=$O' },
  {
    line: 'POST /stores/$O',
    headers: 'X-HTTP-Method-Override: DELETE\r\nContent-Type: application/x-www-form-urlencoded',
  },
  {
    line: 'POST /stores/$M',
    headers: 'X-HTTP-Method-Override: GET\r\nContent-Type: application/x-www-form-urlencoded',
    body: { store_id: '$O' },
  },
];

describe.skipIf(!serversAvailable())('a key that is limited to one product', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  let mine: string;
  let other: string;

  async function store(name: string, keys: readonly object[]): Promise<string> {
    const post = (path: string, body: object) => call(openfga.http, path, { body, headers: ALL });
    const { id } = (await post('/stores', { name })).body as { id: string };
    await post(`/stores/${id}/authorization-models`, MODEL);
    await post(`/stores/${id}/write`, { writes: { tuple_keys: keys } });
    return id;
  }

  beforeAll(async () => {
    openfga = await startOpenFga({ args: ['--authn-method=preshared', '--authn-preshared-keys=all,some'] });
    mine = await store('mine', [{ ...SECRET, user: 'user:me' }]);
    other = await store('other', [SECRET]);
    fleet = createFleet();
    edge = await fleet.start('edge', {
      role: 'edge',
      upstream: { http: openfga.http, api_token: 'all' },
      changelog: 'upstream',
      auth: { method: 'preshared', keys: ['all'], limited: [{ key: 'some', products: ['mine'] }] },
      products: [
        { id: 'mine', stores: [mine], tier: 'critical' },
        { id: 'others', stores: ['*'], tier: 'cold' },
      ],
    });
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  const made = (text: string) => text.replaceAll('$M', mine).replaceAll('$O', other);

  function request({ line, headers = '', body }: Way): string {
    const text = body === undefined ? '' : made(JSON.stringify(body));
    const more = headers === '' ? '' : `${headers}\r\n`;
    const head = `${line} HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer some\r\n${more}`;
    return `${made(head)}Content-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`;
  }

  it.each(
    WAYS.map((way) => [`${way.line} ${way.headers ?? ''} ${JSON.stringify(way.body ?? '')}`, way] as const),
  )('gets nothing of another one by %s', async (_, way) => {
    const { answers, ended } = await send(Number(new URL(edge.http).port), request(way));
    expect(ended).toBe(true);
    // What the caller said himself may come back in an error's message.
    const said = answers.map(({ body }) => body.replace(/"message":.*/, '')).join();
    expect(said).not.toMatch(new RegExp(`hidden-one|"other"|"id":\\s*"${other}`));
    const kept = await call(openfga.http, `/stores/${other}/read`, { body: READ, headers: ALL });
    expect(kept.body).toMatchObject({ tuples: [{ key: SECRET }] });
    expect((await call(openfga.http, `/stores/${other}`, { headers: ALL })).status).toBe(200);
  });

  it('reads its own changes, also with escapes in the query string', async () => {
    const path = `/stores/${mine}/changes?start_time=2020-01-01T00%3A00%3A00Z`;
    const reply = await call(edge.http, path, { headers: { authorization: 'Bearer some' } });
    // `DELETE` of its own store was among the ways: what it had stays readable, as upstream keeps it.
    expect(reply).toMatchObject({ status: 200, body: { changes: [{ tuple_key: { user: 'user:me' } }] } });
  });
});
