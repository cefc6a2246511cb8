/**
 * Where the products come from while the sidecar runs. An update is taken whole or refused whole: with a mistake in it
 * the products before stay, and the status and the health say what is wrong.
 */
import type { RegistryStatus } from '../admin/status.ts';
import { type Config, follows, type Products } from '../config/config.ts';
import { loadProducts, parseConfig, parseProducts } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { type KnownTiers, NO_TIERS } from '../config/tiers.ts';
import type { Environment } from '../config/yaml.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { createSerial } from '../plugin/serial.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ProductBook } from './products.ts';

export interface RegistryParts {
  readonly config: Config;
  readonly book: ProductBook;
  /** False: the sidecar has no local store, so products that keep something need a restart. */
  readonly canKeep: boolean;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Log;
}

/** One text of products, from wherever. */
export interface Offer {
  /** For the log and the status: a file, or an entry of a bucket with its revision. */
  readonly from: string;
  /** Throws a ConfigError. */
  read(): Products;
}

/** Refused: there is a mistake in it. Failed: a tier that it names could not be opened, which may go another time. */
export type Taken = 'taken' | 'refused' | 'failed';

export interface Registry {
  /** Never rejects. */
  offer(offer: Offer): Promise<Taken>;
  /** The place cannot be read; the products stay. `undefined`: it can again. */
  unreadable(error: unknown): void;
  status(): RegistryStatus;
}

export function createRegistry(parts: RegistryParts): Registry {
  const { config, book, health, metrics, clock, logger } = parts;
  const serial = createSerial();
  let state: Omit<RegistryStatus, 'source' | 'place'> = {};

  async function take({ from, read }: Offer): Promise<Taken> {
    let sound = false;
    try {
      const products = read();
      if (!parts.canKeep && follows({ defaultTier: config.defaultTier, ...products }))
        throw new Error('products that keep something need a local store: restart the sidecar');
      const before = idsOf(book);
      sound = true;
      await book.replace(products);
      state = { from, takenAtMs: clock.wallMs() };
      health.clear('products');
      metrics.counter('rsfga_product_updates_total', 'taken').value += 1;
      logger.info({ from, ...difference(before, idsOf(book)) }, 'the products are taken up');
      return 'taken';
    } catch (error) {
      refuse(from, error, sound);
      return sound ? 'failed' : 'refused';
    }
  }

  function refuse(from: string, error: unknown, triesAgain: boolean): void {
    const text = error instanceof Error ? error.message : String(error);
    const problems = error instanceof ConfigError ? error.problems : [];
    // Tried again and again: said once.
    const isKnown = triesAgain && state.refused?.from === from && state.refused.error === text;
    state = { ...state, refused: { from, atMs: clock.wallMs(), error: text, problems } };
    if (!isKnown) metrics.counter('rsfga_product_updates_total', 'refused').value += 1;
    health.raise('products', 'degraded', `Products from ${from} were refused; those before stay.`, text);
    if (!isKnown) logger.error({ from, error: text }, 'products were refused; those before stay');
  }

  return {
    offer: (offer) => serial.run(() => take(offer)),
    unreadable(error) {
      const { unreadable, ...rest } = state;
      if (error === undefined && unreadable === undefined) return;
      const text = error instanceof Error ? error.message : String(error);
      state = error === undefined ? rest : { ...rest, unreadable: text };
      if (error === undefined) health.clear('registry');
      else health.raise('registry', 'degraded', 'The registry cannot be read; the products stay.', text);
    },
    status: () => ({ source: config.registry.kind, place: placeOf(config), ...state }),
  };
}

export interface OfferParts {
  readonly config: Config;
  /** Those that were loaded at the start. */
  readonly tiers: KnownTiers;
  readonly logger: Log;
}

/** Products in the configuration file itself: what else changed there needs a restart, and the log says so. */
export function offerOfConfig({ config: running, tiers, logger }: OfferParts, text: string): Offer {
  const { file = 'config' } = running;
  return {
    from: file,
    read() {
      // Code that a changed file names is not loaded before a restart: products keep to what is here.
      const next = parseConfig(text, { file, env: process.env, tiers });
      const keys = changedKeys(running, next);
      if (keys.length > 0)
        logger.warn({ file, keys }, 'only products and default_tier change while the sidecar runs');
      return { products: next.products, defaultTier: next.defaultTier };
    },
  };
}

export function offerOfFile({ config, tiers }: OfferParts, path: string, text: string): Offer {
  const options = { name: path, env: process.env, changelog: config.changelog.kind, tiers };
  return { from: path, read: () => parseProducts(text, options) };
}

/** What there is before anything was watched. Throws a ConfigError: with it the sidecar does not start. */
export function firstProducts(
  { registry, products, defaultTier, changelog }: Config,
  { env = process.env, tiers = NO_TIERS }: { env?: Environment; tiers?: KnownTiers } = {},
): Products | undefined {
  switch (registry.kind) {
    case 'config':
      return { products, defaultTier };
    case 'file':
      return loadProducts(registry.path, { env, changelog: changelog.kind, tiers });
    case 'nats-kv':
      return undefined;
  }
}

function placeOf({ registry, file = 'config' }: Config): string {
  switch (registry.kind) {
    case 'config':
      return file;
    case 'file':
      return registry.path;
    case 'nats-kv':
      return `${registry.bucket}/${registry.key}`;
  }
}

function changedKeys(before: Config, after: Config): string[] {
  const fixed = Object.keys({ ...before, ...after }).filter(
    (key) => key !== 'products' && key !== 'defaultTier',
  );
  const textOf = (config: Config, key: string) =>
    JSON.stringify(Object.entries(config).find(([k]) => k === key));
  return fixed.filter((key) => textOf(before, key) !== textOf(after, key));
}

function idsOf(book: ProductBook): ReadonlyMap<string, string> {
  return new Map(book.current().products.map(({ id, config }) => [id, JSON.stringify(config)]));
}

function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  return {
    added: [...after.keys()].filter((id) => !before.has(id)),
    changed: [...after].filter(([id, text]) => before.has(id) && before.get(id) !== text).map(([id]) => id),
    removed: [...before.keys()].filter((id) => !after.has(id)),
  };
}
