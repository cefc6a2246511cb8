/**
 * A scenario is a fault with a seed. It is played on a store of its own, under load, with a watcher at each edge, and ends
 * before the same judge as every other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, createStore, expectStatus, writeAll } from '../support/api.ts';
import { type Chance, chance } from '../support/chance.ts';
import { eventually, type Sidecar } from '../support/fleet.ts';
import { type Book, createBook } from './book.ts';
import { cellTuple, counterStart, MODEL } from './company.ts';
import { untilEqual } from './judge.ts';
import { startWatcher, type Watcher } from './watcher.ts';
import { BOUND_MS, type World } from './world.ts';
import { COUNTERS_EACH, cellName, counterName, startWriters, type Writers } from './writers.ts';

export interface Scenario {
  /** What is done. */
  readonly name: string;
  /**
   * `whole`: every change is captured, so no transaction is ever seen half. `batches`: some are found by the walk, which
   * groups by page.
   */
  readonly transactions: 'whole' | 'batches';
  /** Share of Writes past the sidecars; default none. */
  readonly bypass?: number;
  readonly writers?: number;
  /** Between two Writes of one writer, ms; default 8. */
  readonly pauseMs?: number;
  /** Makes the faults and heals them; returns how many there were. */
  play(stage: Stage): Promise<number>;
}

export interface Stage {
  readonly world: World;
  readonly storeId: string;
  readonly book: Book;
  readonly watchers: readonly Watcher[];
  readonly chance: Chance;
  /** How often a scenario with rounds does its fault. */
  readonly rounds: number;
  readonly writers: Writers;
}

export interface Outcome {
  readonly scenario: string;
  readonly seed: number;
  readonly faults: number;
  readonly writes: Book['writes'];
  /** The edges' own answers that were judged. */
  readonly answers: number;
  readonly forwarded: number;
  readonly denied: number;
  /** Answers between two states of a transaction; only where changes were found by the walk. */
  readonly half: number;
  readonly longestStalenessMs: number;
  /** From the end of the faults until every edge is equal to the upstream. */
  readonly recoveryMs: number;
}

export interface PlayOptions {
  readonly seed: number;
  readonly rounds: number;
}

const WRITERS = 3;
const PAUSE_MS = 8;
const LOCAL_WITHIN_MS = 60_000;
const EQUAL_WITHIN_MS = 90_000;
/** Load before the first and after the last fault. */
const CALM_MS = 300;

/** Rejects with everything that was not as promised. */
export async function play(world: World, scenario: Scenario, options: PlayOptions): Promise<Outcome> {
  const luck = chance(options.seed);
  const book = createBook();
  const storeId = await prepare(world, scenario, book);
  await Promise.all(world.edges.map((edge) => untilLocal(edge, storeId)));
  const watchers = world.edges.map((edge, n) =>
    startWatcher({ edge, storeId, book, chance: chance(options.seed + n + 1), boundMs: BOUND_MS }),
  );
  const writers = startWriters({
    storeId,
    book,
    chance: chance(options.seed + 100),
    through: world.centrals.map((central) => central.http),
    openfga: world.openfga.http,
    bypass: scenario.bypass ?? 0,
    writers: scenario.writers ?? WRITERS,
    pauseMs: scenario.pauseMs ?? PAUSE_MS,
  });
  const stage = { world, storeId, book, watchers, chance: luck, rounds: options.rounds, writers };
  try {
    await sleep(CALM_MS);
    const faults = await scenario.play(stage);
    const healedAt = performance.now();
    await sleep(CALM_MS);
    await writers.stop();
    await Promise.all(world.edges.map((edge) => equal(world, storeId, edge)));
    const recoveryMs = performance.now() - healedAt;
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    judge(scenario, watchers);
    return outcomeOf(scenario, stage, { seed: options.seed, faults, recoveryMs });
  } finally {
    await Promise.allSettled([writers.stop(), ...watchers.map((watcher) => watcher.stop())]);
  }
}

async function prepare(world: World, scenario: Scenario, book: Book): Promise<string> {
  const base = world.centrals[0]?.http ?? '';
  const { storeId } = await createStore(base, 'chaos', MODEL);
  for (let writer = 0; writer < (scenario.writers ?? WRITERS); writer += 1) {
    const names = Array.from({ length: COUNTERS_EACH }, (_, n) => counterName(writer, n));
    for (const name of names) book.counter(name).acknowledged[0] = performance.now();
    const cell = cellName(writer);
    book.cell(cell).acknowledged[0] = performance.now();
    await writeAll(base, storeId, [...names.flatMap(counterStart), cellTuple(cell, 0)]);
  }
  return storeId;
}

/** An edge takes a store up at the first question about it. */
async function untilLocal(edge: Sidecar, storeId: string): Promise<void> {
  const body = { tuple_key: { user: 'user:nobody', relation: 'owner', object: 'document:none' } };
  await eventually(
    () => expectStatus(200, call(edge.http, `/stores/${storeId}/check`, { body })).catch(() => undefined),
    (reply) => reply?.headers['rsfga-served-by'] === 'local',
    LOCAL_WITHIN_MS,
  );
}

function equal(world: World, storeId: string, edge: Sidecar): Promise<number> {
  return untilEqual(edge, { storeId, openfga: world.openfga.http, withinMs: EQUAL_WITHIN_MS });
}

const MAX_SHOWN = 10;

function judge(scenario: Scenario, watchers: readonly Watcher[]): void {
  const wrong = watchers.flatMap(({ seen, edge }) => [
    ...seen.violations,
    ...(scenario.transactions === 'whole' ? seen.half : []),
    ...(seen.local === 0 ? [`${edge.name} answered nothing itself: nothing was shown`] : []),
  ]);
  if (wrong.length > 0)
    throw new Error(`${wrong.length} violations:\n${wrong.slice(0, MAX_SHOWN).join('\n')}`);
}

function outcomeOf(
  scenario: Scenario,
  { watchers, book }: Stage,
  { seed, faults, recoveryMs }: { seed: number; faults: number; recoveryMs: number },
): Outcome {
  const sum = (count: (watcher: Watcher) => number) => watchers.reduce((all, one) => all + count(one), 0);
  return {
    scenario: scenario.name,
    seed,
    faults,
    writes: book.writes,
    answers: sum(({ seen }) => seen.local),
    forwarded: sum(({ seen }) => seen.forwarded),
    denied: sum(({ seen }) => seen.denied),
    half: sum(({ seen }) => seen.half.length),
    longestStalenessMs: Math.round(Math.max(...watchers.map(({ seen }) => seen.longestStalenessMs))),
    recoveryMs: Math.round(recoveryMs),
  };
}
