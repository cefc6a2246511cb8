/** The topology of the README, with OpenFGA gone: the central is reached, and has no answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowed, check, createStore, type StoreIds, writeAll } from '../support/api.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { SMALL } from './standing.ts';

describe.skipIf(!serversAvailable())('an edge behind a central whose OpenFGA is away', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let edge: Sidecar;
  let store: StoreIds;

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    store = await createStore(openfga.http, 'away', SMALL.model);
    await writeAll(openfga.http, store.storeId, SMALL.tuples.slice(0, 100));
    fleet = createFleet();
    const central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    const product = { id: 'all', stores: ['*'], tier: 'critical', max_staleness: '1s', on_stale: 'forward' };
    edge = await fleet.start('edge', edgeYaml(central.http, nats.url, { products: [product] }));
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  test('answers from its copy past max_staleness, with its age, up to max_offline', async () => {
    const [key] = SMALL.tuples;
    if (!key) throw new Error('no tuples');
    const { user, relation, object } = key;
    const ask = () => check(edge.http, store.storeId, { user, relation, object });
    const before = await eventually(ask, ({ headers }) => headers['rsfga-served-by'] === 'local');
    await openfga.stop();
    const after = await eventually(ask, ({ headers }) => Number(headers['rsfga-staleness-ms']) > 1_000);
    expect([after.status, after.headers['rsfga-served-by']]).toEqual([200, 'local']);
    expect(allowed(after)).toBe(allowed(before));
  });
});
