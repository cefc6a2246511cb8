/** Checked fields → the typed configuration: names of the code, role defaults, absolute paths. */
import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { authOf } from './auth-fields.ts';
import type {
  CaptureConfig,
  ChangelogConfig,
  Config,
  LimitsConfig,
  ProductConfig,
  Products,
  RegistryConfig,
  Role,
  ServerConfig,
  StoreConfig,
  TierConfig,
  UpstreamConfig,
} from './config.ts';
import { captureFields, type Fields } from './fields.ts';
import { loginOf, natsPlaceOf, natsTlsOf } from './nats-login.ts';
import type { ProductFileFields } from './product-fields.ts';
import { listenersTlsOf, serverTlsOf } from './tls-fields.ts';

export interface Surroundings {
  /** Relative paths count from here. */
  readonly folder: string;
  readonly file?: string;
  /** True when the YAML has a `capture` key. */
  readonly captureByHand: boolean;
}

export function buildConfig(fields: Fields, around: Surroundings): Config {
  const changelog = changelogOf(fields, around.folder);
  const captures = fields.role === 'central' || changelog.kind === 'memory' || around.captureByHand;
  return {
    role: fields.role,
    edgeId: fields.edge_id ?? hostId(),
    nodeId: fields.node_id ?? `${hostId()}:${fields.listen.http.port}`,
    ...(fields.region === undefined ? {} : { region: fields.region }),
    listen: { http: fields.listen.http, ...grpcOf(fields.listen), admin: fields.listen.admin },
    tls: listenersTlsOf(fields.tls, around.folder),
    upstream: upstreamOf(fields, around.folder),
    auth: authOf(fields.auth, around.folder),
    changelog,
    store: storeOf(fields, around.folder),
    products: fields.products.map((product) => productOf(product, around.folder)),
    defaultTier: tierOf(fields.default_tier, around.folder),
    plugins: { tier: fields.plugins.tier },
    registry: registryOf(fields, around.folder),
    capture: captures ? captureOf(fields) : undefined,
    reconcile: {
      intervalMs: fields.reconcile.interval,
      overlapMs: fields.reconcile.overlap,
      maxRps: fields.reconcile.max_rps,
    },
    consistency: { higher: fields.consistency.higher, waitMs: fields.consistency.wait },
    shadow: { ...fields.shadow, folder: resolve(around.folder, fields.shadow.folder) },
    audit: {
      ...(fields.audit.every === undefined ? {} : { everyMs: fields.audit.every }),
      repair: fields.audit.repair === 'yes',
      maxRps: fields.audit.max_rps,
    },
    snapshots: {
      ...(fields.snapshots.every === undefined ? {} : { everyMs: fields.snapshots.every }),
      bucket: fields.snapshots.bucket,
    },
    admin: {
      ...(fields.admin.token === undefined ? {} : { token: fields.admin.token }),
      disable: fields.admin.disable,
    },
    limits: limitsOf(fields),
    workers: fields.workers,
    ...(around.file === undefined ? {} : { file: around.file }),
  };
}

function upstreamOf({ upstream }: Fields, folder: string): 'embedded' | UpstreamConfig {
  if (upstream === 'embedded') return 'embedded';
  const server = serverOf(upstream, folder);
  return {
    ...server,
    ...(upstream.api_token === undefined ? {} : { apiToken: upstream.api_token }),
    lagMs: upstream.lag,
    ...(upstream.primary === undefined ? {} : { primary: heir(serverOf(upstream.primary, folder), server) }),
  };
}

type ServerFields = Pick<Exclude<Fields['upstream'], 'embedded'>, 'http' | 'grpc' | 'tls'>;

function serverOf(server: ServerFields, folder: string): ServerConfig {
  const tls = server.tls && serverTlsOf(server.tls, folder);
  return { http: server.http, ...grpcOf(server), ...(tls === undefined ? {} : { tls }) };
}

/** A primary beside a replica usually has the same CA. Not its name, and nothing where one of the two is clear text. */
function heir(primary: ServerConfig, { http, tls }: ServerConfig): ServerConfig {
  const alike = primary.http.startsWith('https:') === http.startsWith('https:');
  if (primary.tls !== undefined || tls === undefined || !alike) return primary;
  const { serverName: _its, ...files } = tls;
  return { ...primary, tls: files };
}

type Grpc = { readonly grpc?: ServerConfig['grpc'] | undefined };

function grpcOf({ grpc }: Grpc): Pick<ServerConfig, 'grpc'> {
  return grpc === undefined ? {} : { grpc };
}

