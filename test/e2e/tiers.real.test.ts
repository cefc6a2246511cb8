/** A store kept `hot`, one kept `warm`, on one edge behind a central, as an operator runs them. */
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheKey } from '../../plugins/tier/warm-key.ts';
import type { TupleKey } from '../../src/fga/tuple.ts';
import {
  allowed,
  check,
  createStore,
  expectStatus,
  type Reply,
  type StoreIds,
  write,
} from '../support/api.ts';
import { modelFrom } from '../support/datasets.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define owner: [user]
    define blocked: [group#member]
    define viewer: owner but not blocked
type island
  relations
    define owner: [user]`);

const OWNER: TupleKey = { user: 'user:anne', relation: 'owner', object: 'document:1' };
const VIEWER: TupleKey = { ...OWNER, relation: 'viewer' };
const BLOCKED: TupleKey = { user: 'group:g#member', relation: 'blocked', object: 'document:1' };
const MEMBER: TupleKey = { user: 'user:anne', relation: 'member', object: 'group:g' };
const MAX_STALENESS_MS = 3_000;

const by = ({ headers }: Reply) => headers['rsfga-served-by'];
const why = ({ headers }: Reply) => headers['rsfga-declined'];

describe.skipIf(!serversAvailable())('an edge with a hot and a warm store', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let central: Sidecar;
  let edge: Sidecar;
  let hot: StoreIds;
  let warm: StoreIds;

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    central = await fleet.start('central', centralYaml(openfga.http, nats.url));
    hot = await createStore(central.http, 'hot', MODEL);
    warm = await createStore(central.http, 'warm', MODEL);
    for (const { storeId } of [hot, warm])
      await expectStatus(200, write(central.http, storeId, { writes: [OWNER, BLOCKED] }));
    const tier = { hot: { object_types: ['document'] } };
    const products = [
      { id: 'hot', stores: [hot.storeId], tier },
      { id: 'warm', stores: [warm.storeId], tier: 'warm', max_staleness: `${MAX_STALENESS_MS}ms` },
    ];
    edge = await fleet.start('edge', edgeYaml(central.http, nats.url, { products }));
    await edge.synced();
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  const ask = (storeId: string, key = VIEWER) => check(edge.http, storeId, key);
  /** Writes at the centre, and waits until the edge has it. */
  async function change(storeId: string, delta: Parameters<typeof write>[2]): Promise<void> {
    const { headers } = await expectStatus(200, write(central.http, storeId, delta));
    const revision = headers['rsfga-revision'] ?? '';
    await eventually(
      () => ask(storeId),
      (reply) => isPast(reply.headers['rsfga-revision'] ?? '', revision),
    );
  }
  /** Asks until the answer comes from memory. */
  const remembered = (key = VIEWER) =>
    eventually(
      () => ask(warm.storeId, key),
      (reply) => by(reply) === 'cache',
    );

  test('hot answers what can read documents alone, and forwards the rest', async () => {
    const owner = await ask(hot.storeId, OWNER);
    expect([by(owner), allowed(owner)]).toEqual(['local', true]);
    const viewer = await ask(hot.storeId);
    expect([by(viewer), why(viewer), allowed(viewer)]).toEqual(['upstream', 'reach', true]);
  });

  test('hot keeps the listed type on disk, and nothing of the others travels', async () => {
    const kept = async () =>
      (await edge.status()).products.flatMap(({ stores }) => stores).find((s) => s.storeId === hot.storeId);
    expect((await kept())?.tuples).toBe(2);
    await change(hot.storeId, { writes: [MEMBER, { ...OWNER, user: 'user:bob' }] });
    expect((await kept())?.tuples).toBe(3);
    expect(allowed(await ask(hot.storeId))).toBe(false);
  });

  test('warm forwards once, then answers the same from memory', async () => {
    const first = await ask(warm.storeId);
    expect([by(first), why(first), allowed(first)]).toEqual(['upstream', 'miss', true]);
    const again = await ask(warm.storeId);
    expect([by(again), why(again)]).toEqual(['cache', undefined]);
    expect(again.body).toEqual(first.body);
    expect(again.headers['openfga-authorization-model-id']).toBe(warm.modelId);
  });

  test('a change that cannot affect the answer leaves it, one that can drops it', async () => {
    await remembered();
    await change(warm.storeId, { writes: [{ ...OWNER, object: 'island:1' }] });
    expect(by(await ask(warm.storeId))).toBe('cache');
    await change(warm.storeId, { writes: [MEMBER] });
    const after = await remembered();
    expect(allowed(after)).toBe(false);
    await change(warm.storeId, { deletes: [MEMBER] });
    expect(allowed(await remembered())).toBe(true);
  });

  test('no query through the edge is answered older than a Write through the edge', async () => {
    for (let round = 0; round < 5; round += 1) {
      await expectStatus(200, write(edge.http, warm.storeId, { writes: [MEMBER] }));
      expect(allowed(await ask(warm.storeId))).toBe(false);
      await expectStatus(200, write(edge.http, warm.storeId, { deletes: [MEMBER] }));
      expect(allowed(await ask(warm.storeId))).toBe(true);
    }
  });

  test('warm keeps no tuples', async () => {
    const { products } = await edge.status();
    expect(products.find(({ id }) => id === 'warm')).toMatchObject({ tier: 'warm', stores: [{ tuples: 0 }] });
    expect(await edge.metrics()).toMatch(/rsfga_cache_answers_total\{outcome="hit"\} [1-9]/);
  });

  test('an operator drops one answer by its key', async () => {
    await remembered();
    await remembered(OWNER);
    const { storeId, modelId } = warm;
    const query = {
      method: 'Check',
      storeId,
      tupleKey: VIEWER,
      contextualTuples: [],
      consistency: 'unspecified',
    } as const;
    const nc = await connect({ servers: nats.url });
    nc.publish(`rsfga.control.invalidate.${cacheKey(query, modelId)}`);
    await nc.drain();
    await eventually(
      () => ask(storeId),
      (reply) => why(reply) === 'miss',
    );
    expect(by(await ask(storeId, OWNER))).toBe('cache');
  });

  test('while the stream is cut beyond max_staleness the memory stands aside', async () => {
    await remembered();
    nats.kill();
    const cut = await eventually(
      () => ask(warm.storeId),
      (reply) => why(reply) === 'stale',
      20_000,
    );
    expect([by(cut), allowed(cut)]).toEqual(['upstream', true]);
  });
});

function isPast(held: string, wanted: string): boolean {
  return Number(held.split('.')[1]) >= Number(wanted.split('.')[1]);
}
