/** Preshared keys: whom the server refuses gets the same refusal from the edge, without the server being asked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/api.ts';
import { frame, grpcClient, SERVICE } from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';
import { ANNE, answersLocally, check, checkGrpc, type Guarded, guarded, seen } from './setup.ts';

const KEYS = ['first-key', 'second key with spaces'];

describe.skipIf(!serversAvailable())('an edge with preshared keys', () => {
  let both: Guarded;
  beforeAll(async () => {
    const args = ['--authn-method=preshared', `--authn-preshared-keys=${KEYS.join(',')}`];
    both = await guarded(args, 'first-key', { auth: { method: 'preshared', keys: KEYS } });
    await answersLocally(both, 'Bearer first-key');
  });
  afterAll(() => both?.stop());

  const refused = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'first-key',
    'Basic first-key',
    'Bearer first-ke',
    'Bearer first-key1',
    'Bearer  first-key',
    'Bearer FIRST-KEY',
    'Bearer first-key,second key with spaces',
    `Bearer ${'x'.repeat(4_000)}`,
    'Bearerfirst-key',
  ];
  it.each(refused)('refuses %j as the server does', async (authorization) => {
    for (const method of ['check', 'list-objects', 'streamed-list-objects']) {
      const own = await check(both.edge.http, both.storeId, authorization, method);
      expect(own.status).toBe(401);
      expect(own.headers['rsfga-served-by']).toBe('local');
      expect(seen(own)).toEqual(seen(await check(both.openfga.http, both.storeId, authorization, method)));
    }
    const own = await checkGrpc(both.edge.grpc, both.storeId, authorization);
    expect(own.servedBy).toBe('local');
    // HTTP/2 of Node strips a space at the end: refused all the same, as no token instead of a wrong one.
    if (!authorization?.endsWith(' '))
      expect(own.seen).toEqual((await checkGrpc(both.openfga.grpc, both.storeId, authorization)).seen);
  });

  it.each(['Bearer first-key', 'bearer first-key', 'BEARER second key with spaces'])(
    'answers %j as the server does',
    async (authorization) => {
      const own = await check(both.edge.http, both.storeId, authorization);
      expect(own.headers['rsfga-served-by']).toBe('local');
      expect(own.body).toEqual({ allowed: true, resolution: '' });
      expect((await check(both.openfga.http, both.storeId, authorization)).body).toEqual(own.body);
    },
  );

  it('leaves a second credential, hidden in a header of the gateway, to the server', async () => {
    const headers = { authorization: 'Bearer first-key', 'grpc-metadata-authorization': 'Bearer wrong' };
    const path = `/stores/${both.storeId}/check`;
    const reply = await call(both.edge.http, path, { body: { tuple_key: ANNE }, headers });
    expect(reply.headers['rsfga-served-by']).toBe('upstream');
  });

  it('refuses while the server is away, too, and goes on answering who is known', async () => {
    await both.openfga.stop();
    const wrong = await check(both.edge.http, both.storeId, 'Bearer wrong');
    expect(wrong).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    const known = await check(both.edge.http, both.storeId, 'Bearer first-key');
    expect(known).toMatchObject({ status: 200, body: { allowed: true } });
  });
});

describe.skipIf(!serversAvailable())('a key that is limited to products', () => {
  let both: Guarded;
  beforeAll(async () => {
    const args = ['--authn-method=preshared', '--authn-preshared-keys=all,some,none'];
    both = await guarded(args, 'all', {
      auth: {
        method: 'preshared',
        keys: ['all'],
        limited: [
          { key: 'some', products: ['everything'] },
          { key: 'none', products: ['another'] },
        ],
      },
    });
    await answersLocally(both, 'Bearer all');
  });
  afterAll(() => both?.stop());

  it('asks about the stores of those products and no others', async () => {
    const asked = async (key: string) => (await check(both.edge.http, both.storeId, `Bearer ${key}`)).status;
    expect([await asked('all'), await asked('some'), await asked('none')]).toEqual([200, 200, 401]);
  });

  it('gets at nothing else by a call that would only be forwarded', async () => {
    const paths = [
      '/stores',
      `/stores/${both.storeId}`,
      `//stores/${both.storeId}`,
      `/stores/%30${both.storeId}`,
    ];
    for (const path of paths) {
      const as = (key: string) => call(both.edge.http, path, { headers: { authorization: `Bearer ${key}` } });
      const refused = await as('none');
      expect(refused).toMatchObject({ status: 401, body: { code: 'forbidden' } });
      const isItsOwn = path === `/stores/${both.storeId}`;
      expect((await as('some')).status).toBe(isItsOwn ? 200 : 401);
    }
    expect((await call(both.edge.http, '/healthz')).status).toBe(200);
  });

  it('is held to that over gRPC too', async () => {
    const status = async (key: string) =>
      (await checkGrpc(both.edge.grpc, both.storeId, `Bearer ${key}`)).seen.status;
    expect([await status('all'), await status('some')]).toEqual([0, 0]);
    expect(await status('none')).not.toBe(0);
    const client = grpcClient(both.edge.grpc);
    const list = (key: string) =>
      client.raw(`${SERVICE}ListStores`, frame(new Uint8Array()), { authorization: `Bearer ${key}` });
    expect((await list('all')).status).toBe(0);
    expect((await list('some')).status).not.toBe(0);
    client.close();
  });
});

describe.skipIf(!serversAvailable())(
  'a sidecar that asks nobody, before a server that asks everybody',
  () => {
    it('answers nothing by itself, unless it is told to', async () => {
      const args = ['--authn-method=preshared', '--authn-preshared-keys=k'];
      const careless = await guarded(args, 'k', {});
      try {
        await careless.edge.synced();
        const good = await check(careless.edge.http, careless.storeId, 'Bearer k');
        expect(good.headers).toMatchObject({
          'rsfga-served-by': 'upstream',
          'rsfga-declined': 'credentials',
        });
        expect((await check(careless.edge.http, careless.storeId, undefined)).status).toBe(401);
        expect(careless.edge.output()).toContain('the upstream asks for credentials');
        const { health } = await careless.edge.status();
        expect(health).toMatchObject({ state: 'degraded', conditions: [{ name: 'credentials' }] });
        expect(careless.edge.output()).toMatch(
          /"condition":"credentials".*degraded: The upstream asks callers/,
        );
      } finally {
        await careless.stop();
      }
      const told = await guarded(args, 'k', { auth: { allow_unauthenticated: true } });
      try {
        await answersLocally(told, undefined);
      } finally {
        await told.stop();
      }
    });
  },
);
