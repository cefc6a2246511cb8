import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowed, check, createStore, expectStatus, type StoreIds, write } from '../support/api.ts';
import { createFleet, edgeYaml, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { SMALL } from './standing.ts';

const key = { user: 'user:anne', relation: 'owner', object: 'document:one' };

describe.skipIf(!serversAvailable())('an edge with one critical store, the others cold', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let edge: Sidecar;
  let kept: StoreIds;
  let cold: StoreIds;

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    kept = await createStore(openfga.http, 'kept', SMALL.model);
    cold = await createStore(openfga.http, 'cold', SMALL.model);
    await fleet.start('central', {
      role: 'central',
      upstream: { http: openfga.http },
      changelog: { nats: { servers: [nats.url] } },
    });
    const products = [{ id: 'kept', stores: [kept.storeId], tier: 'critical' }];
    edge = await fleet.start('edge', edgeYaml(openfga.http, nats.url, { products, default_tier: 'cold' }));
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  test('answers the critical store itself and forwards the cold one, without calling that a decline', async () => {
    const here = await check(edge.http, kept.storeId, key);
    expect(here.headers['rsfga-served-by']).toBe('local');
    const there = await check(edge.http, cold.storeId, key);
    expect(there.headers['rsfga-served-by']).toBe('upstream');
    expect(there.headers['rsfga-declined']).toBeUndefined();
  });

  test('shows a Write to a cold store at once, since the upstream answers', async () => {
    await expectStatus(200, write(edge.http, cold.storeId, { writes: [key] }));
    expect(allowed(await check(edge.http, cold.storeId, key))).toBe(true);
  });

  test('sees its own Write to the critical store at once, although no central was on the way', async () => {
    await expectStatus(200, write(edge.http, kept.storeId, { writes: [key] }));
    expect(allowed(await check(edge.http, kept.storeId, key))).toBe(true);
    await eventually(
      () => check(edge.http, kept.storeId, key),
      (reply) => reply.headers['rsfga-served-by'] === 'local',
    );
  });
});
