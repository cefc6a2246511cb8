/** The products at the start: the first set is taken up before anything listens, the rest follows. */
import { openTier } from '../../plugins/index.ts';
import type { Config } from '../config/config.ts';
import { subjectNotes } from '../config/nats-subjects.ts';
import type { KnownTiers } from '../config/tiers.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { CacheEvents } from '../plugin/tier.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createRegistryFollower, type RegistryFollower } from './follow-registry.ts';
import type { Closers, Parts } from './parts.ts';
import { openProductBook, type ProductBook } from './products.ts';
import { createRegistry, firstProducts, type Registry } from './registry.ts';
import { createTierMeters } from './tier-meters.ts';

export interface OpenProducts {
  readonly book: ProductBook;
  readonly registry: Registry;
  readonly follower: RegistryFollower;
}

export interface OpenProductsParts {
  readonly config: Config;
  /** The tiers that the configuration names, with their code. */
  readonly tiers: KnownTiers;
  readonly parts: Parts;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly cache: CacheEvents;
  readonly clock: Clock;
  readonly logger: Log;
}

/** Longer than any request may take; a tier that no product names any more is closed after it. */
const TIER_LINGER_MS = 60_000;

/** Throws a ConfigError, or the error of a tier that cannot be opened. */
export async function openProducts(all: OpenProductsParts, closers: Closers): Promise<OpenProducts> {
  const { config, tiers, parts, clock, logger, cache: events } = all;
  const outside = { tiers, guard: createTierMeters(all) };
  const closing = new AbortController();
  const book = await openProductBook({
    region: config.region,
    defaultTier: config.defaultTier,
    openTier: (tier) => openTier(tier, { clock, logger, lagMs: parts.server.lagMs, events, outside }),
    settled: () => clock.sleep(TIER_LINGER_MS, closing.signal),
    failed: (err) => logger.warn({ err }, 'a tier did not close'),
  });
  closers.add('tiers', () => {
    closing.abort();
    return book.close();
  });
  const deaf = parts.log.onInvalidate?.((key) => {
    logger.info({ key }, 'remembered answers are dropped');
    for (const tier of book.tiers()) tier.invalidate?.(key);
  });
  if (deaf) closers.add('invalidation', async () => deaf());
  book.onChange(createNotes(book, logger));
  const first = firstProducts(config, { tiers });
  if (first) await book.replace(first);
  const registry = createRegistry({ ...all, book, canKeep: parts.store !== undefined });
  const { registry: where } = config;
  const shelf = where.kind === 'nats-kv' ? parts.log.shelf?.(where) : undefined;
  const follower = createRegistryFollower({ config, tiers, registry, shelf, clock, logger });
  return { book, registry, follower };
}

/** Subjects made by hand are narrower than what the tiers ask for, and get words added: said once, as long as they stay. */
function createNotes(book: ProductBook, logger: Log): () => void {
  let said = new Set<string>();
  return () => {
    const notes = subjectNotes(book.current().products.map(({ config }) => config));
    for (const note of notes) if (!said.has(note)) logger.info({ note }, 'subjects made by hand');
    said = new Set(notes);
  };
}
