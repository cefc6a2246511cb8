/** `rsfga-edge explain`: how one Check is decided by a running edge, with three products of three tiers. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Explanation } from '../../src/sidecar/explain.ts';
import { call, createStore, type StoreIds, write } from '../support/api.ts';
import { BIN, createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'group',
      relations: { member: { this: {} } },
      metadata: { relations: { member: { directly_related_user_types: [{ type: 'user' }] } } },
    },
    {
      type: 'document',
      relations: { owner: { this: {} }, viewer: { this: {} } },
      metadata: {
        relations: {
          owner: { directly_related_user_types: [{ type: 'user' }] },
          viewer: { directly_related_user_types: [{ type: 'user' }, { type: 'group', relation: 'member' }] },
        },
      },
    },
  ],
};
const TUPLES = [
  { object: 'document:1', relation: 'viewer', user: 'group:g#member' },
  { object: 'document:1', relation: 'viewer', user: 'group:h#member' },
  { object: 'group:g', relation: 'member', user: 'user:anne' },
  { object: 'document:1', relation: 'owner', user: 'user:olga' },
];
const HEADERS = { authorization: 'Bearer operators-only' };

describe.skipIf(!serversAvailable())('rsfga-edge explain', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  const stores: Record<'critical' | 'hot' | 'cold', StoreIds> = {} as never;

  beforeAll(async () => {
    openfga = await startOpenFga();
    for (const name of ['critical', 'hot', 'cold'] as const) {
      stores[name] = await createStore(openfga.http, name, MODEL);
      await write(openfga.http, stores[name].storeId, { writes: TUPLES });
    }
    fleet = createFleet();
    const product = (id: 'critical' | 'hot' | 'cold', tier: unknown) => ({
      id: `the-${id}`,
      stores: [stores[id].storeId],
      tier,
    });
    edge = await fleet.start('explained', {
      role: 'edge',
      upstream: { http: openfga.http },
      changelog: 'upstream',
      products: [
        product('critical', 'critical'),
        product('hot', { hot: { object_types: ['document'] } }),
        product('cold', 'cold'),
      ],
      admin: { token: 'operators-only' },
    });
    await edge.synced();
    await eventually(
      () => explain('critical', 'user:anne', 'viewer'),
      ({ answeredBy }) => answeredBy === 'local',
    );
  });

  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  async function explain(store: keyof typeof stores, user: string, relation: string, more: object = {}) {
    const tuple_key = { user, relation, object: 'document:1' };
    const body = { store_id: stores[store].storeId, tuple_key, ...more };
    return (await call(edge.admin, '/admin/explain', { headers: HEADERS, body })).body as Explanation;
  }

  test('an allowed Check names tier, copy, model, what it may read, and the fewest tuples that allow it', async () => {
    const said = await explain('critical', 'user:anne', 'viewer');
    expect(said).toMatchObject({
      answeredBy: 'local',
      allowed: true,
      product: { id: 'the-critical', tier: 'critical', maxStalenessMs: 30_000, onStale: 'forward' },
      copy: { phase: 'complete', tuples: 4 },
      modelId: stores.critical.modelId,
      proof: { mayRead: ['document#viewer', 'group#member'], keeps: 'everything', notKept: [] },
      path: [TUPLES[0], TUPLES[2]],
    });
    expect(said.copy?.ageMs).toBeLessThan(30_000);
    expect(said.copy?.revision).toMatch(/^[0-9A-Z]{26}\.\d+$/);
  });

  test('a denied one has no path; tuples that come with the request are told apart', async () => {
    const denied = await explain('critical', 'user:zoe', 'viewer');
    expect(denied).toMatchObject({ answeredBy: 'local', allowed: false });
    expect(denied.path).toBeUndefined();
    const mine = { object: 'group:h', relation: 'member', user: 'user:zoe' };
    const contextual_tuples = { tuple_keys: [mine] };
    expect(await explain('critical', 'user:zoe', 'viewer', { contextual_tuples })).toMatchObject({
      allowed: true,
      path: [TUPLES[1], mine],
      contextual: [mine],
    });
  });

  test('what a hot edge cannot prove is forwarded, and the type in the way is named', async () => {
    expect(await explain('hot', 'user:anne', 'viewer')).toMatchObject({
      answeredBy: 'upstream',
      declined: { reason: 'reach' },
      proof: { notKept: ['group'] },
    });
    expect(await explain('hot', 'user:olga', 'owner')).toMatchObject({
      answeredBy: 'local',
      allowed: true,
      path: [TUPLES[3]],
    });
  });

  test('a cold store is forwarded: nothing is kept', async () => {
    const said = await explain('cold', 'user:anne', 'viewer');
    expect(said).toMatchObject({ answeredBy: 'upstream', product: { tier: 'cold' } });
    expect(said.copy).toBeUndefined();
  });

  test("OpenFGA's own error, and a body that is no Check, are told in words", async () => {
    expect(await explain('critical', 'user:anne', 'reader')).toMatchObject({
      error: { code: 'validation_error' },
    });
    for (const body of [{}, { store_id: 'S' }, { store_id: stores.hot.storeId, tuple_key: { user: 7 } }]) {
      const reply = await call(edge.admin, '/admin/explain', { headers: HEADERS, body });
      expect(reply.status).toBe(400);
      expect(reply.body).toEqual({ error: expect.stringContaining('a Check with its store') });
    }
  });

  test('nobody without the token learns who may see what', async () => {
    const body = { store_id: stores.critical.storeId, tuple_key: TUPLES[3] };
    expect((await call(edge.admin, '/admin/explain', { body })).status).toBe(401);
  });

  test('the command prints it', async () => {
    const flags = ['--store', stores.critical.storeId, '--user', 'user:anne', '--relation', 'viewer'];
    const out = await new Promise<string>((resolve, reject) => {
      const args = [BIN, 'explain', '--config', edge.configFile, ...flags, '--object', 'document:1'];
      execFile(process.execPath, args, (error, text, err) =>
        error ? reject(new Error(err)) : resolve(text),
      );
    });
    expect(out).toMatch(/^decided +here: allowed$/m);
    expect(out).toMatch(/^because +document:1 has viewer group:g#member$/m);
    expect(out).toMatch(/^ +group:g has member user:anne$/m);
  });

  test('where the upstream demands credentials and the sidecar asks for none, that is why it is forwarded', async () => {
    const keys = ['--authn-method=preshared', '--authn-preshared-keys=the-key'];
    const guarded = await startOpenFga({ args: keys });
    const key = { authorization: 'Bearer the-key' };
    const made = await call(guarded.http, '/stores', { headers: key, body: { name: 'guarded' } });
    const storeId = String((made.body as { id: string }).id);
    await call(guarded.http, `/stores/${storeId}/authorization-models`, { headers: key, body: MODEL });
    const open = await fleet.start('open', {
      role: 'edge',
      upstream: { http: guarded.http, api_token: 'the-key' },
      changelog: 'upstream',
      products: [{ id: 'all', stores: [storeId], tier: 'critical' }],
      admin: { token: 'operators-only' },
    });
    const body = { store_id: storeId, tuple_key: TUPLES[3] };
    const said = await eventually(
      async () => (await call(open.admin, '/admin/explain', { headers: HEADERS, body })).body as Explanation,
      ({ copy }) => copy?.phase === 'complete',
    );
    const detail = expect.stringContaining('the upstream asks for credentials');
    expect(said).toMatchObject({ answeredBy: 'upstream', declined: { reason: 'credentials', detail } });
    await guarded.stop();
  });
});
