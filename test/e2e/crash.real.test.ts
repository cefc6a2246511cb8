import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tuple } from '../../src/fga/tuple.ts';
import { allowed, check, expectStatus, readAll, type StoreIds, write } from '../support/api.ts';
import { eventually, type Sidecar, storeStatus } from '../support/fleet.ts';
import { serversAvailable } from '../support/servers.ts';
import { difference, heldBy, NO_DIFFERENCE } from './held.ts';
import { companyStore, SMALL, type Standing, startStanding, untilLocal } from './standing.ts';

const CHANGES = 5_000;
const PER_WRITE = 5;

describe.skipIf(!serversAvailable())('kill -9 of the edge in the middle of 5 000 changes', () => {
  let standing: Standing;
  let edge: Sidecar;
  let store: StoreIds;
  let lastRevision = '';

  beforeAll(async () => {
    standing = await startStanding();
    ({ edge } = standing);
    store = await companyStore(standing, 'crash');
    await expectStatus(
      200,
      write(standing.central.http, store.storeId, { writes: SMALL.tuples.slice(0, 100) }),
    );
    await untilLocal(edge, store.storeId);
  });
  afterAll(() => standing?.stop());

  /** Each Write brings some tuples and takes away those of the Write before the last, so the order matters. */
  async function writeChanges(): Promise<void> {
    const kept: Tuple[][] = [];
    for (let changes = 0, turn = 0; changes < CHANGES; turn++) {
      const writes = Array.from({ length: PER_WRITE - 2 }, (_, n) => ({
        user: `user:u-${n}`,
        relation: 'owner',
        object: `document:crash-${turn % 200}-${n}-${turn}`,
      }));
      const deletes = (kept.at(-2) ?? []).slice(0, 2);
      const reply = await expectStatus(200, write(standing.central.http, store.storeId, { writes, deletes }));
      lastRevision = reply.headers['rsfga-revision'] ?? lastRevision;
      changes += writes.length + deletes.length;
      kept.push(writes);
    }
  }

  test('nothing is missing, nothing is applied twice, and it does not bootstrap again', async () => {
    let writing = true;
    const writes = writeChanges().finally(() => {
      writing = false;
    });
    let kills = 0;
    while (writing && kills < 3) {
      await sleep(400);
      const before = storeStatus(await edge.status(), store.storeId);
      expect(before?.phase).toBe('complete');
      await edge.kill();
      kills++;
      await edge.restart();
      const after = storeStatus(await edge.status(), store.storeId);
      expect(after).toMatchObject({ phase: 'complete', resyncs: 0 });
      expect(after?.revision).toBeGreaterThanOrEqual(before?.revision ?? 0);
    }
    await writes;
    expect(kills).toBeGreaterThan(0);
    const key = SMALL.tuples[0] ?? { user: '', relation: '', object: '' };
    // A query waits a second for a revision; an edge that was killed a moment ago may need longer on a busy machine.
    const ask = () => check(edge.http, store.storeId, key, { 'rsfga-min-revision': lastRevision });
    const reply = await eventually(ask, ({ headers }) => headers['rsfga-served-by'] === 'local', 30_000);
    expect(allowed(reply)).toBe(true);
    const status = storeStatus(await edge.status(), store.storeId);
    expect(status).toMatchObject({ phase: 'complete', resyncs: 0 });
    expect(status?.lastResync).toBeUndefined();
    await edge.kill();
    const held = await heldBy(edge, store.storeId);
    expect(difference(held.tuples, await readAll(standing.openfga.http, store.storeId))).toEqual(
      NO_DIFFERENCE,
    );
    expect(held.counted).toBe(held.tuples.length);
    // A walk may have restated something after the last Write: later is fine, another history is not.
    const [epoch, revision] = lastRevision.split('.');
    expect(held.head?.epoch).toBe(epoch);
    expect(held.head?.revision).toBeGreaterThanOrEqual(Number(revision));
  });
});