function changelogOf({ changelog }: Fields, folder: string): ChangelogConfig {
  if (changelog === undefined) return { kind: 'upstream' };
  if (changelog.kind !== 'nats') return { kind: changelog.kind };
  const { servers, stream, replicas } = changelog;
  return {
    kind: 'nats',
    servers,
    stream,
    replicas,
    ...loginOf(changelog, folder),
    ...natsTlsOf(changelog, folder),
    ...natsPlaceOf(changelog, folder),
  };
}

function storeOf({ role, store }: Fields, folder: string): StoreConfig {
  if (store?.kind === 'lmdb') return { kind: 'lmdb', path: resolve(folder, store.path) };
  return store === undefined ? defaultStore(role, folder) : { kind: 'memory' };
}

function defaultStore(role: Role, folder: string): StoreConfig {
  return role === 'central' ? { kind: 'memory' } : { kind: 'lmdb', path: resolve(folder, 'data') };
}

function productOf(product: Fields['products'][number], folder: string): ProductConfig {
  return {
    id: product.id,
    stores: product.stores,
    ...(product.regions === undefined ? {} : { regions: product.regions }),
    tier: tierOf(product.tier, folder),
    ...(product.nats_subjects === undefined ? {} : { natsSubjects: product.nats_subjects }),
    maxStalenessMs: product.max_staleness,
    onStale: product.on_stale,
    maxOfflineMs: product.max_offline,
    ...quotaOf(product),
  };
}

function quotaOf({ quota }: Fields['products'][number]): Pick<ProductConfig, 'quota'> {
  if (quota === undefined) return {};
  const { concurrent_queries: concurrentQueries, queries_per_second: queriesPerSecond } = quota;
  return {
    quota: {
      ...(concurrentQueries === undefined ? {} : { concurrentQueries }),
      ...(queriesPerSecond === undefined ? {} : { queriesPerSecond }),
    },
  };
}

function limitsOf({ limits }: Fields): LimitsConfig {
  return {
    concurrentQueries: limits.concurrent_queries,
    concurrentWrites: limits.concurrent_writes,
    connections: limits.connections,
    streams: limits.streams,
    requestBytes: limits.request_bytes,
    headerBytes: limits.header_bytes,
    headers: limits.headers,
    headerTimeoutMs: limits.header_timeout,
    requestTimeoutMs: limits.request_timeout,
    idleTimeoutMs: limits.idle_timeout,
    stallTimeoutMs: limits.stall_timeout,
    heldBytes: limits.held_bytes,
  };
}

function tierOf(tier: Fields['default_tier'], folder: string): TierConfig {
  switch (tier.kind) {
    case 'hot':
      return { kind: 'hot', objectTypes: [...new Set(tier.object_types)].sort() };
    case 'warm': {
      const { ttl: ttlMs, max_entries: maxEntries, store } = tier;
      return { kind: 'warm', ttlMs, maxEntries, ...cacheOf(store, folder) };
    }
    case 'plugin':
      return tier;
    default:
      return { kind: tier.kind };
  }
}

type WarmFields = Extract<Fields['default_tier'], { kind: 'warm' }>;
type WarmConfig = Extract<TierConfig, { kind: 'warm' }>;

function cacheOf(store: WarmFields['store'], folder: string): Pick<WarmConfig, 'storeUrl' | 'storeModule'> {
  if (store === undefined) return {};
  if (typeof store === 'string') return { storeUrl: store };
  const { module: name, uri } = store;
  const isPath = /^\.{1,2}[/\\]/.test(name) || isAbsolute(name);
  const storeModule = { module: isPath ? resolve(folder, name) : name, folder };
  return { storeModule, ...(uri === undefined ? {} : { storeUrl: uri }) };
}

/** The products of a file or bucket of their own. */
export function buildProducts({ products, default_tier: tier }: ProductFileFields): Products {
  // Modules stand in no such file (`brokenProductFile`), so nothing counts from a folder.
  const built = products.map((product) => productOf(product, '/'));
  return { products: built, ...(tier === undefined ? {} : { defaultTier: tierOf(tier, '/') }) };
}

function registryOf({ registry }: Fields, folder: string): RegistryConfig {
  if (registry === undefined) return { kind: 'config' };
  return registry.kind === 'file' ? { ...registry, path: resolve(folder, registry.path) } : registry;
}

function captureOf({ capture = captureFields.parse({}) }: Fields): CaptureConfig {
  return {
    onPublishFailure: capture.on_publish_failure,
    wait: capture.wait,
    waitTimeoutMs: capture.wait_timeout,
  };
}

/** The host name as an id: a durable consumer of NATS may hold no dots. */
function hostId(): string {
  const id = hostname()
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 64);
  return id === '' ? 'edge' : id;
}
