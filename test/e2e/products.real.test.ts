/** Products that change while the edge runs, from a file that is watched. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { check, createStore, expectStatus, type StoreIds, write, writeAll } from '../support/api.ts';
import { temporaryFolder } from '../support/children.ts';
import {
  centralYaml,
  createFleet,
  eventually,
  type Fleet,
  type Sidecar,
  storeStatus,
} from '../support/fleet.ts';
import { knownChecks, type QueryLoad, startQueryLoad } from '../support/query-load.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { heldBy } from './held.ts';
import { SMALL } from './standing.ts';

const HOT = { hot: { object_types: ['group', 'organization'] } };
const PATIENCE_MS = 60_000;

describe.skipIf(!serversAvailable())('two products on one edge, under queries', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let edge: Sidecar;
  let moved: StoreIds;
  let steady: StoreIds;
  let load: QueryLoad;
  const file = join(temporaryFolder('products'), 'products.yaml');

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    moved = await createStore(openfga.http, 'moved', SMALL.model);
    steady = await createStore(openfga.http, 'steady', SMALL.model);
    await writeAll(openfga.http, moved.storeId, SMALL.tuples);
    await writeAll(openfga.http, steady.storeId, SMALL.tuples.slice(0, 300));
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    put('cold');
    const changelog = { nats: { servers: [nats.url] } };
    edge = await fleet.start('edge', {
      role: 'edge',
      upstream: { http: central.http },
      changelog,
      registry: { file },
    });
    await edge.synced();
    const keys = SMALL.checks(60, 3);
    const known = [
      ...(await knownChecks(openfga.http, moved.storeId, keys)),
      ...(await knownChecks(openfga.http, steady.storeId, keys)),
    ];
    load = startQueryLoad(edge.http, known, 4);
  });
  afterAll(async () => {
    await load?.stop();
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  /** As `mv` puts a file in the place of another. */
  function put(tier: unknown): void {
    const products = [
      { id: 'moved', stores: [moved.storeId], tier },
      { id: 'steady', stores: [steady.storeId], tier: 'critical' },
    ];
    writeFileSync(`${file}.new`, stringify({ products }));
    renameSync(`${file}.new`, file);
  }

  async function become(tier: unknown, name: string): Promise<void> {
    put(tier);
    await eventually(
      () => edge.status(),
      ({ products }) => products.find(({ id }) => id === 'moved')?.tier === name,
      PATIENCE_MS,
    );
    await edge.synced();
  }

  /** A change in this tier arrives, and the answer comes from where the tier says. */
  async function showsChanges(stage: string, by: string): Promise<void> {
    const key = { user: `user:${stage}`, relation: 'member', object: 'group:moving' };
    await expectStatus(200, write(central.http, moved.storeId, { writes: [key] }));
    await eventually(
      () => check(edge.http, moved.storeId, key),
      ({ body, headers }) => JSON.stringify(body).includes('true') && headers['rsfga-served-by'] === by,
      PATIENCE_MS,
    );
  }

  test('a product goes through the tiers without a wrong answer or an error', async () => {
    await showsChanges('cold', 'upstream');
    await become(HOT, 'hot');
    await showsChanges('hot', 'local');
    const { tuples } = storeStatus(await edge.status(), moved.storeId) ?? { tuples: 0 };
    expect(tuples).toBeGreaterThan(0);
    await become('critical', 'critical');
    await showsChanges('critical', 'local');
    expect(storeStatus(await edge.status(), moved.storeId)?.tuples).toBeGreaterThan(tuples);
    await become(HOT, 'hot');
    await showsChanges('hot-again', 'local');
    await become('cold', 'cold');
    await showsChanges('cold-again', 'upstream');
    expect(load.faults).toEqual([]);
  });

  test('the product beside it was answered here all the time', () => {
    expect(load.served.get(`${steady.storeId} local`)).toBeGreaterThan(50);
    expect(load.served.get(`${steady.storeId} upstream`)).toBeUndefined();
    expect(load.served.get(`${moved.storeId} local`)).toBeGreaterThan(0);
  });

  test('a bad update is refused whole, is shown with its place, and the next good one is taken', async () => {
    const good = readFileSync(file, 'utf8');
    appendFileSync(file, '  - { id: third, stores: [ "*" ], tier: critcal }\n');
    const { registry, health, products } = await eventually(
      () => edge.status(),
      (status) => status.registry.refused !== undefined,
      PATIENCE_MS,
    );
    expect(registry.refused?.problems).toMatchObject([{ path: 'products[2].tier' }]);
    expect(health.state).toBe('degraded');
    expect(health.conditions.map(({ name }) => name)).toContain('products');
    expect(products.map(({ id }) => id)).toEqual(['moved', 'steady', 'default_tier']);
    writeFileSync(file, good);
    await eventually(
      () => edge.status(),
      (status) => status.registry.refused === undefined && status.health.state === 'healthy',
      PATIENCE_MS,
    );
  });

  test('SIGHUP takes up a file that did not change, too', async () => {
    const before = (await edge.status()).registry.takenAtMs ?? 0;
    process.kill(edge.pid(), 'SIGHUP');
    await eventually(
      () => edge.status(),
      ({ registry }) => (registry.takenAtMs ?? 0) > before,
      PATIENCE_MS,
    );
  });

  test('of a product that went away nothing is left on disk', async () => {
    const { store } = await eventually(
      () => edge.status(),
      (status) => status.store.leaving.length === 0 && status.store.erased.length > 0,
      PATIENCE_MS,
    );
    expect(store.erased[0]).toMatchObject({ storeId: moved.storeId });
    expect(store.erased[0]?.tuples).toBeGreaterThan(0);
    await load.stop();
    await edge.terminate();
    expect(await heldBy(edge, moved.storeId)).toEqual({ tuples: [], counted: 0, head: undefined });
    expect((await heldBy(edge, steady.storeId)).tuples).toHaveLength(300);
  });

  test('what went away while the edge was down is erased at its start', async () => {
    writeFileSync(file, stringify({ products: [] }));
    await edge.restart();
    await eventually(
      () => edge.status(),
      ({ store }) => store.erased.some(({ storeId }) => storeId === steady.storeId),
      PATIENCE_MS,
    );
    await edge.terminate();
    expect((await heldBy(edge, steady.storeId)).tuples).toEqual([]);
  });

  test('products in the configuration itself are watched as well, and only they', async () => {
    const text = (tier: string, region: string) =>
      readFileSync(edge.configFile, 'utf8')
        .replace(/^registry:\n.*\n/m, '')
        .replace(/^(region|products):.*\n/gm, '')
        .concat(`region: ${region}\nproducts: [ { id: s, stores: [ ${steady.storeId} ], tier: ${tier} } ]\n`);
    writeFileSync(edge.configFile, text('cold', 'eu'));
    await edge.restart();
    writeFileSync(edge.configFile, text('critical', 'us'));
    const status = await eventually(
      () => edge.status(),
      ({ products }) => products[0]?.tier === 'critical',
      PATIENCE_MS,
    );
    expect(status).toMatchObject({ region: 'eu', registry: { place: edge.configFile } });
    expect(edge.output()).toContain('only products and default_tier change');
  });
});
