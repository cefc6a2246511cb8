import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tuple } from '../../src/fga/tuple.ts';
import { createStore, type Reply, readAll, type StoreIds, write } from '../support/api.ts';
import { type CutLine, startCutLine } from '../support/cut-line.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, serversAvailable, startNats, startOpenFga } from '../support/servers.ts';
import { difference, heldBy, NO_DIFFERENCE } from './held.ts';
import { SMALL, untilLocal } from './standing.ts';

/** One more than the lease: how long nobody may publish after a crash, on a machine that is busy. */
const TAKE_OVER_MS = 30_000;

describe.skipIf(!serversAvailable())('two central sidecars beside one OpenFGA', () => {
  let openfga: OpenFga;
  let nats: Nats;
  let fleet: Fleet;
  let line: CutLine;
  let centrals: readonly [Sidecar, Sidecar];
  let edge: Sidecar;
  let store: StoreIds;

  beforeAll(async () => {
    [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
    fleet = createFleet();
    line = await startCutLine(nats.port);
    // The first to come holds the lease: the one behind the line that is cut.
    const log = `nats://127.0.0.1:${line.port}`;
    const far = await fleet.start('far', centralYaml(openfga.http, log, { node_id: 'far' }));
    const near = await fleet.start('near', centralYaml(openfga.http, nats.url, { node_id: 'near' }));
    centrals = [near, far];
    store = await createStore(near.http, 'two', SMALL.model);
    edge = await fleet.start('edge', edgeYaml(openfga.http, nats.url));
    await untilLocal(edge, store.storeId);
  });
  afterAll(async () => {
    await fleet?.stop();
    await line?.close();
    await Promise.all([openfga?.stop(), nats?.stop()]);
  });

  const owner = (who: string): Tuple => ({ user: `user:${who}`, relation: 'owner', object: 'document:both' });

  async function holds(sidecar: Sidecar): Promise<boolean> {
    return (await sidecar.status()).capture?.sequencer === true;
  }

  async function holder(among: readonly Sidecar[] = centrals): Promise<Sidecar> {
    const found = () => Promise.all(among.map(async (one) => ((await holds(one)) ? [one] : [])));
    const all = await eventually(
      async () => (await found()).flat(),
      (those) => those.length === 1,
      TAKE_OVER_MS,
    );
    return all[0] as Sidecar;
  }

  function other(one: Sidecar): Sidecar {
    return one === centrals[0] ? centrals[1] : centrals[0];
  }

  /** Writes and deletes the same few tuples until told to stop; 400 and 409 are how OpenFGA says that another was first. */
  async function quarrel(through: Sidecar, label: string, going: () => boolean): Promise<Reply[]> {
    const replies: Reply[] = [];
    for (let n = 0; going(); n++) {
      const tuple = owner(`same-${n % 3}`);
      const delta = n % 2 === 0 ? { writes: [tuple] } : { deletes: [tuple] };
      const own = { writes: [owner(`${label}-${n}`)] };
      for (const one of [delta, own]) {
        const reply = await write(through.http, store.storeId, one).catch(() => undefined);
        if (reply) replies.push(reply);
      }
    }
    return replies;
  }

  /** What the edge answers from its own store, tuple by tuple, is what OpenFGA holds. */
  async function agrees(): Promise<void> {
    const wanted = (await readAll(openfga.http, store.storeId)).length;
    await eventually(
      async () => (await edge.status()).products[0]?.stores.find(({ storeId }) => storeId === store.storeId),
      (seen) => seen?.phase === 'complete' && seen.tuples === wanted && (seen.ageMs ?? 1e9) < 3_000,
      TAKE_OVER_MS,
    );
    await edge.terminate();
    const held = await heldBy(edge, store.storeId);
    await edge.restart();
    expect(difference(held.tuples, await readAll(openfga.http, store.storeId))).toEqual(NO_DIFFERENCE);
  }

  function turns(count: number): () => boolean {
    let left = count;
    return () => left-- > 0;
  }

  test('one of them publishes, and both say which', async () => {
    const one = await holder();
    const { capture } = await other(one).status();
    expect(capture).toMatchObject({ sequencer: false, lease: { state: 'elsewhere', holder: one.name } });
    expect(await one.metrics()).toMatch(/^rsfga_lease_held 1$/m);
    expect(await other(one).metrics()).toMatch(/^rsfga_lease_held 0$/m);
  });

  test('a Write through either has its revision and is read back from the edge at once', async () => {
    for (const central of centrals) {
      const reply = await write(central.http, store.storeId, { writes: [owner(`by-${central.name}`)] });
      expect([reply.status, reply.headers['rsfga-revision']]).toEqual([200, expect.stringMatching(/\.\d+$/)]);
    }
    const handedOver = await other(await holder()).metrics();
    expect(handedOver).toMatch(/^rsfga_handed_over_total [1-9]/m);
  });

  test('the same tuples written and deleted through both: the edge ends where OpenFGA does', async () => {
    const replies = await Promise.all(centrals.map((central) => quarrel(central, central.name, turns(60))));
    const made = replies.flat().filter(({ status }) => status === 200);
    expect(made.length).toBeGreaterThan(120);
    expect(made.filter(({ headers }) => headers['rsfga-revision'] === undefined)).toEqual([]);
    await agrees();
  });

  test('a holder that is cut off from NATS stops and the other takes over; what it captured meanwhile is found', async () => {
    const [near, far] = centrals;
    expect(await holder()).toBe(far);
    line.cut('silent');
    const reply = await write(far.http, store.storeId, { writes: [owner('cut-off')] });
    expect([reply.status, reply.headers['rsfga-revision']]).toEqual([200, undefined]);
    await eventually(() => holds(near), Boolean, TAKE_OVER_MS);
    expect(await holds(far)).toBe(false);
    await agrees();
    line.heal();
    await eventually(
      async () => (await far.status()).capture?.lease,
      (lease) => lease?.state === 'elsewhere' && lease.holder === 'near',
      TAKE_OVER_MS,
    );
    const later = await write(far.http, store.storeId, { writes: [owner('mended')] });
    expect(later.headers['rsfga-revision']).toMatch(/\.\d+$/);
  });

  test('SIGTERM hands the lease over at once', async () => {
    const before = await holder();
    const after = other(before);
    let going = true;
    const writes = quarrel(after, 'handover', () => going);
    const { code } = await before.terminate();
    expect(code).toBe(0);
    await eventually(() => holds(after), Boolean, TAKE_OVER_MS);
    expect(before.output()).not.toContain('could not be given back');
    going = false;
    await writes;
    await before.restart();
  });

  test('kill -9 of the holder under load: the other takes over, nothing is lost', async () => {
    const before = await holder();
    const after = other(before);
    let going = true;
    const writes = Promise.all([
      quarrel(before, 'killed', () => going),
      quarrel(after, 'survivor', () => going),
    ]);
    await sleep(300);
    await before.kill();
    await eventually(() => holds(after), Boolean, TAKE_OVER_MS);
    going = false;
    await writes;
    await agrees();
    await before.restart();
    expect(await holds(after)).toBe(true);
  });
});
