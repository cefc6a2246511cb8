/**
 * `npm run bench -- [--quick] [--memory] [--rows direct,nested,forwarded,propagation,engine] [--record]`
 *
 * Starts OpenFGA with its memory store and, where PostgreSQL is installed, with that; an edge beside each; and measures
 * them row by row. OpenFGA's memory store scans, so its rows hold 10 000 tuples; the large rows are PostgreSQL's.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { postgresAvailable } from '../test/support/servers.ts';
import { LARGE, MIDDLE, SMALL } from './dataset.ts';
import type { EngineRow } from './engine.ts';
import { type Load, startLoad } from './load.ts';
import {
  compareAnswers,
  measureRounds,
  type Plan,
  type RowResult,
  summarize,
  type Target,
} from './measure.ts';
import { measurePropagation } from './propagation.ts';
import { machineText, markdown, marksOf, type Report, record, save, versions } from './report.ts';
import { ROWS, type Row } from './rows.ts';
import { type Datastore, type Setup, startSetup } from './setup.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rows: { type: 'string' },
    memory: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const PLAN: Plan = flags.quick
  ? { rounds: 2, measureMs: 500, warmUpMs: 300, connections: 50 }
  : { rounds: 5, measureMs: 2_000, warmUpMs: 1_000, connections: 50 };
const wanted = flags.rows?.split(',');

await main();

async function main(): Promise<void> {
  const load = startLoad();
  try {
    const memory = await onSetup('memory', load);
    const large = postgresAvailable() && !flags.memory ? await onSetup('postgres', load) : undefined;
    const rows = [...memory.rows, ...(large?.rows ?? [])];
    const { propagation } = memory;
    const engine = isWanted('engine') ? measureEngine() : undefined;
    const results = {
      at: new Date().toISOString(),
      machine: machineText(),
      versions: versions(),
      quick: flags.quick,
      rounds: PLAN.rounds,
      rows,
      ...(propagation && { propagation }),
      ...(engine && { engine }),
      bootstrap: [memory.bootstrap, ...(large ? [large.bootstrap] : [])],
    };
    const report: Report = { ...results, marks: marksOf(results) };
    save(report);
    if (flags.record) record(report);
    console.log(`\n${markdown(report)}`);
    if (!postgresAvailable()) console.log('PostgreSQL is not installed: the large rows were not run.');
  } finally {
    load.stop();
  }
}

async function onSetup(datastore: Datastore, load: Load) {
  const large = flags.quick ? MIDDLE : LARGE;
  const sizes = datastore === 'memory' ? SMALL : large;
  const setup = await startSetup(datastore, sizes);
  try {
    const setting = `OpenFGA on ${datastore}`;
    const rows: RowResult[] = [];
    for (const row of ROWS.filter((r) => isWanted(r.id) && (datastore === 'postgres' || !r.largeOnly))) {
      rows.push(await measured(row, setup, load, setting));
    }
    if (isWanted('forwarded')) rows.push(await forwarded(setup, load, setting));
    const samples = flags.quick ? 100 : 500;
    const propagation =
      datastore === 'memory' && isWanted('propagation')
        ? await measurePropagation(setup, samples)
        : undefined;
    const bootstrap = { setting, tuples: setup.data.tuples.length, seconds: setup.bootstrapSeconds };
    return { rows, propagation, bootstrap };
  } finally {
    await setup.stop();
  }
}

/** In a process of its own, so that nothing else is compiled or collected beside it. */
function measureEngine(): readonly EngineRow[] {
  const folder = import.meta.dirname;
  const args = [join(folder, 'engine.ts'), ...(flags.quick ? ['--quick'] : [])];
  const run = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (run.status !== 0) throw new Error('bench/engine.ts failed');
  const text = readFileSync(join(folder, 'results/engine.json'), 'utf8');
  return (JSON.parse(text) as { rows: readonly EngineRow[] }).rows;
}

function isWanted(id: string): boolean {
  return wanted === undefined || wanted.includes(id);
}

async function measured(row: Row, setup: Setup, load: Load, setting: string): Promise<RowResult> {
  const { storeId, data } = setup;
  const openfga = { name: 'openfga', http: setup.openfga.http, storeId, pids: setup.openfgaPids };
  const edge = { name: 'edge', http: setup.edge.http, storeId, pids: [setup.edge.pid()] };
  const bare = { name: 'bare', http: setup.bare.http, storeId, pids: [setup.bare.pid] };
  const targets = [...(row.againstBare ? [bare] : []), openfga, edge];
  const notes = await compareAnswers(row, data.sizes, openfga, edge);
  return result({ row, targets, setup, load, setting, notes });
}

/** The direct Check again, in the store that the edge does not keep. */
function forwarded(setup: Setup, load: Load, setting: string): Promise<RowResult> {
  const direct = ROWS.find(({ id }) => id === 'direct');
  if (!direct) throw new Error('no row called direct');
  const row = { ...direct, id: 'forwarded', says: 'the direct Check through an edge that forwards it' };
  const storeId = setup.coldStoreId;
  const targets = [
    { name: 'openfga', http: setup.openfga.http, storeId, pids: setup.openfgaPids },
    { name: 'edge', http: setup.edge.http, storeId, pids: [setup.edge.pid()] },
  ];
  return result({ row, targets, setup, load, setting, notes: [] });
}

interface Task {
  readonly row: Row;
  readonly targets: readonly Target[];
  readonly setup: Setup;
  readonly load: Load;
  readonly setting: string;
  readonly notes: readonly string[];
}

async function result({ row, targets, setup, load, setting, notes }: Task): Promise<RowResult> {
  const { sizes, tuples } = setup.data;
  const rounds = await measureRounds({ row, targets, sizes, plan: PLAN, load });
  const summary = summarize(targets, rounds);
  const shown = Object.entries(summary.figures).map(
    ([name, f]) => `${name} ${Math.round(f.requestsPerSecond)}/s`,
  );
  console.log(`${row.id} (${setting}): ${shown.join(', ')}; ${notes.join('; ')}`);
  return { id: row.id, says: row.says, setting, tuples: tuples.length, ...summary, notes };
}
