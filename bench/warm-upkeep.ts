/**
 * What it costs to keep generations while 5 000 tuples change a second, and how many answers stay remembered meanwhile. The upstream
 * is the embedded one: nothing else on two cores makes changes at that pace beside what is measured.
 *
 * The machine is shared by whoever makes the changes, so each figure has two yardsticks: nothing changes, and the same changes in
 * a store that this edge does not follow. What is between the latter and the changes that it follows is upkeep.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore, writeAll } from '../test/support/api.ts';
import { createFleet, edgeYaml } from '../test/support/fleet.ts';
import { startNats } from '../test/support/servers.ts';
import { beginChanges, type Condition, KEPT, type Scene, UPKEEP } from './changes.ts';
import { cpuSeconds } from './cpu.ts';
import { benchData, SMALL } from './dataset.ts';
import type { Load } from './load.ts';
import { type Figures, inTurns, type Loaded, loadedBy, median, type Plan } from './measure.ts';
import { ROWS } from './rows.ts';
import { hitRate, readCache, WARM } from './warm-cache.ts';

export interface UpkeepRow {
  readonly name: string;
  /** That really came about, while the edge was asked. */
  readonly changesPerSecond: number;
  readonly figures: Figures;
  /** Answered from memory, in [0, 1]. */
  readonly hitRate: number;
  /** Of the edge, with no queries: milliseconds of CPU a second. */
  readonly idleCpuMs: number;
}

export interface Upkeep {
  readonly rows: readonly UpkeepRow[];
  /** Microseconds of the edge's CPU per change that it follows, with no queries; the median over the rounds. */
  readonly cpuUsPerChange: number;
  readonly kept: readonly Omit<UpkeepRow, 'idleCpuMs'>[];
}

export async function measureUpkeep(load: Load, plan: Plan): Promise<Upkeep> {
  const nats = await startNats();
  const fleet = createFleet();
  try {
    const changelog = { nats: { servers: [nats.url] } };
    const central = await fleet.start('central', { role: 'central', upstream: 'embedded', changelog });
    const data = benchData(SMALL);
    const filled = async (name: string) => {
      const { storeId } = await createStore(central.http, name, data.model);
      await writeAll(central.http, storeId, data.tuples);
      return storeId;
    };
    const [followed, elsewhere] = [await filled('followed'), await filled('elsewhere')];
    const products = [{ id: 'warm', stores: [followed], tier: WARM }];
    const edge = await fleet.start('edge', edgeYaml(central.http, nats.url, { products }));
    await edge.synced();
    return await measureAll({ central, edge, followed, elsewhere }, load, plan);
  } finally {
    await fleet.stop();
    await nats.stop();
  }
}

async function measureAll(scene: Scene, load: Load, plan: Plan): Promise<Upkeep> {
  const rounds = new Map(UPKEEP.map(({ name }) => [name, [] as (Asked & Quiet)[]]));
  for (let round = -1; round < plan.rounds; round += 1)
    for (const condition of UPKEEP) {
      const asked = await askedUnder(scene, condition, { load, plan });
      const quiet = await quietUnder(scene, condition, plan.measureMs);
      // The first round warms up.
      if (round >= 0) rounds.get(condition.name)?.push({ ...asked, ...quiet });
    }
  const rows = UPKEEP.map(({ name }) => ({ ...together(name, rounds.get(name) ?? []) }));
  const kept: Omit<UpkeepRow, 'idleCpuMs'>[] = [];
  for (const condition of KEPT) {
    const { idleCpuMs: _, ...row } = together(condition.name, [
      { ...(await askedUnder(scene, condition, { load, plan })), idleCpuMs: 0, quietChanges: 0 },
    ]);
    kept.push(row);
  }
  return { rows, kept, cpuUsPerChange: perChange(rounds) };
}

interface Asked {
  readonly figures: Figures;
  readonly hitRate: number;
  readonly changesPerSecond: number;
}

interface Quiet {
  readonly idleCpuMs: number;
  /** Changes a second, meanwhile. */
  readonly quietChanges: number;
}

async function askedUnder(
  scene: Scene,
  condition: Condition,
  { load, plan }: { load: Load; plan: Plan },
): Promise<Asked> {
  const row = ROWS.find(({ id }) => id === 'direct');
  if (!row) throw new Error('no row called direct');
  const { edge, followed } = scene;
  const target = { name: 'edge', http: edge.http, storeId: followed, pids: [edge.pid()] };
  const loaded: Loaded = loadedBy(load, target, { row, sizes: SMALL, connections: plan.connections });
  const stop = beginChanges(scene, condition);
  await loaded.run(plan.warmUpMs);
  const before = await readCache(edge);
  const [figures] = (await inTurns([loaded], { rounds: 1, measureMs: plan.measureMs, warmUpMs: 0 })).flat();
  const rate = hitRate(await readCache(edge), before);
  const written = await stop();
  if (!figures) throw new Error('nothing was measured');
  return { figures, hitRate: rate, changesPerSecond: written.changes / written.seconds };
}

/** The edge's CPU with nobody asking. */
async function quietUnder(scene: Scene, condition: Condition, ms: number): Promise<Quiet> {
  const stop = beginChanges(scene, condition);
  await sleep(Math.min(500, ms));
  const pids = [scene.edge.pid()];
  const [began, before] = [performance.now(), cpuSeconds(pids) ?? Number.NaN];
  await sleep(ms);
  const used = (cpuSeconds(pids) ?? Number.NaN) - before;
  const seconds = (performance.now() - began) / 1000;
  const written = await stop();
  return { idleCpuMs: (used * 1000) / seconds, quietChanges: written.changes / written.seconds };
}

function together(name: string, all: readonly (Asked & Quiet)[]): UpkeepRow {
  const of = (pick: (one: Asked & Quiet) => number) => median(all.map(pick));
  const cpus = all.flatMap(({ figures: { cpuUs } }) => (cpuUs === undefined ? [] : [cpuUs]));
  const figures: Figures = {
    requestsPerSecond: of((one) => one.figures.requestsPerSecond),
    p50Ms: of((one) => one.figures.p50Ms),
    p99Ms: of((one) => one.figures.p99Ms),
    ...(cpus.length > 0 && { cpuUs: median(cpus) }),
    refused: all.reduce((sum, one) => sum + one.figures.refused, 0),
    loadShare: of((one) => one.figures.loadShare),
  };
  return {
    name,
    figures,
    changesPerSecond: of((one) => one.changesPerSecond),
    hitRate: of((one) => one.hitRate),
    idleCpuMs: of((one) => one.idleCpuMs),
  };
}

/** Beside a round in which the same changes were made elsewhere. */
function perChange(rounds: ReadonlyMap<string, readonly Quiet[]>): number {
  const [elsewhere = [], followed = []] = ['changes elsewhere', 'changes followed'].map((name) =>
    rounds.get(name),
  );
  return median(
    followed.map(({ idleCpuMs, quietChanges }, round) => {
      const besides = elsewhere[round]?.idleCpuMs ?? Number.NaN;
      return ((idleCpuMs - besides) * 1000) / quietChanges;
    }),
  );
}
