import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowed, check, expectStatus, readAll, type StoreIds, write, writeModel } from '../support/api.ts';
import { modelFrom } from '../support/datasets.ts';
import { eventually, type Sidecar, storeStatus } from '../support/fleet.ts';
import { type Nats, serversAvailable, startNats } from '../support/servers.ts';
import { difference, heldBy, NO_DIFFERENCE } from './held.ts';
import { companyStore, type Standing, startStanding, untilLocal } from './standing.ts';

describe.skipIf(!serversAvailable())('what does not go by the book still reaches the edge', () => {
  let standing: Standing;
  let central: Sidecar;
  let edge: Sidecar;
  let nats: Nats;
  let openfga: string;
  let store: StoreIds;

  beforeAll(async () => {
    standing = await startStanding();
    ({ central, edge, nats } = standing);
    openfga = standing.openfga.http;
    store = await companyStore(standing, 'faults');
    await untilLocal(edge, store.storeId);
  });
  afterAll(async () => {
    await standing?.stop();
    await nats?.stop();
  });

  const owner = (who: string) => ({ user: `user:${who}`, relation: 'owner', object: 'document:shared' });

  /** Resolves when the edge answers this Check itself, with this answer. */
  function answers(who: string, granted: boolean) {
    return eventually(
      async () => {
        const reply = await check(edge.http, store.storeId, owner(who));
        return [allowed(reply), reply.headers['rsfga-served-by'], reply.headers['rsfga-declined']];
      },
      ([seen, by]) => seen === granted && by === 'local',
    );
  }

  test('a Write made directly at OpenFGA', async () => {
    await answers('direct', false);
    await expectStatus(200, write(openfga, store.storeId, { writes: [owner('direct')] }));
    await answers('direct', true);
    await expectStatus(200, write(openfga, store.storeId, { deletes: [owner('direct')] }));
    await answers('direct', false);
  });

  test('a model written directly at OpenFGA', async () => {
    await expectStatus(200, write(central.http, store.storeId, { writes: [owner('model')] }));
    const newer = modelFrom(`
      model
        schema 1.1
      type user
      type document
        relations
          define owner: [user]
          define newcomer: owner
    `);
    const modelId = await writeModel(openfga, store.storeId, newer);
    const key = { user: 'user:model', relation: 'newcomer', object: 'document:shared' };
    const reply = await eventually(
      () => check(edge.http, store.storeId, key),
      ({ status, headers }) => status === 200 && headers['rsfga-served-by'] === 'local',
    );
    expect(allowed(reply)).toBe(true);
    expect(reply.headers['openfga-authorization-model-id']).toBe(modelId);
  });

  test('Writes before, during and after a kill -9 of the central', async () => {
    const before = await expectStatus(200, write(central.http, store.storeId, { writes: [owner('before')] }));
    expect(before.headers['rsfga-revision']).toBeDefined();
    // Several are under way when it dies: each is committed or not, and OpenFGA knows which.
    const burst = Array.from({ length: 30 }, (_, n) =>
      write(central.http, store.storeId, { writes: [owner(`burst-${n}`)] }).catch(() => undefined),
    );
    await sleep(5);
    await central.kill();
    await Promise.all(burst);
    await expectStatus(200, write(openfga, store.storeId, { writes: [owner('while-away')] }));
    await central.restart();
    const after = await expectStatus(200, write(central.http, store.storeId, { writes: [owner('after')] }));
    expect(after.status).toBe(200);
    await answers('after', true);
    await answers('while-away', true);
    for (let n = 0; n < 30; n++) {
      await answers(`burst-${n}`, allowed(await check(openfga, store.storeId, owner(`burst-${n}`))));
    }
  });

  test('Writes while nats-server is away, with their 200, once it is back', async () => {
    await nats.stop();
    await expectStatus(200, write(central.http, store.storeId, { writes: [owner('no-nats')] }));
    expect((await central.status()).health.state).toBe('degraded');
    nats = await startNats({ port: nats.port, storeDir: nats.storeDir });
    await answers('no-nats', true);
    const again = write(central.http, store.storeId, { writes: [owner('nats-again')] });
    await expectStatus(200, again);
    await answers('nats-again', true);
    await eventually(
      () => central.status(),
      ({ health }) => health.state === 'healthy',
    );
  });

  test('and at the end the edge holds what OpenFGA holds, without having bootstrapped again', async () => {
    // One copy: the first.
    expect(storeStatus(await edge.status(), store.storeId)).toMatchObject({ phase: 'complete', resyncs: 1 });
    await edge.terminate();
    const held = await heldBy(edge, store.storeId);
    expect(difference(held.tuples, await readAll(openfga, store.storeId))).toEqual(NO_DIFFERENCE);
  });
});
