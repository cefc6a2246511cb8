import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TupleKey } from '../../src/fga/tuple.ts';
import { allowed, call, check, expectStatus, type StoreIds, write } from '../support/api.ts';
import { eventually, type Sidecar } from '../support/fleet.ts';
import { serversAvailable } from '../support/servers.ts';
import { companyStore, type Standing, startStanding, untilLocal } from './standing.ts';

const REVISION = /^[0-9A-HJKMNP-TV-Z]{26}\.\d+$/;

describe.skipIf(!serversAvailable())('a Write at the centre, a Check at the edge', () => {
  let standing: Standing;
  let central: Sidecar;
  let edge: Sidecar;
  let store: StoreIds;

  beforeAll(async () => {
    standing = await startStanding();
    ({ central, edge } = standing);
    store = await companyStore(standing, 'main-job');
    await untilLocal(edge, store.storeId);
  });
  afterAll(() => standing?.stop());

  function local(key: TupleKey) {
    return untilLocal(edge, store.storeId, key);
  }

  test('the Check flips at the edge, from its own store, once it has the revision of the Write', async () => {
    const key = { user: 'user:anne', relation: 'owner', object: 'document:one' };
    expect(allowed(await local(key))).toBe(false);
    const written = await expectStatus(200, write(central.http, store.storeId, { writes: [key] }));
    const revision = written.headers['rsfga-revision'] ?? '';
    expect(revision).toMatch(REVISION);
    const granted = await check(edge.http, store.storeId, key, { 'rsfga-min-revision': revision });
    expect([allowed(granted), granted.headers['rsfga-served-by']]).toEqual([true, 'local']);
    const removed = await expectStatus(200, write(central.http, store.storeId, { deletes: [key] }));
    const after = { 'rsfga-min-revision': removed.headers['rsfga-revision'] ?? '' };
    const revoked = await check(edge.http, store.storeId, key, after);
    expect([allowed(revoked), revoked.headers['rsfga-served-by']]).toEqual([false, 'local']);
  });

  test('a local answer carries the headers of OpenFGA and those of the sidecar', async () => {
    const { headers } = await local({ user: 'user:anne', relation: 'viewer', object: 'document:one' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      vary: 'Origin',
      'openfga-store-id': store.storeId,
      'openfga-authorization-model-id': store.modelId,
      'x-request-id': expect.stringMatching(/.{8}/),
      'rsfga-served-by': 'local',
      'rsfga-revision': expect.stringMatching(REVISION),
      'rsfga-staleness-ms': expect.stringMatching(/^\d+$/),
    });
    expect(headers['rsfga-declined']).toBeUndefined();
  });

  test('an error is answered locally too, and says so', async () => {
    const reply = await local({ user: 'user:anne', relation: 'flies', object: 'document:one' });
    const straight = await check(standing.openfga.http, store.storeId, {
      user: 'user:anne',
      relation: 'flies',
      object: 'document:one',
    });
    expect([reply.status, reply.body]).toEqual([straight.status, straight.body]);
  });

  test('a Write through the edge comes back with its revision and is seen by the next Check there', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const key = { user: `user:turn-${turn}`, relation: 'owner', object: 'document:mine' };
      const written = await expectStatus(200, write(edge.http, store.storeId, { writes: [key] }));
      expect(written.headers['rsfga-revision']).toMatch(REVISION);
      expect([turn, allowed(await check(edge.http, store.storeId, key))]).toEqual([turn, true]);
    }
  });

  test('a revision that cannot be reached or read goes to the primary, and the header says why', async () => {
    const key = { user: 'user:anne', relation: 'owner', object: 'document:one' };
    const reply = await local(key);
    const [epoch, revision] = (reply.headers['rsfga-revision'] ?? '').split('.');
    for (const wanted of [
      `${epoch}.${Number(revision) + 1000}`,
      'nonsense',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV.7x',
    ]) {
      const { headers } = await check(edge.http, store.storeId, key, { 'rsfga-min-revision': wanted });
      expect([wanted, headers['rsfga-served-by'], headers['rsfga-declined']]).toEqual([
        wanted,
        'upstream',
        'revision',
      ]);
    }
  });

  test('HIGHER_CONSISTENCY goes to the primary', async () => {
    const tuple_key = { user: 'user:anne', relation: 'owner', object: 'document:one' };
    const body = { tuple_key, consistency: 'HIGHER_CONSISTENCY' };
    const { headers } = await call(edge.http, `/stores/${store.storeId}/check`, { body });
    expect([headers['rsfga-served-by'], headers['rsfga-declined']]).toEqual(['upstream', 'consistency']);
  });

  test('two tuples written together are seen together', async () => {
    const pair = (n: number) => [
      { user: `user:pair-${n}`, relation: 'owner', object: `document:pair-${n}` },
      { user: `user:pair-${n}`, relation: 'admin', object: `organization:pair-${n}` },
    ];
    for (let n = 0; n < 10; n++) {
      const [first, second] = pair(n);
      if (!first || !second) throw new Error('two tuples');
      const writing = write(central.http, store.storeId, { writes: [first, second] });
      await eventually(
        () => check(edge.http, store.storeId, first),
        (reply) => allowed(reply),
      );
      expect(allowed(await check(edge.http, store.storeId, second))).toBe(true);
      await expectStatus(200, writing);
    }
  });
});
