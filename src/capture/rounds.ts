/**
 * Which store is walked when. Stores that somebody lately wrote to or asked about: each interval. All the others that the
 * upstream lists: one after the other within a rate, so that a Write past the sidecar in a store nobody asks about is
 * published as well.
 */
import type { Clock } from '../plugin/clock.ts';
import type { Lanes } from '../plugin/lanes.ts';
import { NotHolderError } from '../plugin/lease.ts';
import type { Log } from '../plugin/log.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { StoreSequencer } from './captured.ts';

export interface Rounds {
  /** Ends soon after `signal`. */
  run(signal: AbortSignal): Promise<void>;
  /** A walk of this store, soon. */
  poke(storeId: string): void;
}

export interface RoundsParts {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly logger: Log;
  readonly intervalMs: number;
  /** Requests per second that walks of idle stores may use. */
  readonly maxRps: number;
  /** Stores made or deleted past the sidecar are found at this pace; default 10 s. */
  readonly listEveryMs?: number;
  readonly lanes: Lanes;
  readonly stores: ReadonlyMap<string, StoreSequencer>;
  store(storeId: string): StoreSequencer;
  readonly events: {
    /** Walking or publishing fails, or works again (`undefined`). */
    trouble(error: unknown): void;
  };
}

/** A store that nobody wrote to or asked about for this long is an idle one. */
const ACTIVE_MS = 600_000;
/** Well within the age at which a log forgets (7 days by default). */
const RESTATE_EVERY_MS = 6 * 3_600_000;
export const LIST_EVERY_MS = 10_000;
/** A walk of an idle store reads a page of changes and the newest model; the first also looks for the end of the changelog. */
const REQUESTS_PER_WALK = 2;
const REQUESTS_OF_FIRST_WALK = 8;

export function createRounds(parts: RoundsParts): Rounds {
  const { clock, logger, lanes, stores, intervalMs } = parts;
  const restatedMs = new Map<string, number>();
  /** In the order in which the idle ones among them are walked. */
  let listed: readonly string[] = [];
  let missing: ReadonlySet<string> = new Set();

  async function walk(storeId: string): Promise<void> {
    try {
      await parts.store(storeId).walk();
      parts.events.trouble(undefined);
    } catch (error) {
      if (error instanceof NotHolderError) return;
      parts.events.trouble(error);
      logger.warn({ store: storeId, err: error }, 'a walk of the changelog failed; it is tried again');
    }
  }

  function isActive(one: StoreSequencer | undefined): boolean {
    return one !== undefined && one.lastAskedMs() >= clock.monoMs() - ACTIVE_MS;
  }

  /** Whoever asks about a store walks it by that. */
  function isDue(one: StoreSequencer | undefined): boolean {
    return one === undefined || one.lastWalkMs() <= clock.monoMs() - intervalMs;
  }

  async function walkActive(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal);
      const due = [...stores].filter(([, one]) => isActive(one) && isDue(one));
      const wanted = () => !signal.aborted;
      await Promise.all(due.map(([id]) => lanes.run(() => walk(id), { urgent: false, wanted })));
    }
  }

  function nextIdle(): string | undefined {
    const at = listed.findIndex((id) => !isActive(stores.get(id)) && isDue(stores.get(id)));
    const id = listed[at];
    if (id !== undefined) listed = [...listed.slice(0, at), ...listed.slice(at + 1), id];
    return id;
  }

  async function walkIdle(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const beganMs = clock.monoMs();
      const id = nextIdle();
      const requests = id !== undefined && stores.has(id) ? REQUESTS_PER_WALK : REQUESTS_OF_FIRST_WALK;
      if (id !== undefined) await lanes.run(() => walk(id), { urgent: false, wanted: () => !signal.aborted });
      const spentMs = clock.monoMs() - beganMs;
      await clock.sleep(id === undefined ? intervalMs : (requests * 1000) / parts.maxRps - spentMs, signal);
    }
  }

  /** Stores that were followed and that two listings in a row do not show: one may have been made while it was read. */
  function noticeDeleted(there: ReadonlySet<string>): void {
    const gone = [...stores.keys()].filter((id) => !there.has(id));
    for (const id of gone.filter((one) => missing.has(one))) {
      parts
        .store(id)
        .deleted()
        .catch((error: unknown) =>
          logger.warn({ store: id, err: error }, 'that a store was deleted could not be published'),
        );
    }
    missing = new Set(gone);
  }

  async function list(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const found = await parts.upstream.listStores();
        const known = new Set(listed);
        const there = new Set(found);
        noticeDeleted(there);
        listed = [...listed.filter((id) => there.has(id)), ...found.filter((id) => !known.has(id))];
      } catch (error) {
        logger.warn({ err: error }, 'the stores of the upstream could not be listed; it is tried again');
      }
      await clock.sleep(parts.listEveryMs ?? LIST_EVERY_MS, signal);
    }
  }

  /** The log forgets by age: every store that is known here keeps a young word in it. */
  async function restate(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal);
      for (const [id, one] of stores) {
        const lastMs = restatedMs.get(id) ?? clock.monoMs();
        // Opening a store says its head.
        restatedMs.set(id, lastMs);
        if (signal.aborted || clock.monoMs() - lastMs < RESTATE_EVERY_MS) continue;
        restatedMs.set(id, clock.monoMs());
        await one
          .restate()
          .catch((error: unknown) => logger.warn({ store: id, err: error }, 'no anchor could be set'));
      }
    }
  }

  return {
    poke: (storeId) => void walk(storeId),
    run: async (signal) => {
      await Promise.all([walkActive(signal), walkIdle(signal), list(signal), restate(signal)]);
    },
  };
}
