/** Which stores this sidecar keeps: those that products name, and for `*` those that the upstream knows. */
import type { LocalStoreStatus } from '../admin/status.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { Replica } from '../replica/replica.ts';
import { createBell } from './bell.ts';
import { createErasures } from './erasures.ts';
import type { ProductBook } from './products.ts';
import { filterOf } from './store-filter.ts';

export interface Keeper {
  /** A query came for a store that is not kept yet although its tier would keep it. */
  asked(storeId: string): void;
  /** What of the disk is on its way out, and what went last. */
  erasures(): Pick<LocalStoreStatus, 'leaving' | 'erased'>;
  /** False until the upstream has told its stores once, where that decides what is kept. */
  listed(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

/** Stores made meanwhile are found at this pace, or at the first query for one. */
const DISCOVER_EVERY_MS = 10_000;
/** More stores than this are not taken up through `*`; name them. */
export const MAX_DISCOVERED_STORES = 10_000;
/** While something is being erased. */
const LOOK_AT_DISK_MS = 1_000;
/** A store id that the upstream does not know is not looked up again within this time. */
const UNKNOWN_FOR_MS = 5_000;

export interface KeeperParts {
  readonly book: ProductBook;
  readonly replica: Replica;
  readonly store: TupleStore;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly logger: Log;
  /** The stores cannot be listed, or can again (`undefined`). */
  trouble(error: unknown): void;
}

export function createKeeper(parts: KeeperParts): Keeper {
  const { book, replica, store, upstream, clock, logger } = parts;
  const known = new Set<string>(store.stores());
  const unknown = new Map<string, number>();
  const erasures = createErasures(store, clock);
  const bell = createBell(clock);
  let listed = false;
  /** True when a store that no product names would be kept. */
  const discovers = () => book.known() && book.current().rest.tier.keeps !== 'nothing';

  /** While no products are known, what is on disk is neither followed nor erased. */
  function tell(): void {
    if (!book.known()) return;
    const set = book.current();
    for (const storeId of set.named) known.add(storeId);
    const filters = [...known].flatMap((storeId) => filterOf(storeId, set.of(storeId)) ?? []);
    erasures.note(new Set(filters.map(({ storeId }) => storeId)));
    replica.want(filters);
  }

  book.onChange(() => {
    tell();
    bell.ring();
  });

  function add(storeIds: readonly string[]): void {
    const news = storeIds.filter((id) => !known.has(id)).slice(0, MAX_DISCOVERED_STORES - known.size);
    if (news.length === 0) return;
    for (const id of news) known.add(id);
    tell();
  }

  async function list(): Promise<void> {
    try {
      add(await upstream.listStores());
      listed = true;
      parts.trouble(undefined);
    } catch (error) {
      parts.trouble(error);
      logger.warn({ err: error }, 'the stores of the upstream could not be listed; it is tried again');
    }
  }

  async function lookUp(storeId: string): Promise<void> {
    unknown.set(storeId, clock.monoMs());
    if ((await upstream.latestModelId(storeId)) !== undefined) add([storeId]);
  }

  return {
    asked(storeId) {
      if (known.has(storeId) || !discovers()) return;
      if (clock.monoMs() - (unknown.get(storeId) ?? Number.NEGATIVE_INFINITY) < UNKNOWN_FOR_MS) return;
      if (unknown.size >= MAX_DISCOVERED_STORES) unknown.clear();
      lookUp(storeId).catch((error: unknown) =>
        logger.debug({ store: storeId, err: error }, 'a store could not be looked up'),
      );
    },
    erasures: erasures.status,
    listed: () => listed || !discovers(),
    async run(signal) {
      tell();
      while (!signal.aborted) {
        if (discovers()) await list();
        erasures.look();
        await bell.wait(erasures.pending() ? LOOK_AT_DISK_MS : DISCOVER_EVERY_MS, signal);
      }
    },
  };
}
