/**
 * The explicit list of plugins: the name in the YAML and the code behind it. A new plugin is one file, one entry in
 * `src/plugin/registry.ts` (its options) and one line here. Only what a configuration names is loaded.
 */
import type { ChangelogConfig, Config, StoreConfig, TierConfig } from '../src/config/config.ts';
import { ConfigError } from '../src/config/problems.ts';
import { readOptions } from '../src/config/tier-options.ts';
import type { KnownTiers } from '../src/config/tiers.ts';
import { createEngine } from '../src/engine/evaluate.ts';
import type { ChangeLog, Shelf } from '../src/plugin/changelog.ts';
import type { Outside } from '../src/plugin/choice.ts';
import { type Clock, systemClock } from '../src/plugin/clock.ts';
import { type Log, silentLog } from '../src/plugin/log.ts';
import { DEFAULT_SHELF } from '../src/plugin/registry.ts';
import type { TupleStore } from '../src/plugin/store.ts';
import type { CacheEvents, Tier } from '../src/plugin/tier.ts';
import type { GuardEvents } from '../src/plugin/tier-guard.ts';
import type { Upstream } from '../src/plugin/upstream.ts';
import { parseQuery } from '../src/proxy/wire/parse.ts';
import { renderAnswer } from '../src/proxy/wire/render.ts';
import { openFollowRules } from '../src/topology/follow-rules.ts';
import { createColdTier } from './tier/cold.ts';
import { createCriticalTier } from './tier/critical.ts';
import { createHotTier } from './tier/hot.ts';

export interface ChangelogParts {
  readonly clock: Clock;
  readonly logger: Log;
  readonly upstream: Upstream;
  /** What is kept here says where a log without a broker goes on. */
  readonly store: TupleStore | undefined;
}

export async function openChangelog(
  config: Config,
  { clock, logger, upstream, store }: ChangelogParts,
): Promise<ChangeLog> {
  const { changelog, nodeId, edgeId } = config;
  switch (changelog.kind) {
    case 'nats':
      return (await import('./changelog/nats.ts')).openNatsChangeLog({
        ...natsOptions(changelog),
        snapshotBucket: config.snapshots.bucket,
        nodeId,
        edgeId,
        publishes: config.capture !== undefined,
        ...rulesOf(config, logger),
        clock,
        log: logger,
      });
    case 'memory':
      return (await import('./changelog/memory.ts')).createMemoryChangeLog();
    case 'upstream':
      return (await import('./changelog/upstream.ts')).openUpstreamChangeLog({
        upstream,
        nodeId,
        clock,
        ...config.reconcile,
        ...(store ? { resume: store } : {}),
      });
  }
}

function natsOptions({
  kind: _kind,
  edgesFile: _edges,
  ...options
}: Extract<ChangelogConfig, { kind: 'nats' }>) {
  return options;
}

/** Whoever publishes makes the consumers of edges that may not make one, and limits what they follow. */
function rulesOf({ changelog, capture }: Config, logger: Log) {
  if (changelog.kind !== 'nats' || changelog.edgesFile === undefined || capture === undefined) return {};
  return { rules: openFollowRules(changelog.edgesFile, logger) };
}

export async function openStore(config: StoreConfig): Promise<TupleStore> {
  switch (config.kind) {
    case 'lmdb':
      return (await import('./store/lmdb.ts')).openLmdbStore({ path: config.path });
    case 'memory':
      return (await import('./store/memory.ts')).openMemoryStore();
  }
}

/** Time to reach NATS for one command. */
const SHELF_TIMEOUT_MS = 5_000;

/**
 * Where the registry's products lie, for a command: with the bucket and the login of `config`, or the default bucket.
 * Rejects when there is no NATS in the configuration, or none in reach.
 */
export async function openProductShelf(
  config: Config,
): Promise<Shelf & { readonly place: string; close(): Promise<void> }> {
  const { changelog, registry } = config;
  if (changelog.kind !== 'nats')
    throw new Error(`The products lie in NATS, and the configuration says changelog: ${changelog.kind}.`);
  const where = registry.kind === 'nats-kv' ? registry : DEFAULT_SHELF;
  const [{ openNatsLink }, { createShelf }] = await Promise.all([
    import('./changelog/nats-connect.ts'),
    import('./changelog/nats-shelf.ts'),
  ]);
  const options = natsOptions(changelog);
  const link = openNatsLink(options, 'rsfga-edge products', systemClock, silentLog);
  if (!(await link.up(AbortSignal.timeout(SHELF_TIMEOUT_MS)))) {
    const state = link.state();
    await link.close();
    throw new Error(
      `NATS cannot be reached at ${changelog.servers.join(', ')}: ${'error' in state ? state.error : 'no answer'}`,
    );
  }
  const shelf = createShelf(link, changelog.replicas, where, silentLog);
  return { ...shelf, place: `${where.bucket}/${where.key}`, close: () => link.close() };
}

export interface TierParts {
  readonly clock: Clock;
  /** How far the upstream's answers may lag behind a change. */
  readonly lagMs: number;
  readonly events: CacheEvents;
  readonly logger: Log;
  /** The tiers that the configuration names, and who hears of what they do. */
  readonly outside: { readonly tiers: KnownTiers; readonly guard: GuardEvents };
}

/** One for each place in the configuration where a tier is named: a product, or `default_tier`. */
export async function openTier(config: TierConfig, parts: TierParts): Promise<Tier> {
  switch (config.kind) {
    case 'warm': {
      const { openWarmTier } = await import('./tier/warm.ts');
      const { ttlMs, maxEntries, storeUrl: url, storeModule } = config;
      const place = storeModule ? { ...storeModule, ...(url && { uri: url }) } : url && { url };
      return openWarmTier({ ttlMs, maxEntries, lagMs: parts.lagMs, ...(place && { place }) }, parts);
    }
    case 'critical':
      return createCriticalTier();
    case 'hot':
      return createHotTier(config);
    case 'cold':
      return createColdTier();
    case 'plugin':
      return openNamedTier(config, parts);
  }
}

/** Why the store that a warm tier brings along cannot be had. It is only loaded: made, it might connect. */
export async function storeProblem(config: TierConfig): Promise<string | undefined> {
  if (config.kind !== 'warm' || !config.storeModule) return undefined;
  const { loadStore } = await import('./tier/warm-store.ts');
  return loadStore(config.storeModule).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Rejects with a ConfigError at the place where the YAML names it. */
async function openNamedTier(
  { name, options: given }: Outside,
  { clock, lagMs, events, logger: log, outside }: TierParts,
): Promise<Tier> {
  const { named, plugin } = outside.tiers.get(name) ?? {};
  if (!plugin || !named) throw new Error(`the code of the tier ${name} was not loaded`);
  const { openOutsideTier } = await import('./tier/outside.ts');
  const read = readOptions(plugin, given);
  try {
    if (!('options' in read)) throw new Error('it does not take these options');
    const tier = { name, plugin, options: read.options };
    return await openOutsideTier(tier, { clock, lagMs, events, log, guard: outside.guard });
  } catch (cause) {
    const { file, ...place } = named;
    const message = `the tier ${name} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new ConfigError(file, [{ ...place, message }], { cause });
  }
}

/** A small OpenFGA in this process, on the same engine. Rejects with the system's error when the port is taken. */
export async function startEmbedded(at: {
  host: string;
  port: number;
}): Promise<{ url: string; close(): Promise<void> }> {
  const { startEmbeddedUpstream } = await import('./upstream/embedded/server.ts');
  return startEmbeddedUpstream({ ...at, engine: createEngine(), parseQuery, renderAnswer });
}
