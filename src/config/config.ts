/**
 * What a checked configuration is, as the rest of the program sees it. Durations are milliseconds (`…Ms`), addresses are
 * parsed, paths are absolute, defaults are filled in. The YAML names are in `fields.ts`; the meaning is design section 8.
 */

import type { Outside } from '../plugin/choice.ts';
import type { EndpointName } from '../plugin/endpoints.ts';
import type { NatsChangelogConfig } from './nats-config.ts';
import type { ListenersTls, ServerTlsConfig } from './tls-config.ts';

export type Role = 'central' | 'regional' | 'edge';

export interface Config {
  readonly role: Role;
  /** Durable identity of this follower; letters, digits, `_`, `-`. Default: made from the host name. */
  readonly edgeId: string;
  /** Identity of this process among the sidecars; default: host name and HTTP port. */
  readonly nodeId: string;
  readonly region?: string;
  readonly listen: ListenConfig;
  readonly tls: ListenersTls;
  readonly upstream: 'embedded' | UpstreamConfig;
  readonly auth: AuthConfig;
  readonly changelog: ChangelogConfig;
  readonly store: StoreConfig;
  /** Those of the file itself; with a `registry`, none. */
  readonly products: readonly ProductConfig[];
  /** For stores that no product names. */
  readonly defaultTier: TierConfig;
  /** By name: a path (a relative one counts from the file) or the name of an npm package. */
  readonly plugins: { readonly tier: Readonly<Record<string, string>> };
  readonly registry: RegistryConfig;
  /** Undefined: this sidecar forwards Writes and publishes nothing. */
  readonly capture: CaptureConfig | undefined;
  readonly reconcile: ReconcileConfig;
  readonly consistency: ConsistencyConfig;
  readonly audit: AuditConfig;
  readonly snapshots: SnapshotsConfig;
  readonly shadow: ShadowConfig;
  readonly admin: AdminConfig;
  readonly limits: LimitsConfig;
  /** Serving processes. */
  readonly workers: number;
  /** Absolute path of the YAML file; absent when the text did not come from a file. */
  readonly file?: string;
}

/** Port 0 means: any free port. `host` is without brackets (`::1`). */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ListenConfig {
  readonly http: Address;
  readonly grpc?: Address;
  readonly admin: Address;
}

/** One server. `http` is an origin without a trailing slash: `http://127.0.0.1:18080`. */
export interface ServerConfig {
  readonly http: string;
  readonly grpc?: Address;
  /** Set: gRPC is TLS. HTTP is where `http` is `https://`. */
  readonly tls?: ServerTlsConfig;
}

export interface UpstreamConfig extends ServerConfig {
  /** Bearer token of the sidecar's own calls. */
  readonly apiToken?: string;
  /** How far the upstream's answers may lag behind a Write; 0 for a primary without caches. */
  readonly lagMs: number;
  /** Where Writes, strong reads and bootstraps go when `http` and `grpc` name a replica. */
  readonly primary?: ServerConfig;
}

export type AuthConfig =
  | { readonly method: 'none'; readonly allowUnauthenticated: boolean }
  | { readonly method: 'preshared'; readonly keys: readonly PresharedKeyConfig[] }
  | OidcConfig;

export interface PresharedKeyConfig {
  readonly secret: string;
  /** Product ids; absent: every store. */
  readonly products?: readonly string[];
}

export interface OidcConfig {
  readonly method: 'oidc';
  readonly issuer: string;
  /** Absolute path of the certificates that the issuer is vouched for by. */
  readonly issuerCa?: string;
  readonly issuerAliases: readonly string[];
  readonly audience: string;
  /** Empty: any. */
  readonly subjects: readonly string[];
  readonly clientIdClaims: readonly string[];
  /** Clients that may ask about some products only. */
  readonly clients: readonly { readonly client: string; readonly products: readonly string[] }[];
}

export type ChangelogConfig =
  | NatsChangelogConfig
  | { readonly kind: 'memory' }
  | { readonly kind: 'upstream' };

export type StoreConfig = { readonly kind: 'memory' } | { readonly kind: 'lmdb'; readonly path: string };

