/**
 * `node bench/engine.ts [--quick]`: the engine alone, no HTTP, on the LMDB store. Checks per second on one core, medians of rounds.
 * Each question takes its own view of the store, as a request does.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../plugins/store/lmdb.ts';
import { createEngine } from '../src/engine/evaluate.ts';
import type { CheckQuery } from '../src/fga/query.ts';
import type { JsonObject, TupleKey } from '../src/fga/tuple.ts';
import type { TupleStore } from '../src/plugin/store.ts';
import { type BenchData, benchData, LARGE, MIDDLE } from './dataset.ts';
import { median } from './measure.ts';
import { ROWS } from './rows.ts';

const STORE_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const MODEL_ID = '01ARZ3NDEKTSV4RRFFQ69G5FAW';
const QUICK = process.argv.includes('--quick');
const ROUNDS = QUICK ? 2 : 5;
const ROUND_MS = QUICK ? 300 : 1_000;
const MEASURED = ['direct', 'nested', 'condition', 'recursion-10', 'large-group'];
/** What is asked of the first two, per second on one core. */
const MARKS: Readonly<Record<string, number>> = { direct: 300_000, nested: 60_000 };

export interface EngineRow {
  readonly id: string;
  readonly tuples: number;
  readonly perSecond: number;
  readonly granted: number;
  readonly declined: number;
  readonly mark?: number;
}

const path = mkdtempSync(join(tmpdir(), 'rsfga-bench-engine-'));
const store = await openLmdbStore({ path });
try {
  const data = benchData(QUICK ? MIDDLE : LARGE);
  await fill(store, data);
  const rows = ROWS.filter(({ id }) => MEASURED.includes(id)).map(({ id, bodies }) =>
    measure(id, bodies(data.sizes).map(queryOf), store, data),
  );
  console.table(rows);
  const report = { at: new Date().toISOString(), node: process.version, rounds: ROUNDS, rows };
  const results = join(import.meta.dirname, 'results');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'engine.json'), `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await store.close();
  rmSync(path, { recursive: true });
}

async function fill(store: TupleStore, { model, tuples }: BenchData): Promise<void> {
  const head = { epoch: STORE_ID, revision: 1, commitId: STORE_ID };
  const state = { head, phase: 'complete', position: '1', freshAtMs: 0, checkpoint: '' } as const;
  await store.commit([{ storeId: STORE_ID, models: [{ ...model, id: MODEL_ID }], state }]);
  for (let at = 0; at < tuples.length; at += 10_000) {
    await store.commit([{ storeId: STORE_ID, writes: tuples.slice(at, at + 10_000) }]);
  }
}

function queryOf(body: object): CheckQuery {
  const { tuple_key, context } = body as { tuple_key: TupleKey; context?: JsonObject };
  return {
    method: 'Check',
    storeId: STORE_ID,
    consistency: 'unspecified',
    tupleKey: tuple_key,
    contextualTuples: [],
    ...(context && { context }),
  };
}

function measure(id: string, queries: readonly CheckQuery[], store: TupleStore, data: BenchData): EngineRow {
  const engine = createEngine();
  let granted = 0;
  let declined = 0;
  const ask = (query: CheckQuery) => {
    const view = store.view(STORE_ID);
    if (!view) throw new Error('the store is empty');
    const outcome = engine.answer(query, view);
    if ('declined' in outcome) declined++;
    else if ('answer' in outcome && outcome.answer.method === 'Check' && outcome.answer.allowed) granted++;
  };
  for (const query of queries) ask(query);
  const shown = { granted, declined };
  const rates = Array.from({ length: ROUNDS }, () => rate(queries, ask));
  const mark = MARKS[id];
  const perSecond = Math.round(median(rates));
  return { id, tuples: data.tuples.length, perSecond, ...shown, ...(mark !== undefined && { mark }) };
}

function rate(queries: readonly CheckQuery[], ask: (query: CheckQuery) => void): number {
  const began = performance.now();
  let asked = 0;
  while (performance.now() - began < ROUND_MS) {
    for (const query of queries) ask(query);
    asked += queries.length;
  }
  return asked / ((performance.now() - began) / 1000);
}
