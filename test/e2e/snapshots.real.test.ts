import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusReport } from '../../src/admin/status.ts';
import { operatorOf } from '../plugins/changelog/nats-fixture.ts';
import { allowed, call, check, type StoreIds, write } from '../support/api.ts';
import { BIN, edgeYaml, eventually, type Sidecar } from '../support/fleet.ts';
import { serversAvailable } from '../support/servers.ts';
import { companyStore, type Standing, startStanding, untilLocal } from './standing.ts';

const BUCKET = 'RSFGA_SNAPSHOTS';
const AS_ADMIN = { headers: { authorization: 'Bearer the-admin-token' } };
const WITH_TOKEN = { admin: { token: 'the-admin-token' } };

describe.skipIf(!serversAvailable())('snapshots between real processes', () => {
  let standing: Standing;
  let store: StoreIds;
  const key = { user: 'user:anne', relation: 'owner', object: 'document:one' };

  beforeAll(async () => {
    standing = await startStanding({ edge: WITH_TOKEN });
    store = await companyStore(standing, 'snapshots');
    const rows = Array.from({ length: 90 }, (_, n) => ({ ...key, object: `document:${n}` }));
    await write(standing.central.http, store.storeId, { writes: [...rows, key] });
    await untilLocal(standing.edge, store.storeId);
  });
  afterAll(() => standing?.stop());

  function cli(command: string, ...more: string[]) {
    const args = [BIN, command, '--config', standing.edge.configFile, ...more];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, stdout, stderr };
  }

  /** A new edge that names the store, once it is complete. */
  async function newEdge(name: string): Promise<Sidecar> {
    const products = [{ id: 'one', stores: [store.storeId], tier: 'critical' }];
    const edge = await standing.fleet.start(
      name,
      edgeYaml(standing.central.http, standing.nats.url, { products }),
    );
    await edge.synced();
    return edge;
  }

  test('`rsfga-edge snapshot` has the running sidecar write one, and a new edge starts from it', async () => {
    const run = cli('snapshot');
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/written as .*91 tuples/) });
    const second = await newEdge('second');
    expect(second.output()).toContain('a store begins from a snapshot');
    const reply = await check(second.http, store.storeId, key);
    expect([allowed(reply), reply.headers['rsfga-served-by']]).toEqual([true, 'local']);
    expect(await second.metrics()).toContain('rsfga_snapshots_total{outcome="used"} 1');
    expect(await metricsOf(standing.edge)).toContain('rsfga_snapshots_total{outcome="written"} 1');
  });

  test('a corrupt one is refused by name, and the new edge reads the primary', async () => {
    await operatorOf(standing.nats.url).damageObject(BUCKET, `${store.storeId}.all.a`);
    const third = await newEdge('third');
    expect(third.output()).toMatch(/snapshot .*cannot be used/);
    expect(third.output()).toContain(`${store.storeId}.all.a`);
    expect(await third.metrics()).toContain('rsfga_snapshots_total{outcome="refused"} 1');
    expect(allowed(await check(third.http, store.storeId, key))).toBe(true);
  });

  test('`rsfga-edge resync` copies the store again, and a store that is not kept is named', async () => {
    const before = await storeOf(standing.edge);
    expect(cli('resync', '--store', store.storeId)).toMatchObject({ status: 0 });
    const after = await eventually(
      () => storeOf(standing.edge),
      (one) => one?.phase === 'complete' && one.resyncs > (before?.resyncs ?? 0),
      30_000,
    );
    expect(after?.lastResync?.reason).toBe('requested');
    const foreign = cli('resync', '--store', '01J0000000000000000000000Z');
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringContaining('not kept here') });
  });

  test('a wrong token is refused', () => {
    expect(cli('snapshot', '--token', 'wrong')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('admin.token'),
    });
  });

  async function metricsOf(edge: Sidecar): Promise<string> {
    return String((await call(edge.admin, '/metrics', AS_ADMIN)).body);
  }

  async function storeOf(edge: Sidecar) {
    const { body } = await call(edge.admin, '/status', AS_ADMIN);
    const { products } = body as StatusReport;
    return products.flatMap(({ stores }) => stores).find(({ storeId }) => storeId === store.storeId);
  }
});
