/** Stores that no product keeps any more: still on disk, or gone, and since when. For the status. */
import type { ErasedStore, LocalStoreStatus } from '../admin/status.ts';
import type { Clock } from '../plugin/clock.ts';
import type { TupleStore } from '../plugin/store.ts';

export interface Erasures {
  /** The stores that are kept from now on. Call it before the others are erased. */
  note(kept: ReadonlySet<string>): void;
  look(): void;
  pending(): boolean;
  status(): Pick<LocalStoreStatus, 'leaving' | 'erased'>;
}

/** The last ones that are shown. */
const ERASED_SHOWN = 20;

export function createErasures(store: TupleStore, clock: Clock): Erasures {
  /** Tuples that were held when the product went. */
  const leaving = new Map<string, number>();
  const erased: ErasedStore[] = [];

  function look(): void {
    if (leaving.size === 0) return;
    const held = new Set(store.stores());
    for (const [storeId, tuples] of leaving) {
      if (held.has(storeId)) continue;
      leaving.delete(storeId);
      erased.unshift({ storeId, tuples, atMs: clock.wallMs() });
    }
    erased.length = Math.min(erased.length, ERASED_SHOWN);
  }

  return {
    look,
    pending: () => leaving.size > 0,
    note(kept) {
      for (const storeId of kept) leaving.delete(storeId);
      for (const storeId of store.stores())
        if (!kept.has(storeId) && !leaving.has(storeId)) leaving.set(storeId, store.count(storeId));
    },
    status() {
      look();
      const still = [...leaving.keys()].map((storeId) => ({ storeId, tuples: store.count(storeId) }));
      return { leaving: still, erased: [...erased] };
    },
  };
}
