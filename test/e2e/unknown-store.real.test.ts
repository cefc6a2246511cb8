/** Products that name stores which a real OpenFGA does not have, before the right one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, createStore, expectStatus, type StoreIds, write } from '../support/api.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
  type SidecarYaml,
  storeStatus,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { SMALL } from './standing.ts';

const WRONG = ['01J0000000000000000000000X', '01J0000000000000000000000Y', '01J0000000000000000000000Z'];
const key = { user: 'user:anne', relation: 'owner', object: 'document:one' };
/** Several tries of the wrong ids. */
const A_WHILE_MS = 12_000;

describe.skipIf(!serversAvailable())('stores that the upstream does not have', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let right: StoreIds;

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    right = await createStore(openfga.http, 'right', SMALL.model);
    await expectStatus(200, write(openfga.http, right.storeId, { writes: [key] }));
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  const products = () => [{ id: 'all', stores: [...WRONG, right.storeId], tier: 'critical' }];

  async function startEdge(name: string, yaml: SidecarYaml): Promise<Sidecar> {
    const edge = await fleet.start(name, { ...yaml, products: products() });
    await eventually(
      () => edge.status(),
      (status) =>
        storeStatus(status, right.storeId)?.phase === 'complete' &&
        WRONG.every((id) => storeStatus(status, id)?.unknown === true),
      30_000,
    );
    return edge;
  }

  test.each([
    ['nats', () => edgeYaml(central.http, nats.url)],
    ['upstream', () => ({ role: 'edge', upstream: { http: openfga.http }, changelog: 'upstream' }) as const],
  ])('are named by an edge on "%s", and the others do not suffer', async (log, yaml) => {
    const edge = await startEdge(`edge-${log}`, yaml());
    expect((await check(edge.http, right.storeId, key)).headers['rsfga-served-by']).toBe('local');
    expect((await check(edge.http, WRONG[0] ?? '', key)).headers['rsfga-served-by']).toBe('upstream');
    await new Promise((resolve) => setTimeout(resolve, A_WHILE_MS));
    const { health, changelog } = await edge.status();
    expect(health.conditions.map(({ name }) => name)).toEqual(['unknown-store']);
    for (const id of WRONG) expect(health.conditions[0]?.lastError).toContain(id);
    // Trying again leaves nothing in the log that nobody reads.
    expect(changelog.lag).toBeLessThanOrEqual(2 * WRONG.length);
    expect((await check(edge.http, right.storeId, key)).headers['rsfga-served-by']).toBe('local');
  });
});