export type TierConfig =
  | { readonly kind: 'critical' }
  | { readonly kind: 'hot'; readonly objectTypes: readonly string[] }
  | {
      readonly kind: 'warm';
      readonly ttlMs: number;
      readonly maxEntries: number;
      /** A Redis that holds the answers, or what `storeModule` is given. May hold a password. */
      readonly storeUrl?: string;
      /** Brings another store: an absolute path, or a package that is looked for from `folder`. */
      readonly storeModule?: { readonly module: string; readonly folder: string };
    }
  | { readonly kind: 'cold' }
  | Outside;

/** Where the products come from, at the start and while the sidecar runs. */
export type RegistryConfig =
  | { readonly kind: 'config' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nats-kv'; readonly bucket: string; readonly key: string };

/** What a registry holds. */
export interface Products {
  readonly products: readonly ProductConfig[];
  /** Undefined: that of the sidecar's own configuration. */
  readonly defaultTier?: TierConfig;
}

export type OnStale = 'serve' | 'forward' | 'deny';

export interface ProductConfig {
  readonly id: string;
  /** Store ids; `['*']` is every store that no other product names. */
  readonly stores: readonly string[];
  /** Undefined: kept by every sidecar, wherever it runs. */
  readonly regions?: readonly string[];
  readonly tier: TierConfig;
  /** Filters made by hand, as written; undefined: the sidecar's own. */
  readonly natsSubjects?: readonly string[];
  readonly maxStalenessMs: number;
  readonly onStale: OnStale;
  readonly maxOfflineMs: number;
  readonly quota?: { readonly concurrentQueries?: number; readonly queriesPerSecond?: number };
}

export interface CaptureConfig {
  readonly onPublishFailure: 'accept' | 'reject';
  readonly wait: 'published' | 'none';
  readonly waitTimeoutMs: number;
}

export interface ReconcileConfig {
  readonly intervalMs: number;
  readonly overlapMs: number;
  /** Requests per second that walks of idle stores may use. */
  readonly maxRps: number;
}

export interface ConsistencyConfig {
  /** What HIGHER_CONSISTENCY does at a local tier. */
  readonly higher: 'forward' | 'local';
  /** How long a query waits for `Rsfga-Min-Revision` or a barrier. */
  readonly waitMs: number;
}

export interface AuditConfig {
  /** Undefined: no background audit. */
  readonly everyMs?: number;
  readonly repair: boolean;
  readonly maxRps: number;
}

export interface SnapshotsConfig {
  /** Undefined: written only when asked. */
  readonly everyMs?: number;
  /** Of the NATS Object Store. */
  readonly bucket: string;
}

export interface ShadowConfig {
  /** 0 to 1, of local answers. */
  readonly share: number;
  /** Absolute path. */
  readonly folder: string;
  readonly keep: number;
}

export interface LimitsConfig {
  readonly concurrentQueries: number;
  readonly concurrentWrites: number;
  readonly connections: number;
  readonly streams: number;
  readonly requestBytes: number;
  readonly headerBytes: number;
  readonly headers: number;
  readonly headerTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly heldBytes: number;
}

export interface AdminConfig {
  /** Needed on all but `/healthz` and `/readyz` when set; calls that act need it in any case. */
  readonly token?: string;
  /** Endpoints that are switched off. */
  readonly disable: readonly EndpointName[];
}

/** The store id that stands for every store that no other product names. */
export const EVERY_STORE = '*';

/** Staleness rules of stores that only `default_tier` covers. */
export const DEFAULT_FRESHNESS = {
  maxStalenessMs: 30_000,
  onStale: 'forward',
  maxOfflineMs: 3_600_000,
} as const satisfies Pick<ProductConfig, 'maxStalenessMs' | 'onStale' | 'maxOfflineMs'>;

/** True when some store is kept here by these products. */
export function follows(config: Pick<Config, 'products' | 'defaultTier'>): boolean {
  return [config.defaultTier, ...config.products.map((p) => p.tier)].some((tier) => keeps(tier));
}

/** The product that names the store, else the `*` product, else undefined (then `defaultTier` holds). */
export function productOf(config: Pick<Config, 'products'>, storeId: string): ProductConfig | undefined {
  const named = config.products.find((p) => p.stores.includes(storeId));
  return named ?? config.products.find((p) => p.stores.includes(EVERY_STORE));
}

/** `host:port`, with brackets around an IPv6 host. */
export function addressText(address: Address): string {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function keeps(tier: TierConfig): boolean {
  return tier.kind !== 'cold';
}
