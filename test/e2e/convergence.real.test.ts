import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tuple, TupleKey } from '../../src/fga/tuple.ts';
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
import { companyDataset } from '../support/datasets.ts';
import { centralYaml, createFleet, edgeYaml, type Fleet, type Sidecar } from '../support/fleet.ts';
import {
  type Nats,
  type OpenFga,
  postgresAvailable,
  serversAvailable,
  startNats,
  startOpenFga,
} from '../support/servers.ts';
import { difference, heldBy, NO_DIFFERENCE } from './held.ts';

const SEED = 20_260;
const data = companyDataset(10_000, SEED);

/** Two, because they page differently: the memory store counts rows from the start, PostgreSQL goes by ULID. */
const DATASTORES = [
  ...(serversAvailable() ? (['memory'] as const) : []),
  ...(serversAvailable() && postgresAvailable() ? (['postgres'] as const) : []),
];

describe.each(DATASTORES)(
  `an edge that starts in the middle of 10 000 tuples (OpenFGA on %s, seed ${SEED})`,
  (datastore) => {
    let openfga: OpenFga;
    let nats: Nats;
    let fleet: Fleet;
    let central: Sidecar;
    let edge: Sidecar;
    let store: StoreIds;
    let lastRevision: string;

    beforeAll(async () => {
      [openfga, nats] = await Promise.all([startOpenFga({ datastore }), startNats()]);
      fleet = createFleet();
      central = await fleet.start('central', centralYaml(openfga.http, nats.url));
      store = await createStore(central.http, 'convergence', data.model);
      const third = Math.floor(data.tuples.length / 3);
      await writeAll(central.http, store.storeId, data.tuples.slice(0, third), 50);
      const rest = writeAll(central.http, store.storeId, data.tuples.slice(third), 20);
      const removed = removeAndRestore(data.tuples.slice(0, 400));
      edge = await fleet.start('edge', edgeYaml(central.http, nats.url));
      await Promise.all([rest, removed]);
      lastRevision = await removeLast();
      await edge.synced();
    });
    afterAll(async () => {
      await fleet?.stop();
      await Promise.all([openfga?.stop(), nats?.stop()]);
    });

    /** Beside the other Writes: what is taken away must go, what is put back must stay. */
    async function removeAndRestore(tuples: readonly Tuple[]): Promise<void> {
      for (const [n, tuple] of tuples.entries()) {
        await expectStatus(200, write(central.http, store.storeId, { deletes: [tuple] }));
        if (n % 2 === 0) await expectStatus(200, write(central.http, store.storeId, { writes: [tuple] }));
      }
    }

    async function removeLast(): Promise<string> {
      const reply = await write(central.http, store.storeId, { deletes: data.tuples.slice(-1) });
      return (await expectStatus(200, Promise.resolve(reply))).headers['rsfga-revision'] ?? '';
    }

    const count = datastore === 'memory' ? 2_000 : 500;
    test(`agrees with OpenFGA on ${count} random Checks, and answers each of them itself`, async () => {
      const checks = data.checks(count, SEED + 1);
      const latest = { 'rsfga-min-revision': lastRevision };
      const differences: unknown[] = [];
      let granted = 0;
      const compare = async (key: TupleKey) => {
        const [here, there] = await Promise.all([
          check(edge.http, store.storeId, key, latest),
          check(openfga.http, store.storeId, key),
        ]);
        const by = here.headers['rsfga-served-by'];
        if (allowed(there)) granted++;
        if (by === 'local' && allowed(here) === allowed(there)) return;
        differences.push({
          key,
          by,
          why: here.headers['rsfga-declined'],
          here: here.body,
          there: there.body,
        });
      };
      for (let at = 0; at < checks.length; at += 10) {
        await Promise.all(checks.slice(at, at + 10).map(compare));
      }
      expect(differences).toEqual([]);
      // Questions that are all denied would show little.
      expect(granted).toBeGreaterThan(count / 10);
    });

    test("holds OpenFGA's tuples, one by one", async () => {
      await edge.terminate();
      const held = await heldBy(edge, store.storeId);
      expect(difference(held.tuples, await readAll(openfga.http, store.storeId))).toEqual(NO_DIFFERENCE);
      expect(held.counted).toBe(held.tuples.length);
      // A walk may have restated something after the last Write: later is fine, another history is not.
      const [epoch, revision] = lastRevision.split('.');
      expect(held.head?.epoch).toBe(epoch);
      expect(held.head?.revision).toBeGreaterThanOrEqual(Number(revision));
    });
  },
);
