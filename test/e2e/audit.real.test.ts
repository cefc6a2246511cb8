/** An edge whose copy was spoiled on disk: `rsfga-edge audit` finds it and mends it, and the answers are right again. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLmdbStore } from '../../plugins/store/lmdb.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import { call, createStore, type StoreIds, write } from '../support/api.ts';
import { BIN, createFleet, eventually, type Fleet, type Sidecar, storeStatus } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: { directly_related_user_types: [{ type: 'user' }] } } },
    },
  ],
};
const viewer = (n: number): Tuple => ({ user: `user:${n}`, relation: 'viewer', object: `document:${n}` });

describe.skipIf(!serversAvailable())('rsfga-edge audit', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  let ids: StoreIds;

  beforeAll(async () => {
    openfga = await startOpenFga();
    ids = await createStore(openfga.http, 'audited', MODEL);
    for (let n = 0; n < 250; n += 50)
      await write(openfga.http, ids.storeId, { writes: Array.from({ length: 50 }, (_, i) => viewer(n + i)) });
    fleet = createFleet();
    edge = await fleet.start('audited', {
      role: 'edge',
      upstream: { http: openfga.http },
      changelog: 'upstream',
      // Else the restart reads the last 30 s again and mends by itself what was spoiled.
      reconcile: { overlap: '0s' },
      products: [{ id: 'all', stores: [ids.storeId], tier: 'critical' }],
      admin: { token: 'operators-only' },
      shadow: { share: 1, folder: './repros', keep: 2 },
    });
    await edge.synced();
  });

  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  async function spoil(): Promise<void> {
    await edge.terminate();
    const store = await openLmdbStore({ path: edge.storePath });
    await store.commit([{ storeId: ids.storeId, writes: [viewer(9_999)], deletes: [viewer(7)] }]);
    await store.close();
    await edge.restart();
    await edge.synced();
    await eventually(
      () => allowed(1),
      ({ by }) => by === 'local',
    );
  }

  const allowed = async (n: number) => {
    const reply = await call(edge.http, `/stores/${ids.storeId}/check`, { body: { tuple_key: viewer(n) } });
    return { ...(reply.body as object), by: reply.headers['rsfga-served-by'] };
  };

  test('a sound copy ends with 0', async () => {
    const { code, out } = await cli('audit', '--config', edge.configFile);
    expect(out).toContain('equal to the upstream (250 tuples');
    expect(code).toBe(0);
  });

  test('a spoiled copy ends with 5, checked or repaired, and after the repair the answers are right', async () => {
    await spoil();
    expect(await allowed(9_999)).toMatchObject({ allowed: true, by: 'local' });
    const checked = await cli('audit', '--config', edge.configFile, '--check');
    expect(checked.out).toContain('document: 1 missing here, 1 here alone, 0 with another condition');
    expect(checked.out).toContain('extra: user:9999 viewer document:9999');
    expect(checked.code).toBe(5);
    expect(await allowed(7)).toMatchObject({ allowed: false, by: 'local' });
    const repaired = await cli('audit', '--config', edge.configFile, '--json');
    expect(repaired.code).toBe(5);
    expect(JSON.parse(repaired.out)).toMatchObject({ stores: [{ outcome: 'repaired' }] });
    expect(await allowed(9_999)).toMatchObject({ allowed: false, by: 'local' });
    expect(await allowed(7)).toMatchObject({ allowed: true, by: 'local' });
    const again = await cli('audit', '--config', edge.configFile, '--store', ids.storeId);
    expect(again.code).toBe(0);
    expect(storeStatus(await statusOf(edge), ids.storeId)?.audit).toMatchObject({ outcome: 'equal' });
  });

  test('the shadow had seen it: a mismatch is counted, stored without credentials, and the folder stays small', async () => {
    await spoil();
    for (let n = 0; n < 4; n += 1) expect(await allowed(9_999)).toMatchObject({ allowed: true });
    const { shadow } = await eventually(
      () => statusOf(edge),
      (status) => (status.shadow?.mismatch ?? 0) >= 4,
    );
    expect(shadow?.same).toBeGreaterThan(0);
    const files = await eventually(
      async () => readdirSync(join(dirname(edge.configFile), 'repros')),
      ({ length }) => length > 0 && length <= 2,
    );
    const text = readFileSync(join(dirname(edge.configFile), 'repros', String(files[0])), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      storeId: ids.storeId,
      modelId: ids.modelId,
      revision: expect.stringMatching(/^[0-9A-Z]{26}\.\d+$/),
      request: { path: `/stores/${ids.storeId}/check`, body: { tuple_key: { user: 'user:9999' } } },
      here: { allowed: true },
      there: { allowed: false },
    });
    expect(text).not.toMatch(/operators-only|authorization"/i);
    expect((await statusOf(edge)).health.conditions).toMatchObject([{ name: 'shadow' }]);
  });

  test('without the right token nobody audits', async () => {
    const refused = await cli('audit', '--url', edge.admin, '--token', 'wrong');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('admin.token')]);
  });
});

async function statusOf(edge: Sidecar) {
  const headers = { authorization: 'Bearer operators-only' };
  return (await call(edge.admin, '/status', { headers })).body as Awaited<ReturnType<Sidecar['status']>>;
}

function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}
