/**
 * Remembered answers, in a Keyv store: in this process, bounded by a number of entries, or outside it, bounded by whatever
 * keeps them there. A store that fails, is slow or says something else is a miss, never a fault of the query.
 */
import type Keyv from 'keyv';
import type { Answer } from '../../src/fga/answer.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import { createRest } from './warm-rest.ts';
import { createSeal } from './warm-seal.ts';
import { inProcess, outside, type Place } from './warm-store.ts';

export interface Entry {
  readonly answer: Answer;
  readonly modelId: string;
  /** Newest generation of all that the answer may have read, before it was asked for. */
  readonly stamp: number;
}

export interface Entries {
  get(key: string): Promise<Entry | undefined>;
  set(key: string, entry: Entry, ttlMs: number): void;
  /** What was set before is not found again, whatever the store does. */
  drop(key: string): void;
  close(): Promise<void>;
}

export interface EntriesOptions {
  readonly maxEntries: number;
  /** Absent: in this process. */
  readonly place?: Place;
  readonly clock: Clock;
  failed(error: unknown): void;
}

interface Kept {
  readonly entry: Entry;
  /** By the monotonic clock: a wall clock that goes back must not make answers older. */
  readonly endsAtMs: number;
  /** Counts what was set; a drop concerns everything before it. */
  readonly serial: number;
}

/** Keeps what it is given, or fails. */
interface Shelf {
  get(key: string): Promise<Kept | undefined>;
  set(key: string, kept: Kept, ttlMs: number): Promise<unknown>;
  drop(key: string): Promise<unknown>;
  close(): Promise<void>;
}

/** A store that needs longer than this is no faster than most upstreams. */
const ANSWER_MS = 100;
const CLOSE_MS = 1_000;
/** Answers on their way to a store that is slow; more than these are not remembered. */
const MAX_ARRIVING = 1_000;
/** Keys of which it is known when they were dropped; past it everything counts as dropped. */
const MAX_DROPPED = 10_000;

export async function openEntries(options: EntriesOptions): Promise<Entries> {
  const { clock, place } = options;
  const failed = once(options.failed);
  const shelf = place ? outsideShelf(await outside(place), clock, failed) : insideShelf(options.maxEntries);
  /** On their way to the store, and found there already. */
  const arriving = new Map<string, Kept>();
  const dropped = new Map<string, number>();
  let [serial, allBefore, underWay] = [0, 0, 0];

  function holds(key: string, { serial: own, endsAtMs }: Kept): boolean {
    return own > Math.max(allBefore, dropped.get(key) ?? 0) && clock.monoMs() < endsAtMs;
  }

  return {
    async get(key) {
      const kept = arriving.get(key) ?? (await shelf.get(key).catch(failed));
      return kept && holds(key, kept) ? kept.entry : undefined;
    },
    set(key, entry, ttlMs) {
      if (underWay >= MAX_ARRIVING) return;
      serial += 1;
      underWay += 1;
      const kept = { entry, endsAtMs: clock.monoMs() + ttlMs, serial };
      arriving.set(key, kept);
      const arrived = shelf.set(key, kept, ttlMs).catch(failed);
      void arrived.finally(() => {
        underWay -= 1;
        if (arriving.get(key) === kept) arriving.delete(key);
      });
    },
    drop(key) {
      if (dropped.size >= MAX_DROPPED) {
        dropped.clear();
        allBefore = serial;
      }
      dropped.set(key, serial);
      arriving.delete(key);
      void shelf.drop(key).catch(failed);
    },
    close: () => shelf.close().catch(failed),
  };
}

function insideShelf(maxEntries: number): Shelf {
  const keyv = inProcess<Kept>(maxEntries);
  return {
    get: (key) => keyv.get(key),
    set: (key, kept, ttlMs) => keyv.set(key, kept, ttlMs),
    drop: (key) => keyv.delete(key),
    close: () => keyv.disconnect(),
  };
}

function outsideShelf(keyv: Keyv<string>, clock: Clock, failed: (error: unknown) => void): Shelf {
  const seal = createSeal();
  const rest = createRest(clock);
  keyv.on('error', (error: unknown) => {
    rest.failed();
    failed(error);
  });
  const ask = <T>(act: () => Promise<T>) => rest.watched(() => inTime(act(), ANSWER_MS, clock));

  return {
    async get(key) {
      if (rest.isResting()) return undefined;
      return seal.open(key, await ask(() => keyv.get(key))) as Kept | undefined;
    },
    async set(key, kept, ttlMs) {
      if (!rest.isResting()) await ask(() => keyv.set(key, seal.close(key, kept), ttlMs));
    },
    // Also while it rests: an operator asked for it.
    drop: (key) => ask(() => keyv.delete(key)),
    close: () => inTime(keyv.disconnect(), CLOSE_MS, clock),
  };
}

async function inTime<T>(pending: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const enough = new AbortController();
  const late = clock.sleep(ms, enough.signal).then(() => {
    if (enough.signal.aborted) return pending;
    throw new Error(`the store of remembered answers did not answer within ${ms} ms`);
  });
  // Whichever comes second is heard by nobody.
  for (const promise of [late, pending]) promise.catch(() => undefined);
  try {
    return await Promise.race([pending, late]);
  } finally {
    enough.abort();
  }
}

/** Stores say an error as an event and throw it as well. */
function once(tell: (error: unknown) => void): (error: unknown) => undefined {
  const told = new WeakSet<object>();
  return (error) => {
    const known = typeof error === 'object' && error !== null && told.has(error);
    if (typeof error === 'object' && error !== null) told.add(error);
    if (!known) tell(error);
    return undefined;
  };
}
