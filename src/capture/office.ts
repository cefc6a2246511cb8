/**
 * What the holder of the lease does during one term: it sequences the stores that it learns of, walks them, answers barriers
 * and takes what other sidecars have captured. Nothing of it outlives the term: the next holder begins from the log.
 */
import type { Head } from '../fga/change.ts';
import type { ControlQuestion, ControlReply } from '../plugin/changelog.ts';
import { createLanes, type LaneOptions } from '../plugin/lanes.ts';
import { NotHolderError, type Term } from '../plugin/lease.ts';
import type { RelayMessage, RelayReply } from '../plugin/relay.ts';
import type { StoreSequencer } from './captured.ts';
import { createRounds } from './rounds.ts';
import type { FleetParts } from './sequencer.ts';
import { createStoreSequencer } from './store-sequencer.ts';
import { createStrangers } from './strangers.ts';

export interface Office {
  readonly term: Term;
  store(storeId: string): StoreSequencer;
  answer(question: ControlQuestion): Promise<ControlReply>;
  receive(message: RelayMessage): Promise<RelayReply>;
  /** Walks until `signal` aborts. */
  rounds(signal: AbortSignal): Promise<void>;
  waiting(): number;
  stores(): number;
}

/** Questions name the stores of one edge; more than this in one question is refused. */
export const MAX_STORES_PER_QUESTION = 10_000;
/** Walks under way at once: an edge with hundreds of stores must not storm the upstream. */
const WALKS_AT_ONCE = 16;
/**
 * What is known by then is the answer, and what was not begun is not begun any more: below the time for which an edge
 * waits (5 s for its freshness, 10 s for a marker).
 */
const ANSWER_WITHIN_MS = { freshness: 4_000, marker: 9_000 };

export interface OfficeParts extends FleetParts {
  readonly term: Term;
  /** By store id: the last head that the log acknowledged to this process, in whichever term. */
  readonly acknowledged: Map<string, Head>;
}

export function createOffice(parts: OfficeParts): Office {
  const { clock, logger, term } = parts;
  const stores = new Map<string, StoreSequencer>();
  const lanes = createLanes(WALKS_AT_ONCE);

  function store(storeId: string): StoreSequencer {
    const known = stores.get(storeId);
    if (known) return known;
    const made = createStoreSequencer({ ...parts, storeId });
    stores.set(storeId, made);
    return made;
  }

  const strangers = createStrangers(parts);

  /** A barrier begins no history: a store that nobody knows has none, and stays out of the reply. */
  async function barrier(id: string, marker: string | undefined, options: LaneOptions) {
    if (!stores.has(id) && !(await strangers.isKnown(id, options.wanted))) return undefined;
    return lanes.run(() => store(id).barrier(marker), options);
  }

  const rounds = createRounds({ ...parts, lanes, stores, store });

  async function answer(question: ControlQuestion): Promise<ControlReply> {
    const { marker, storeIds } = question;
    const heads: Record<string, Head> = {};
    const late = new AbortController();
    const urgent = marker !== undefined;
    const options = { urgent, wanted: () => !late.signal.aborted };
    const asked = storeIds.slice(0, MAX_STORES_PER_QUESTION).map(async (id) => {
      try {
        const head = await barrier(id, marker, options);
        if (head) heads[id] = head;
      } catch (error) {
        if (error instanceof NotHolderError) return;
        // The edge sees that its store is missing from the reply, and its data grows older.
        parts.events.trouble(error);
        logger.warn({ store: id, err: error }, 'no barrier could be given for a store');
      }
    });
    const done = new AbortController();
    await Promise.race([
      Promise.all(asked),
      clock.sleep(urgent ? ANSWER_WITHIN_MS.marker : ANSWER_WITHIN_MS.freshness, done.signal),
    ]);
    done.abort();
    late.abort();
    if (!term.holds()) throw new NotHolderError();
    return { heads: { ...heads } };
  }

  async function head(message: RelayMessage): Promise<Head | undefined> {
    switch (message.relay) {
      case 'hello':
        return undefined;
      case 'walk':
        rounds.poke(message.storeId);
        return undefined;
      case 'model':
        return store(message.storeId).modelWritten(message.modelId);
      case 'write': {
        const { storeId, delta, began, exclusive, mayBeIgnored } = message;
        const forwardBeganMs = began?.term === term.id ? began.ms : Number.NEGATIVE_INFINITY;
        return store(storeId).handOver({ delta, forwardBeganMs, exclusive, mayBeIgnored });
      }
    }
  }

  return {
    term,
    store,
    answer,
    async receive(message) {
      if (!term.holds()) throw new NotHolderError();
      const made = await head(message);
      return { term: term.id, nowMs: clock.monoMs(), ...(made ? { head: made } : {}) };
    },
    rounds: rounds.run,
    waiting: () => [...stores.values()].reduce((sum, one) => sum + one.waiting(), 0),
    stores: () => stores.size,
  };
}
