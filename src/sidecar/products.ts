/**
 * The products of this moment. A set never changes: a new one takes its place in one turn of the event loop, after the
 * tiers that it names are open. Whoever took a product from a set keeps it to the end of its request.
 */
import {
  DEFAULT_FRESHNESS,
  EVERY_STORE,
  type ProductConfig,
  type Products,
  type TierConfig,
} from '../config/config.ts';
import type { Tier } from '../plugin/tier.ts';
import type { Product } from '../proxy/products.ts';

export interface KeptProduct extends Product {
  /** As the registry says it. */
  readonly config: ProductConfig;
  /** It is for other regions: forwarded here, whatever its tier says. */
  readonly elsewhere: boolean;
}

export interface ProductSet {
  readonly products: readonly KeptProduct[];
  /** For stores that no product names, or all of them where one product has `*`. */
  readonly rest: KeptProduct;
  /** Store ids that products name. */
  readonly named: readonly string[];
  of(storeId: string): KeptProduct;
}

export interface ProductBook {
  current(): ProductSet;
  /** False until there are products: then nothing is kept and nothing erased. */
  known(): boolean;
  /** Opens what is missing, then switches. Throws when a tier cannot be opened; the set before stays. */
  replace(products: Products): Promise<void>;
  /** Called in the turn of the switch. */
  onChange(listener: () => void): void;
  /** The tiers of the present set, and those before that requests may still hold: all of them hear of changes. */
  tiers(): readonly Tier[];
  close(): Promise<void>;
}

export interface BookParts {
  readonly region: string | undefined;
  /** Where the products say none. */
  readonly defaultTier: TierConfig;
  /** A tier is opened once for a product and its options, and goes on across sets that name it alike. */
  openTier(config: TierConfig): Promise<Tier>;
  /** Resolves when requests that hold a tier of an earlier set have ended. */
  settled(): Promise<void>;
  failed(error: unknown): void;
}

export const DEFAULT_PRODUCT = 'default_tier';

const COLD: TierConfig = { kind: 'cold' };

/** Nothing is known yet: everything is forwarded. */
export async function openProductBook(parts: BookParts): Promise<ProductBook> {
  let tiers = new Map<string, Tier>();
  let set = await openSet({ products: [], defaultTier: COLD }, tiers);
  let known = false;
  const lingering = new Set<Tier>();
  const listeners: (() => void)[] = [];

  async function openSet(
    { products, defaultTier = parts.defaultTier }: Products,
    opened: Map<string, Tier>,
  ): Promise<ProductSet> {
    const kept: KeptProduct[] = [];
    const open = async (config: ProductConfig, elsewhere: boolean) => {
      const { id, maxStalenessMs, onStale, maxOfflineMs, quota } = config;
      const tier = await tierFor(id, elsewhere ? COLD : config.tier, opened);
      const bound = quota === undefined ? {} : { quota };
      return { id, tier, maxStalenessMs, onStale, maxOfflineMs, ...bound, config, elsewhere };
    };
    for (const config of products) kept.push(await open(config, isElsewhere(config, parts.region)));
    const rest = { id: DEFAULT_PRODUCT, stores: [EVERY_STORE], tier: defaultTier, ...DEFAULT_FRESHNESS };
    return createSet(kept, await open(rest, false));
  }

  async function tierFor(id: string, config: TierConfig, opened: Map<string, Tier>): Promise<Tier> {
    const name = `${id} ${JSON.stringify(config)}`;
    const tier = tiers.get(name) ?? opened.get(name) ?? (await parts.openTier(config));
    opened.set(name, tier);
    return tier;
  }

  /** Those that only `opened` holds. */
  function left(opened: ReadonlyMap<string, Tier>, present: ReadonlyMap<string, Tier>): Tier[] {
    return [...opened].filter(([name]) => !present.has(name)).map(([, tier]) => tier);
  }

  function retire(unused: readonly Tier[]): void {
    for (const tier of unused) lingering.add(tier);
    void parts.settled().then(() => {
      for (const tier of unused) lingering.delete(tier);
      return close(unused);
    });
  }

  function close(closing: readonly Tier[]): Promise<void> {
    const ending = closing.map(async (tier) => tier.close?.().catch(parts.failed));
    return Promise.all(ending).then(() => undefined);
  }

  return {
    current: () => set,
    known: () => known,
    tiers: () => [...tiers.values(), ...lingering],
    onChange: (listener) => void listeners.push(listener),
    async replace(products) {
      const opened = new Map<string, Tier>();
      try {
        const next = await openSet(products, opened);
        const unused = left(tiers, opened);
        set = next;
        tiers = opened;
        known = true;
        for (const listener of listeners) listener();
        retire(unused);
      } catch (error) {
        await close(left(opened, tiers));
        throw error;
      }
    },
    close: () => close([...tiers.values()]),
  };
}

function createSet(products: readonly KeptProduct[], defaultProduct: KeptProduct): ProductSet {
  const byStore = new Map<string, KeptProduct>();
  for (const product of products) for (const storeId of product.config.stores) byStore.set(storeId, product);
  const rest = byStore.get(EVERY_STORE) ?? defaultProduct;
  const named = [...byStore.keys()].filter((storeId) => storeId !== EVERY_STORE);
  return { products, rest, named, of: (storeId) => byStore.get(storeId) ?? rest };
}

function isElsewhere({ regions }: ProductConfig, region: string | undefined): boolean {
  return regions !== undefined && (region === undefined || !regions.includes(region));
}
