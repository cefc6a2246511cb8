import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  allowed,
  check,
  createStore,
  expectStatus,
  readAll,
  type StoreIds,
  write,
  writeAll,
} from '../support/api.ts';
import { createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { difference, heldBy, NO_DIFFERENCE } from './held.ts';
import { SMALL } from './standing.ts';

describe.skipIf(!serversAvailable())('one sidecar in front of one OpenFGA, without a broker', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  let store: StoreIds;

  beforeAll(async () => {
    openfga = await startOpenFga();
    store = await createStore(openfga.http, 'no-broker', SMALL.model);
    await writeAll(openfga.http, store.storeId, SMALL.tuples);
    fleet = createFleet();
    edge = await fleet.start('edge', {
      role: 'edge',
      upstream: { http: openfga.http },
      changelog: 'upstream',
      products: [{ id: 'everything', stores: ['*'], tier: 'critical' }],
    });
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  test('agrees with OpenFGA on 300 random Checks from its own store', async () => {
    for (const key of SMALL.checks(300, 5)) {
      const here = await eventually(
        () => check(edge.http, store.storeId, key),
        ({ headers }) => headers['rsfga-served-by'] === 'local',
      );
      expect([key, allowed(here)]).toEqual([key, allowed(await check(openfga.http, store.storeId, key))]);
    }
  });

  test('a Write through it is seen by the next Check through it', async () => {
    const key = { user: 'user:anne', relation: 'owner', object: 'document:through' };
    await expectStatus(200, write(edge.http, store.storeId, { writes: [key] }));
    expect(allowed(await check(edge.http, store.storeId, key))).toBe(true);
    await expectStatus(200, write(edge.http, store.storeId, { deletes: [key] }));
    expect(allowed(await check(edge.http, store.storeId, key))).toBe(false);
  });

  test('so it is before a central sidecar, whose revisions are of another log', async () => {
    const central = await fleet.start('central', {
      role: 'central',
      upstream: { http: openfga.http },
      changelog: 'memory',
    });
    const outer = await fleet.start('outer', {
      role: 'edge',
      upstream: { http: central.http },
      changelog: 'upstream',
      reconcile: { interval: '60s' },
      products: [{ id: 'everything', stores: ['*'], tier: 'critical' }],
    });
    await outer.synced();
    const key = { user: 'user:anne', relation: 'owner', object: 'document:chained' };
    for (let n = 0; n < 20; n += 1) {
      const written = n % 2 === 0;
      const delta = written ? { writes: [key] } : { deletes: [key] };
      const reply = await expectStatus(200, write(outer.http, store.storeId, delta));
      const here = await check(outer.http, store.storeId, key);
      expect([n, reply.headers['rsfga-revision'] !== undefined, allowed(here)]).toEqual([n, true, written]);
    }
  });

  test('a Write beside it is followed', async () => {
    const key = { user: 'user:anne', relation: 'owner', object: 'document:beside' };
    await expectStatus(200, write(openfga.http, store.storeId, { writes: [key] }));
    const seen = await eventually(
      () => check(edge.http, store.storeId, key),
      (reply) => allowed(reply) && reply.headers['rsfga-served-by'] === 'local',
    );
    expect(seen.status).toBe(200);
  });

  test('after a kill -9 and Writes meanwhile it goes on from where it was', async () => {
    await edge.kill();
    const late = { user: 'user:anne', relation: 'owner', object: 'document:late' };
    await expectStatus(200, write(openfga.http, store.storeId, { writes: [late] }));
    await edge.restart();
    await eventually(
      () => check(edge.http, store.storeId, late),
      (reply) => allowed(reply) && reply.headers['rsfga-served-by'] === 'local',
    );
    await edge.terminate();
    const held = await heldBy(edge, store.storeId);
    expect(difference(held.tuples, await readAll(openfga.http, store.storeId))).toEqual(NO_DIFFERENCE);
  });
});
