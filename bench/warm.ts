/**
 * `node bench/warm.ts [--quick] [--record]`: tier `warm`. A remembered answer beside local, forwarded and OpenFGA's own; what 5 000
 * changes a second cost an edge that remembers; how many answers stay remembered under changes. About four minutes.
 */
import { parseArgs } from 'node:util';
import { startLoad } from './load.ts';
import type { Plan } from './measure.ts';
import { count, publish, rowTable } from './report.ts';
import { share } from './warm-cache.ts';
import { measureWarmRows } from './warm-rows.ts';
import { measureUpkeep, type Upkeep } from './warm-upkeep.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, record: { type: 'boolean', default: false } },
});
const PLAN: Plan = flags.quick
  ? { rounds: 1, measureMs: 500, warmUpMs: 500, connections: 50 }
  : { rounds: 5, measureMs: 1_500, warmUpMs: 800, connections: 50 };

const load = startLoad();
try {
  const rows = await measureWarmRows(load, PLAN);
  const upkeep = await measureUpkeep(load, PLAN);
  const lines = [
    `Medians of ${PLAN.rounds} interleaved rounds, ${PLAN.connections} connections, the load in a process of its own.`,
    '',
    ...rowTable(rows),
    '',
    ...upkeepTables(upkeep),
  ];
  publish({ name: 'warm', quick: flags.quick, results: { plan: PLAN, rows, upkeep }, lines }, flags.record);
} finally {
  load.stop();
}

function upkeepTables({ rows, kept, cpuUsPerChange }: Upkeep): string[] {
  return [
    `Upkeep: 20 tuples a transaction, in a relation that no answer reads; ${cpuUsPerChange.toFixed(1)} µs of the edge's CPU per change followed, with no queries.`,
    '',
    '| | changes/s | requests/s | p50 ms | p99 ms | CPU µs/request | remembered | CPU ms/s with no queries |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${[...cells(row), row.idleCpuMs.toFixed(1)].join(' | ')} |`),
    '',
    'Answers kept: 200 questions asked over and over. The last line is what invalidation by store would do to unrelated changes as well.',
    '',
    '| | changes/s | requests/s | p50 ms | p99 ms | CPU µs/request | remembered |',
    '|---|---|---|---|---|---|---|',
    ...kept.map((row) => `| ${cells(row).join(' | ')} |`),
  ];
}

function cells({ name, changesPerSecond, figures, hitRate }: Upkeep['kept'][number]): string[] {
  return [
    name,
    changesPerSecond < 100 ? changesPerSecond.toFixed(1) : count(changesPerSecond),
    count(figures.requestsPerSecond),
    figures.p50Ms.toFixed(2),
    figures.p99Ms.toFixed(2),
    figures.cpuUs?.toFixed(0) ?? '–',
    share(hitRate),
  ];
}
