/** What `/status` says of each product and of its stores. */
import type { ProductStatus, StoreStatus } from '../admin/status.ts';
import { EVERY_STORE } from '../config/config.ts';
import { tierName } from '../config/describe.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Replica } from '../replica/replica.ts';
import type { Track } from '../replica/track.ts';
import type { Audits } from './audits.ts';
import type { Parts } from './parts.ts';
import type { KeptProduct, ProductBook } from './products.ts';

export interface ProductStatusParts {
  readonly book: ProductBook;
  readonly parts: Parts;
  readonly replica: Replica | undefined;
  readonly audits: Audits | undefined;
  readonly clock: Clock;
}

export function productStatus(all: ProductStatusParts): ProductStatus[] {
  const set = all.book.current();
  const byProduct = Map.groupBy(all.replica?.tracks() ?? [], ({ storeId }) => set.of(storeId));
  const shown = set.products.includes(set.rest) ? set.products : [...set.products, set.rest];
  return shown.map((product) => {
    const { id, tier, maxStalenessMs, onStale, elsewhere, config } = product;
    const kept = (byProduct.get(product) ?? []).map((track) => storeStatus(all, product, track));
    const forwarding = tier.keeps === 'nothing' ? config.stores.map(forwardingStore) : [];
    const stores = [...kept, ...forwarding];
    const none = product === set.rest && stores.length === 0 ? [forwardingStore(EVERY_STORE)] : [];
    const where = elsewhere ? { elsewhere } : {};
    return {
      id,
      tier: tierName(config.tier),
      ...where,
      maxStalenessMs,
      onStale,
      stores: [...stores, ...none],
    };
  });
}

function forwardingStore(storeId: string): StoreStatus {
  return {
    storeId,
    phase: 'forwarding',
    epoch: '',
    revision: 0,
    position: '',
    tuples: 0,
    stale: false,
    resyncs: 0,
  };
}

function storeStatus(
  { parts, replica, audits, clock }: ProductStatusParts,
  product: KeptProduct,
  track: Readonly<Track>,
): StoreStatus {
  const ageMs = replica?.ageMs(track.storeId) ?? Number.POSITIVE_INFINITY;
  const audit = audits?.last(track.storeId);
  const heard = Math.max(track.head.revision, ...track.asked.map((asked) => asked.head.revision));
  return {
    storeId: track.storeId,
    phase: track.phase,
    epoch: track.head.epoch,
    revision: track.head.revision,
    position: track.position,
    tuples: parts.store?.count(track.storeId) ?? 0,
    ...(Number.isFinite(ageMs) ? { ageMs } : {}),
    stale: track.phase === 'complete' && ageMs > product.maxStalenessMs,
    behind: heard - track.head.revision,
    ...bootstrapStatus(track, clock),
    resyncs: track.resyncs,
    ...(track.storeDeleted ? { storeDeleted: true } : {}),
    ...(track.unknown ? { unknown: true } : {}),
    ...(audit ? { audit } : {}),
    ...(track.resync ? { lastResync: track.resync } : {}),
    ...(track.lastError === undefined ? {} : { lastError: track.lastError }),
  };
}

function bootstrapStatus({ copy }: Readonly<Track>, clock: Clock): Pick<StoreStatus, 'bootstrap'> | object {
  if (!copy) return {};
  const seconds = Math.max(0.001, (clock.monoMs() - copy.beganMs) / 1000);
  return { bootstrap: { tuples: copy.tuples, perSecond: Math.round(copy.tuples / seconds) } };
}
