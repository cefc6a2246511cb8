/** Two products on one edge go through every tier, one after the other, while both are asked about and written to. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createStore } from '../support/api.ts';
import { temporaryFolder } from '../support/children.ts';
import {
  centralYaml,
  createFleet,
  eventually,
  type Fleet,
  type Sidecar,
  storeStatus,
} from '../support/fleet.ts';
import { type Interview, startInterview } from '../support/interview.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { makeThing, STEPPING, type Thing } from '../support/stepping.ts';
import { heldBy } from './held.ts';

const HOT = { hot: { object_types: ['document'] } };
/** The way of a product, and by whom its queries are answered there. */
const WAY = [
  { name: 'cold', tier: 'cold', by: ['upstream'] },
  { name: 'warm', tier: { warm: { ttl: '1h' } }, by: ['cache', 'upstream'] },
  // What reads groups as well is forwarded.
  { name: 'hot', tier: HOT, by: ['local', 'upstream'] },
  { name: 'critical', tier: 'critical', by: ['local'] },
  { name: 'cold', tier: 'cold', by: ['upstream'] },
] as const;
const METHODS = ['check', 'batch-check', 'list-objects'];
/** Answers of each method and origin that are judged before the product moves on. */
const ENOUGH = 5;
const PATIENCE_MS = 60_000;

describe.skipIf(!serversAvailable())('two products on one edge', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let edge: Sidecar;
  let interview: Interview;
  const stores: string[] = [];
  const tiers: unknown[] = ['cold', 'critical'];
  const file = join(temporaryFolder('tier-moves'), 'products.yaml');

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    for (const name of ['first', 'second'])
      stores.push((await createStore(openfga.http, name, STEPPING)).storeId);
    const central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    put();
    edge = await fleet.start('edge', {
      role: 'edge',
      upstream: { http: central.http },
      changelog: { nats: { servers: [nats.url] } },
      registry: { file },
      // On a slow machine a change may take longer than the default to arrive.
      consistency: { wait: '30s' },
    });
    const things: Thing[] = [];
    for (const storeId of stores)
      for (const through of ['edge', 'centre'] as const)
        things.push(await makeThing(central.http, { storeId, name: `by-${through}`, through }));
    await edge.synced();
    interview = startInterview({ edge: edge.http, centre: central.http }, things, 6);
  });
  afterAll(async () => {
    await interview?.stop();
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  /** As `mv` puts a file in the place of another. */
  function put(): void {
    const products = stores.map((storeId, n) => ({ id: `product-${n}`, stores: [storeId], tier: tiers[n] }));
    writeFileSync(`${file}.new`, stringify({ products }));
    renameSync(`${file}.new`, file);
  }

  async function become(product: number, tier: unknown, name: string): Promise<void> {
    tiers[product] = tier;
    put();
    await eventually(
      () => edge.status(),
      ({ products }) => products[product]?.tier === name,
      PATIENCE_MS,
    );
    await edge.synced();
  }

  /** Answers to each method, from each of the places, since now. */
  async function isAsked(storeId: string, by: readonly string[]): Promise<void> {
    const before = new Map(interview.judged);
    const since = (method: string, place: string) => {
      const name = `${storeId} ${method} ${place}`;
      return (interview.judged.get(name) ?? 0) - (before.get(name) ?? 0);
    };
    await eventually(
      async () => ({
        faults: interview.faults,
        asked: by.flatMap((place) => METHODS.map((method) => [method, place, since(method, place)] as const)),
      }),
      ({ faults, asked }) =>
        faults.length > 0 || asked.every(([method, place, count]) => count >= needed(method, place)),
      PATIENCE_MS,
    );
  }

  /** A batch asks what reads groups, and a hot product forwards that. */
  function needed(method: string, place: string): number {
    return method === 'batch-check' && place !== 'upstream' && tiers.includes(HOT) ? 0 : ENOUGH;
  }

  async function goesItsWay(product: number): Promise<void> {
    const storeId = stores[product] ?? '';
    const other = stores[1 - product] ?? '';
    for (const { name, tier, by } of WAY) {
      await become(product, tier, name);
      await isAsked(storeId, by);
      expect(interview.faults).toEqual([]);
      const kept = storeStatus(await edge.status(), storeId)?.tuples ?? 0;
      expect(kept > 0, `tuples kept in ${name}`).toBe(name === 'hot' || name === 'critical');
    }
    expect([...interview.judged.keys()].some((key) => key.startsWith(other))).toBe(true);
  }

  test('the first goes from cold over warm, hot and critical to cold, and every answer is right', async () => {
    const before = forwardedOf(stores[1]);
    await goesItsWay(0);
    // The one beside it was answered here all the time.
    expect(forwardedOf(stores[1])).toBe(before);
    expect(interview.judged.get(`${stores[1]} check local`)).toBeGreaterThan(50);
  });

  test('the second does, while the first is warm', async () => {
    await become(0, WAY[1].tier, 'warm');
    await goesItsWay(1);
    await isAsked(stores[0] ?? '', WAY[1].by);
  });

  test('in the end nothing of either is on disk', async () => {
    await become(0, 'cold', 'cold');
    await eventually(
      () => edge.status(),
      ({ store }) => store.leaving.length === 0,
      PATIENCE_MS,
    );
    await interview.stop();
    expect(interview.faults).toEqual([]);
    await edge.terminate();
    for (const storeId of stores)
      expect(await heldBy(edge, storeId)).toEqual({ tuples: [], counted: 0, head: undefined });
  });

  function forwardedOf(storeId = ''): number {
    return METHODS.reduce(
      (sum, method) => sum + (interview.judged.get(`${storeId} ${method} upstream`) ?? 0),
      0,
    );
  }
});
