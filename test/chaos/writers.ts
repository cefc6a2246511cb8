/**
 * The load: writers that each own their counters, cells and grants and step them one Write after the other. What a failed
 * Write came to is read from OpenFGA itself, past every sidecar.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tuple, TupleKey } from '../../src/fga/tuple.ts';
import { call, type Delta, expectStatus, fieldOf, type Reply, write } from '../support/api.ts';
import type { Chance } from '../support/chance.ts';
import type { Book, Line } from './book.ts';
import { cellKey, cellTuple, counterStep, grant, versionOf } from './company.ts';

export interface WritersOptions {
  readonly storeId: string;
  readonly book: Book;
  readonly chance: Chance;
  /** Sidecars that the Writes go through. */
  readonly through: readonly string[];
  /** OpenFGA itself. */
  readonly openfga: string;
  /** Share of Writes that go past the sidecars, 0 to 1. */
  readonly bypass: number;
  readonly writers: number;
  /** Between two Writes of a writer, ms. */
  readonly pauseMs: number;
}

export interface Writers {
  /** Ends after the Writes under way. Rejects if a writer met what it cannot explain. */
  stop(): Promise<void>;
}

export const COUNTERS_EACH = 3;
const GRANTS_PER_WRITE = 8;
const GRANTS_HELD = 40;
/** A request that was cut off may still be committed within this time. */
const SETTLE_MS = 250;
const REFUSED_PAUSE_MS = 25;

export function counterName(writer: number, n: number): string {
  return `c-${writer}-${n}`;
}

export function cellName(writer: number): string {
  return `x-${writer}`;
}

export function startWriters(options: WritersOptions): Writers {
  const stop = new AbortController();
  const running = Array.from({ length: options.writers }, (_, n) => runWriter(options, n, stop.signal));
  const all = Promise.all(running);
  // Whoever stops the writers hears of it.
  all.catch(() => undefined);
  return {
    async stop() {
      stop.abort();
      await all;
    },
  };
}

async function runWriter(options: WritersOptions, writer: number, signal: AbortSignal): Promise<void> {
  const { chance } = options;
  const held: TupleKey[] = [];
  let granted = 0;
  while (!signal.aborted) {
    const kind = chance.below(10);
    if (kind < 6) await stepCounter(options, counterName(writer, chance.below(COUNTERS_EACH)));
    else if (kind < 8) await stepCell(options, cellName(writer));
    else granted = await stepGrants(options, writer, { held, granted });
    await sleep(options.pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function stepCounter(options: WritersOptions, name: string): Promise<void> {
  const line = options.book.counter(name);
  const outcome = await send(options, counterStep(name, line.at));
  if (outcome === 'committed') acknowledge(line, line.at + 1);
  else if (outcome !== 'unsent') await reread(options.book, line, () => versionAt(options, name));
}

/** Even steps: written with half the number; odd ones: deleted. */
async function stepCell(options: WritersOptions, name: string): Promise<void> {
  const line = options.book.cell(name);
  const next = line.at + 1;
  const delta = next % 2 === 1 ? { deletes: [cellKey(name)] } : { writes: [cellTuple(name, next / 2)] };
  const outcome = await send(options, delta);
  if (outcome === 'committed') acknowledge(line, next);
  else if (outcome !== 'unsent') await reread(options.book, line, () => cellAt(options, name, line.at));
}

async function stepGrants(
  options: WritersOptions,
  writer: number,
  state: { readonly held: TupleKey[]; readonly granted: number },
): Promise<number> {
  const { chance } = options;
  const count = 1 + chance.below(GRANTS_PER_WRITE);
  const writes = Array.from({ length: count }, (_, n) => grant(writer, state.granted + n));
  const over = Math.max(0, state.held.length + count - GRANTS_HELD);
  const deletes = state.held.splice(0, over);
  const outcome = await send(options, { writes, deletes });
  // What became of it does not matter here: these keys are not touched again, and at the end they are compared.
  if (outcome === 'committed') state.held.push(...writes);
  return state.granted + count;
}

function acknowledge(line: Line, step: number): void {
  line.at = step;
  line.acknowledged[step] = performance.now();
}

type Outcome = 'committed' | 'refused' | 'unknown' | 'unsent';

async function send(options: WritersOptions, delta: Delta): Promise<Outcome> {
  const { book, chance, through, openfga } = options;
  const past = chance.next() < options.bypass;
  const base = past ? openfga : chance.pick(through);
  const reply = await write(base, options.storeId, delta).catch(nobodyThere);
  if (reply === 'nobody') {
    book.writes.unsent += 1;
    await sleep(REFUSED_PAUSE_MS);
    return 'unsent';
  }
  if (reply?.status === 200) {
    book.writes.committed += 1;
    if (past) book.writes.bypassed += 1;
    return 'committed';
  }
  const outcome = reply && reply.status < 500 && reply.status !== 409 ? 'refused' : 'unknown';
  book.writes[outcome] += 1;
  return outcome;
}

/** Undefined: anything may have come of it. */
function nobodyThere(error: unknown): 'nobody' | undefined {
  const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  return isRefused ? 'nobody' : undefined;
}

async function reread(book: Book, line: Line, look: () => Promise<number>): Promise<void> {
  await sleep(SETTLE_MS);
  for (;;) {
    const step = await look().catch(() => undefined);
    if (step !== undefined) {
      if (step > line.at) book.writes.orphaned += 1;
      line.at = step;
      return;
    }
    await sleep(REFUSED_PAUSE_MS);
  }
}

async function versionAt(options: WritersOptions, name: string): Promise<number> {
  const tuples = await read(options, { object: `document:${name}`, relation: 'version' });
  const versions = tuples.map((tuple) => versionOf(tuple.user));
  const [version] = versions;
  if (version === undefined || versions.length > 1) throw new Error(`OpenFGA holds ${versions} of ${name}`);
  return version;
}

/** The cell's step: what is there says it, and where nothing is, it is the odd step next to the last one known. */
async function cellAt(options: WritersOptions, name: string, last: number): Promise<number> {
  const [tuple] = await read(options, cellKey(name));
  if (!tuple) return last % 2 === 1 ? last : last + 1;
  return Number(tuple.condition?.context?.n) * 2;
}

async function read(options: WritersOptions, key: Partial<TupleKey>): Promise<Tuple[]> {
  const body = { tuple_key: key, consistency: 'HIGHER_CONSISTENCY' };
  const reply: Reply = await expectStatus(
    200,
    call(options.openfga, `/stores/${options.storeId}/read`, { body }),
  );
  return (fieldOf(reply, 'tuples') as readonly { readonly key: Tuple }[]).map((row) => row.key);
}
