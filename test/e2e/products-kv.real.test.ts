/** Products from a NATS KV bucket: applied once at the centre, taken up by every edge. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { StatusReport } from '../../src/admin/status.ts';
import { check, createStore, type StoreIds, writeAll } from '../support/api.ts';
import { temporaryFolder } from '../support/children.ts';
import { BIN, centralYaml, createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { heldBy } from './held.ts';
import { SMALL } from './standing.ts';

const PATIENCE_MS = 60_000;
const KEY = { user: 'user:anne', relation: 'owner', object: 'document:one' };

describe.skipIf(!serversAvailable())('edges with their products in NATS', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let tokyo: Sidecar;
  let london: Sidecar;
  let store: StoreIds;
  const folder = temporaryFolder('products');

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    store = await createStore(openfga.http, 'shared', SMALL.model);
    await writeAll(openfga.http, store.storeId, SMALL.tuples.slice(0, 100));
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    [tokyo, london] = await Promise.all([edge('tokyo', 'asia'), edge('london', 'europe')]);
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  function edge(name: string, region: string): Promise<Sidecar> {
    const changelog = { nats: { servers: [nats.url] } };
    return fleet.start(name, {
      role: 'edge',
      region,
      upstream: { http: central.http },
      changelog,
      registry: 'nats-kv',
    });
  }

  function product(more: object): object {
    return { id: 'shared', stores: [store.storeId], tier: 'critical', ...more };
  }

  function products(...args: string[]) {
    const run = [BIN, 'products', ...args, '--config', central.configFile];
    return spawnSync(process.execPath, run, { encoding: 'utf8', timeout: 60_000 });
  }

  function apply(...list: object[]) {
    const file = join(folder, 'products.yaml');
    writeFileSync(file, stringify({ products: list }));
    return products('apply', file);
  }

  function shows(sidecar: Sidecar, holds: (status: StatusReport) => boolean): Promise<StatusReport> {
    return eventually(() => sidecar.status(), holds, PATIENCE_MS);
  }

  function answersHere(sidecar: Sidecar): Promise<unknown> {
    return eventually(
      () => check(sidecar.http, store.storeId, KEY),
      ({ headers }) => headers['rsfga-served-by'] === 'local',
      PATIENCE_MS,
    );
  }

  test('without products they forward, say what to do, and are not synced', async () => {
    const { registry } = await shows(tokyo, ({ registry: { unreadable } }) => unreadable !== undefined);
    expect(registry).toMatchObject({ source: 'nats-kv', place: 'rsfga_products/products' });
    expect(registry.unreadable).toContain('rsfga-edge products apply');
    expect((await check(tokyo.http, store.storeId, KEY)).headers['rsfga-served-by']).toBe('upstream');
  });

  test('one apply reaches every edge, each by its region', async () => {
    const applied = apply(product({ regions: ['asia'] }));
    expect(applied.stdout).toMatch(/\+ shared: critical\n.*revision 1/s);
    expect(applied.status).toBe(0);
    await answersHere(tokyo);
    const elsewhere = await shows(london, ({ products: [first] }) => first?.id === 'shared');
    expect(elsewhere.products[0]).toMatchObject({ elsewhere: true, stores: [{ phase: 'forwarding' }] });
    apply(product({}));
    await answersHere(london);
  });

  test('get prints what lies there; a file with mistakes is not applied; a dry run changes nothing', () => {
    expect(products('get').stdout).toContain(store.storeId);
    const refused = apply(product({ tier: 'critcal' }));
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain('did you mean: critical');
    const file = join(folder, 'none.yaml');
    writeFileSync(file, 'products: []\n');
    expect(products('apply', file, '--dry-run').stdout).toBe('- shared: erased at every edge\n');
    expect(products('get').stdout).toContain(store.storeId);
  });

  test('what somebody put there by hand and is wrong is refused by the edges, which go on', async () => {
    const nc = await connect({ servers: nats.url });
    const bucket = await new Kvm(jetstream(nc)).open('rsfga_products');
    await bucket.put('products', stringify({ products: [product({ max_staleness: '10 seconds' })] }));
    await nc.close();
    const { registry, health } = await shows(tokyo, ({ registry: { refused } }) => refused !== undefined);
    expect(registry.refused?.problems[0]?.path).toBe('products[0].max_staleness');
    expect(health.state).toBe('degraded');
    await answersHere(tokyo);
    apply(product({ max_staleness: '1h' }));
    await shows(tokyo, ({ registry: { refused }, products: [first] }) => {
      return refused === undefined && first?.maxStalenessMs === 3_600_000;
    });
  });

  test('an edge that starts without NATS has the products and the data of its last run', async () => {
    await tokyo.terminate();
    await nats.stop();
    await tokyo.restart();
    await answersHere(tokyo);
    const { store: disk, products: shown } = await tokyo.status();
    expect(shown[0]).toMatchObject({ id: 'shared', stores: [{ tuples: 100 }] });
    expect(disk).toMatchObject({ leaving: [], erased: [] });
    nats = await startNats({ storeDir: nats.storeDir, port: nats.port });
    await shows(tokyo, ({ registry: { unreadable } }) => unreadable === undefined);
  });

  test('a product that is taken out of the bucket is erased at every edge', async () => {
    expect(apply().stdout).toContain('- shared: erased at every edge');
    for (const sidecar of [tokyo, london]) {
      await shows(sidecar, ({ store: { erased } }) => erased[0]?.storeId === store.storeId);
      await sidecar.terminate();
      expect((await heldBy(sidecar, store.storeId)).tuples).toEqual([]);
    }
  });
});
