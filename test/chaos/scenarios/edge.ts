/** Faults of the edges themselves, and what reaches them although nobody sent it their way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { operatorOf } from '../../plugins/changelog/nats-fixture.ts';
import { call, expectStatus, write, writeAll, writeModel } from '../../support/api.ts';
import { eventually, type Sidecar, storeStatus } from '../../support/fleet.ts';
import { counterStart, grant, MODEL } from '../company.ts';
import type { Scenario, Stage } from '../scenario.ts';
import { BUCKET } from '../world.ts';

const killedApplying: Scenario = {
  name: 'kill -9 of an edge while it applies',
  transactions: 'whole',
  writers: 6,
  pauseMs: 0,
  async play({ world, chance, rounds }) {
    for (let round = 0; round < rounds; round += 1) {
      const edge = chance.pick(world.edges);
      await sleep(100 + chance.below(300));
      await edge.kill();
      await edge.restart();
    }
    return rounds;
  },
};

/** Enough tuples that a copy takes some hundred ms. */
const COPIED = 4_000;

const killedCopying: Scenario = {
  name: 'kill -9 of an edge while it copies',
  // A store is copied meanwhile: docs/guarantees.md, just after a copy.
  transactions: 'batches',
  async play(stage) {
    const { world, chance, rounds, storeId } = stage;
    const many = Array.from({ length: COPIED }, (_, n) => grant(9, n));
    await writeAll(world.centrals[0]?.http ?? '', storeId, many);
    let caught = 0;
    for (let round = 0; round < rounds; round += 1) {
      const edge = chance.pick(world.edges);
      await removeCopy(edge);
      // The first question after an empty start begins the copy.
      await askAnything(edge, storeId);
      await eventually(
        () => phaseOf(edge, storeId),
        (phase) => phase !== 'absent' && phase !== undefined,
      );
      await sleep(chance.below(150));
      if ((await phaseOf(edge, storeId)) !== 'complete') caught += 1;
      await edge.kill();
      await edge.restart();
      await askAnything(edge, storeId);
    }
    return caught;
  },
};

/** As if its disk had been replaced. */
async function removeCopy(edge: Sidecar): Promise<void> {
  await edge.kill();
  edge.emptyStore();
  await edge.restart();
}

async function askAnything(edge: Sidecar, storeId: string): Promise<void> {
  const tuple_key = { user: 'user:nobody', relation: 'owner', object: 'document:none' };
  await call(edge.http, `/stores/${storeId}/check`, { body: { tuple_key } }).catch(() => undefined);
}

async function phaseOf(edge: Sidecar, storeId: string): Promise<string | undefined> {
  return storeStatus(await edge.status(), storeId)?.phase;
}

/** Whatever a new edge finds in the bucket, what it holds in the end is the upstream's. */
const corrupted: Scenario = {
  name: 'snapshots corrupted under new edges',
  // A store is copied meanwhile: docs/guarantees.md, just after a copy.
  transactions: 'batches',
  async play({ world, storeId, rounds }) {
    const edge = world.edges[1] ?? raise();
    let refused = 0;
    for (let tries = 0; refused < rounds && tries < rounds + MORE_TRIES; tries += 1) {
      const damage = () => damageSnapshots(world.nats().url, storeId);
      await eventually(damage, (damaged) => damaged > 0, 30_000);
      await removeCopy(edge);
      await askAnything(edge, storeId);
      await eventually(
        () => phaseOf(edge, storeId),
        (phase) => phase === 'complete',
        60_000,
      );
      if (/snapshot .*cannot be used/.test(edge.output())) refused += 1;
    }
    return refused;
  },
};

/** The writer may replace a damaged snapshot before the edge comes by. */
const MORE_TRIES = 4;

/** Of two that may lie there, how many are damaged now. */
async function damageSnapshots(nats: string, storeId: string): Promise<number> {
  const names = ['a', 'b'].map((slot) => `${storeId}.all.${slot}`);
  const damage = (name: string) => operatorOf(nats).damageObject(BUCKET, name);
  const done = await Promise.allSettled(names.map(damage));
  return done.filter(({ status }) => status === 'fulfilled').length;
}

function raise(): never {
  throw new Error('a world has two edges');
}

/** Once the edges have shown that a tuple is gone, it never comes back, whatever is restarted. */
const revoked: Scenario = {
  name: 'a tuple deleted in mid-run, then restarts',
  transactions: 'batches',
  async play(stage) {
    const { world, storeId, chance, rounds } = stage;
    const base = world.centrals[0]?.http ?? '';
    const keys = Array.from({ length: 5 * rounds }, (_, n) => grant(8, n));
    await expectStatus(200, write(base, storeId, { writes: keys }));
    await sleep(200);
    await expectStatus(200, write(base, storeId, { deletes: keys }));
    const watching = new AbortController();
    const watched = world.edges.map((edge) => staysAway(stage, edge, keys, watching.signal));
    await chance.pick(world.centrals).kill();
    await Promise.all(world.edges.map((edge) => edge.kill()));
    await Promise.all([...world.edges, ...world.centrals].map(restartIfGone));
    await sleep(600);
    watching.abort();
    await Promise.all(watched);
    return keys.length;
  },
};

async function restartIfGone(sidecar: Sidecar): Promise<void> {
  try {
    await call(sidecar.admin, '/healthz');
  } catch {
    await sidecar.restart();
  }
}

async function staysAway(
  { storeId, watchers }: Stage,
  edge: Sidecar,
  keys: readonly { user: string; relation: string; object: string }[],
  signal: AbortSignal,
): Promise<void> {
  const gone = new Set<string>();
  while (!signal.aborted) {
    const checks = keys.map((tuple_key, n) => ({ tuple_key, correlation_id: `k${n}` }));
    const reply = await call(edge.http, `/stores/${storeId}/batch-check`, { body: { checks } }).catch(
      () => undefined,
    );
    if (reply?.status === 200 && reply.headers['rsfga-served-by'] === 'local') {
      const { result } = reply.body as { result: Record<string, { allowed: boolean }> };
      for (const [id, { allowed }] of Object.entries(result)) {
        if (!allowed) gone.add(id);
        else if (gone.has(id)) watchers[0]?.seen.violations.push(`${edge.name}: ${id} reappeared`);
      }
    }
    await sleep(15);
  }
}

const directModel: Scenario = {
  name: 'a model written at OpenFGA directly',
  transactions: 'whole',
  async play({ world, storeId, rounds }) {
    for (let round = 0; round < rounds; round += 1) {
      const modelId = await writeModel(world.openfga.http, storeId, MODEL);
      await Promise.all(world.edges.map((edge) => untilModel(edge, storeId, modelId)));
    }
    return rounds;
  },
};

/** Until the edge itself answers a question that names no model from this one. */
async function untilModel(edge: Sidecar, storeId: string, modelId: string): Promise<void> {
  const tuple_key = { user: 'user:v0', relation: 'whole', object: counterStart('c-0-0')[1]?.object };
  await eventually(
    () => call(edge.http, `/stores/${storeId}/check`, { body: { tuple_key } }),
    ({ headers }) =>
      headers['rsfga-served-by'] === 'local' && headers['openfga-authorization-model-id'] === modelId,
    30_000,
  );
}

export const EDGE: readonly Scenario[] = [killedApplying, killedCopying, corrupted, revoked, directModel];
