/** Tiers from a file and from a package, on an edge behind a central, as an operator runs them. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { TupleKey } from '../../src/fga/tuple.ts';
import {
  allowed,
  call,
  check,
  createStore,
  expectStatus,
  type Reply,
  type StoreIds,
  write,
} from '../support/api.ts';
import { temporaryFolder } from '../support/children.ts';
import {
  BIN,
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
  storeStatus,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { FILES, isPast, MODEL, PLUGINS } from './plugin-tiers.ts';

const PATIENCE_MS = 60_000;
const OWNER: TupleKey = { user: 'user:anne', relation: 'owner', object: 'document:1' };
const BLOCKED: TupleKey = { user: 'group:g#member', relation: 'blocked', object: 'document:1' };
const MEMBER: TupleKey = { user: 'user:anne', relation: 'member', object: 'group:g' };
const VIEWER: TupleKey = { ...OWNER, relation: 'viewer' };
const TOKEN = 'operators-only';

const by = ({ headers }: Reply) => headers['rsfga-served-by'];
const why = ({ headers }: Reply) => headers['rsfga-declined'];

describe.skipIf(!serversAvailable())('an edge with tiers from outside', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let edge: Sidecar;
  let own: StoreIds;
  let memory: StoreIds;
  let faulty: StoreIds;
  const file = join(temporaryFolder('products'), 'products.yaml');

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    [own, memory, faulty] = (await Promise.all(
      ['own', 'memory', 'faulty'].map((name) => createStore(central.http, name, MODEL)),
    )) as [StoreIds, StoreIds, StoreIds];
    for (const { storeId } of [own, memory, faulty])
      await expectStatus(200, write(central.http, storeId, { writes: [OWNER, BLOCKED] }));
    put(products());
    const more = { products: undefined, registry: { file }, plugins: PLUGINS, admin: { token: TOKEN } };
    edge = await fleet.start('edge', edgeYaml(central.http, nats.url, more), FILES);
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  function products(types: readonly string[] = ['document']) {
    return [
      { id: 'own', stores: [own.storeId], tier: { own: { object_types: types } } },
      { id: 'memory', stores: [memory.storeId], tier: 'memory' },
      { id: 'faulty', stores: [faulty.storeId], tier: 'faulty' },
    ];
  }

  function put(list: readonly object[]): void {
    writeFileSync(file, stringify({ products: list }));
  }

  const ask = (storeId: string, key = VIEWER) => check(edge.http, storeId, key);
  const admin = (path: string, body?: object) =>
    call(edge.admin, path, { headers: { authorization: `Bearer ${TOKEN}` }, ...(body && { body }) });
  const status = async () => (await admin('/status')).body as Awaited<ReturnType<Sidecar['status']>>;

  /** Writes at the centre, and waits until the edge has it. */
  async function change(storeId: string, delta: Parameters<typeof write>[2]): Promise<void> {
    const { headers } = await expectStatus(200, write(central.http, storeId, delta));
    await eventually(
      () => ask(storeId, OWNER),
      (reply) => isPast(reply.headers['rsfga-revision'] ?? '', headers['rsfga-revision'] ?? ''),
      PATIENCE_MS,
    );
  }

  test('from a file: what its share proves is answered here, the rest is forwarded, changes arrive', async () => {
    const owner = await ask(own.storeId, OWNER);
    expect([by(owner), allowed(owner)]).toEqual(['local', true]);
    const viewer = await ask(own.storeId);
    expect([by(viewer), why(viewer), allowed(viewer)]).toEqual(['upstream', 'reach', true]);
    await change(own.storeId, { writes: [MEMBER], deletes: [OWNER] });
    const after = await ask(own.storeId, OWNER);
    expect([by(after), allowed(after)]).toEqual(['local', false]);
    await change(own.storeId, { writes: [OWNER] });
    expect(storeStatus(await status(), own.storeId)?.tuples).toBe(2);
  });

  test('from a package: it remembers what the upstream said until something changes', async () => {
    const first = await ask(memory.storeId);
    expect([by(first), why(first), allowed(first)]).toEqual(['upstream', 'miss', true]);
    const again = await ask(memory.storeId);
    expect([by(again), allowed(again)]).toEqual(['cache', true]);
    expect(again.headers['openfga-authorization-model-id']).toBe(memory.modelId);
    await change(memory.storeId, { writes: [MEMBER] });
    const after = await ask(memory.storeId);
    expect([by(after), allowed(after)]).toEqual(['upstream', false]);
    expect(storeStatus(await status(), memory.storeId)?.tuples).toBe(0);
  });

  test('status, metrics and explain call them by their names in the YAML', async () => {
    const shown = (await status()).products.map(({ id, tier }) => [id, tier]);
    expect(shown).toEqual([
      ['own', 'own'],
      ['memory', 'memory'],
      ['faulty', 'faulty'],
      ['default_tier', 'cold'],
    ]);
    const metrics = String((await admin('/metrics')).body);
    for (const [tier, outcome] of [
      ['own', 'answered'],
      ['own', 'declined'],
      ['memory', 'cached'],
    ])
      expect(metrics).toMatch(
        new RegExp(`rsfga_plugin_tier_total{tier="${tier}",outcome="${outcome}"} [1-9]`),
      );
    const explained = await admin('/admin/explain', { store_id: own.storeId, tuple_key: VIEWER });
    expect(explained.body).toMatchObject({
      product: { id: 'own', tier: 'own' },
      answeredBy: 'upstream',
      declined: { reason: 'reach', detail: 'group is not kept' },
    });
  });

  test.each(['user:throws', 'user:rejects', 'user:garbage', 'user:yes', 'user:hangs'])(
    'a tier that fails (%s) costs a forward, not the answer',
    async (user) => {
      await expectStatus(200, write(central.http, faulty.storeId, { writes: [{ ...OWNER, user }] }));
      const reply = await ask(faulty.storeId, { ...OWNER, user });
      expect([reply.status, by(reply), why(reply), allowed(reply)]).toEqual([200, 'upstream', 'fault', true]);
    },
  );

  test('its faults are counted each, logged once, and make the edge degraded; what it can it answers', async () => {
    for (let times = 0; times < 3; times += 1) await ask(faulty.storeId, { ...OWNER, user: 'user:throws' });
    const metrics = String((await admin('/metrics')).body);
    expect(metrics).toMatch(/rsfga_plugin_tier_total{tier="faulty",outcome="threw"} 5\b/);
    expect(metrics).toMatch(/rsfga_plugin_tier_total{tier="faulty",outcome="garbage"} 2\b/);
    expect(metrics).toMatch(/rsfga_plugin_tier_total{tier="faulty",outcome="late"} 1\b/);
    const logged = edge.output().match(/a tier from outside failed/g);
    expect(logged).toHaveLength(3);
    const { health } = await status();
    expect(health.conditions).toMatchObject([{ name: 'tier', severity: 'degraded' }]);
    const answered = await ask(faulty.storeId, OWNER);
    expect([by(answered), allowed(answered)]).toEqual(['local', true]);
  });

  test('an update that names a tier which is not here is refused whole, the next good one is taken', async () => {
    put([...products(['document', 'group']), { id: 'more', stores: ['*'], tier: 'theirs' }]);
    const { registry } = await eventually(status, (seen) => seen.registry.refused !== undefined, PATIENCE_MS);
    expect(registry.refused?.problems).toMatchObject([
      { path: 'products[3].tier', message: '"theirs" is not allowed' },
    ]);
    expect(registry.refused?.problems[0]?.allowed).toMatch(
      /own, memory, faulty, bold, or another .* plugins\.tier/,
    );
    expect(why(await ask(own.storeId))).toBe('reach');
    put(products(['document', 'group']));
    const viewer = await eventually(
      () => ask(own.storeId),
      (reply) => by(reply) === 'local',
      PATIENCE_MS,
    );
    expect(allowed(viewer)).toBe(false);
    expect((await status()).registry.refused).toBeUndefined();
  });

  test('a tier that answers from a part of the graph does not give a wrong answer', async () => {
    put([{ id: 'bold', stores: [own.storeId], tier: 'bold' }, ...products().slice(1)]);
    // Without the groups, the document says yes.
    const viewer = await eventually(
      () => ask(own.storeId),
      (reply) => why(reply) === 'fault',
      PATIENCE_MS,
    );
    expect([by(viewer), allowed(viewer)]).toEqual(['upstream', false]);
    put(products());
  });

  test('products from NATS may name them where they are, and are refused where they are not', async () => {
    const registry = { products: undefined, registry: 'nats-kv' };
    const yaml = (more: object) => edgeYaml(central.http, nats.url, { ...registry, ...more });
    const [here, bare] = await Promise.all([
      fleet.start('here', yaml({ plugins: PLUGINS }), FILES),
      fleet.start('bare', yaml({})),
    ]);
    const apply = (sidecar: Sidecar) =>
      spawnSync(process.execPath, [BIN, 'products', 'apply', file, '--config', sidecar.configFile], {
        encoding: 'utf8',
      });
    expect(apply(bare)).toMatchObject({ status: 3, stderr: expect.stringContaining('plugins.tier') });
    expect(apply(here)).toMatchObject({ status: 0, stdout: expect.stringContaining('+ own: own') });
    await eventually(
      () => check(here.http, own.storeId, OWNER),
      (reply) => by(reply) === 'local',
      PATIENCE_MS,
    );
    const refused = await eventually(
      () => bare.status(),
      (seen) => seen.registry.refused !== undefined,
      PATIENCE_MS,
    );
    expect(refused.registry.refused?.problems[0]).toMatchObject({
      path: 'products[0].tier',
      allowed: expect.stringContaining('plugins.tier'),
    });
    expect(refused.products.map(({ id }) => id)).toEqual(['default_tier']);
  });

  test('an edge with tiers from outside drains and ends cleanly, and starts again with what it kept', async () => {
    expect(await edge.terminate()).toMatchObject({ code: 0 });
    await edge.restart();
    await eventually(
      () => ask(own.storeId, OWNER),
      (reply) => by(reply) === 'local',
      PATIENCE_MS,
    );
  });
});
