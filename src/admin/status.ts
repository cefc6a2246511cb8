/**
 * What `/status` says: the JSON contract between the sidecar and whoever looks at it (the page, `rsfga-edge status`, an
 * operator's script). Times are wall clock in ms since 1970 (`…AtMs`, `sinceMs`), ages and durations are ms.
 */
import type { HealthReport } from '../telemetry/health.ts';

export interface StatusSource {
  status(): StatusReport;
  readiness(): Readiness;
}

export interface Readiness {
  /** The listeners are open and each store can be answered or forwarded. */
  readonly ready: boolean;
  /** What readiness still waits for, in words. Empty when ready. */
  readonly waitingFor: readonly string[];
  /** Stores that are not complete here, for `/readyz?synced`. */
  readonly unsynced: readonly string[];
}

export interface StatusReport {
  readonly version: string;
  readonly role: 'central' | 'regional' | 'edge';
  readonly edgeId: string;
  readonly nodeId: string;
  readonly region?: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly health: HealthReport;
  readonly ready: boolean;
  /** URLs as a client would write them: `http://127.0.0.1:8080`. */
  readonly urls: { readonly http: string; readonly grpc?: string; readonly admin: string };
  readonly upstream: UpstreamStatus;
  readonly changelog: ChangelogStatus;
  /** Only where Writes are captured. */
  readonly capture?: CaptureStatus;
  readonly store: LocalStoreStatus;
  readonly registry: RegistryStatus;
  readonly products: readonly ProductStatus[];
  readonly requests: RequestStatus;
  /** Only where local answers are compared with the upstream. */
  readonly shadow?: ShadowStatus;
  /** One for each of local, cache and upstream that has answered. */
  readonly latency: readonly LatencyStatus[];
  /** The configuration as it runs, secrets masked. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface LocalStoreStatus {
  readonly kind: string;
  readonly bytes: number;
  /** Still on disk, and no product keeps them any more. */
  readonly leaving: readonly { readonly storeId: string; readonly tuples: number }[];
  /** The last ones of which nothing is left, newest first. */
  readonly erased: readonly ErasedStore[];
}

export interface ErasedStore {
  readonly storeId: string;
  readonly atMs: number;
  /** Held when the product went. */
  readonly tuples: number;
}

export interface RegistryStatus {
  readonly source: 'config' | 'file' | 'nats-kv';
  /** The file, or bucket and key. */
  readonly place: string;
  /** What the present products were read from, and when. */
  readonly from?: string;
  readonly takenAtMs?: number;
  /** The last update, when it was refused: the products before it stay. */
  readonly refused?: RefusedProducts;
  /** Why the place cannot be read. */
  readonly unreadable?: string;
}

export interface RefusedProducts {
  readonly from: string;
  readonly atMs: number;
  readonly error: string;
  readonly problems: readonly {
    readonly path: string;
    readonly message: string;
    readonly allowed?: string;
    readonly line?: number;
  }[];
}

export interface UpstreamStatus {
  readonly url: string;
  readonly primary?: string;
  /** Undefined until something was asked of it. */
  readonly reachable?: boolean;
  readonly lastError?: string;
}

export interface ChangelogStatus {
  readonly kind: string;
  readonly connected: boolean;
  /** Since when it is disconnected. */
  readonly sinceMs?: number;
  readonly lastError?: string;
  /** Messages in the log that have not been received here. */
  readonly lag: number;
  /** Received, not yet applied. */
  readonly pending: number;
  readonly received: number;
  readonly published: number;
  readonly garbage: number;
  readonly messages: number;
  readonly bytes: number;
}

export interface CaptureStatus {
  /** True when this sidecar publishes. */
  readonly sequencer: boolean;
  /** Which sidecar publishes, where several may. */
  readonly lease?: LeaseStatus;
  /** Stores that are followed at present: listed by the upstream, written to or asked about. 0 where another publishes. */
  readonly followed: number;
  /** Transactions that wait for the sidecar that publishes. */
  readonly handingOver: number;
  readonly captured: number;
  /** Transactions that wait for the change log. */
  readonly unpublished: number;
  /** Changes that a walk of the upstream's changelog found. */
  readonly found: number;
  readonly lastPublishedAtMs?: number;
  readonly lastWalkAtMs?: number;
  readonly lastError?: string;
}

export interface LeaseStatus {
  /** `unknown`: nobody has it, or the broker cannot be asked. */
  readonly state: 'held' | 'elsewhere' | 'unknown';
  /** Node id. */
  readonly holder?: string;
  readonly sinceMs: number;
  readonly lastError?: string;
}

export interface ProductStatus {
  /** The product's id, or `default_tier` for stores that no product names. */
  readonly id: string;
  readonly tier: string;
  /** It is for other regions: forwarded here. */
  readonly elsewhere?: boolean;
  readonly maxStalenessMs: number;
  readonly onStale: 'serve' | 'forward' | 'deny';
  readonly stores: readonly StoreStatus[];
}

/** forwarding: nothing is kept, by tier. The others as in `plugin/store.ts`; absent: to be copied, not begun. */
export type StorePhase = 'forwarding' | 'absent' | 'copying' | 'confirming' | 'complete' | 'broken';

export interface StoreStatus {
  /** `*` stands for stores that are not known yet. */
  readonly storeId: string;
  readonly name?: string;
  readonly phase: StorePhase;
  readonly epoch: string;
  readonly revision: number;
  /** In the change log. Opaque. */
  readonly position: string;
  readonly tuples: number;
  /** Undefined while unknown: no round trip yet. */
  readonly ageMs?: number;
  /** Past `max_staleness`: `on_stale` acts. */
  readonly stale: boolean;
  /** Revisions between here and the newest one heard of. */
  readonly behind?: number;
  readonly bootstrap?: BootstrapStatus;
  readonly resyncs: number;
  /** The upstream does not list the store. What is held of it stays until no product names it. */
  readonly storeDeleted?: boolean;
  /** The upstream has no store of this id, and nothing is held of it: a wrong id in the products, or a store to be made. */
  readonly unknown?: boolean;
  readonly audit?: AuditStatus;
  readonly lastResync?: { readonly reason: string; readonly atMs: number };
  readonly lastError?: string;
}

/** Local answers that were also asked upstream, by what came of it. */
export interface ShadowStatus {
  readonly share: number;
  /** Where each mismatch is stored. */
  readonly folder: string;
  readonly same: number;
  /** Not the same at first, the same once both stood still. */
  readonly explained: number;
  readonly mismatch: number;
  readonly undecided: number;
  readonly unanswered: number;
  readonly dropped: number;
  readonly lastMismatchAtMs?: number;
}

/** The last audit of a store since the start. */
export interface AuditStatus {
  readonly atMs: number;
  readonly outcome: 'equal' | 'repaired' | 'differs' | 'copied' | 'skipped';
  /** Why it was skipped. */
  readonly reason?: string;
  readonly revision: string;
  /** Tuples of the upstream that were compared. */
  readonly tuples: number;
  /** By object type; only types that differed. */
  readonly differences: Readonly<Record<string, { missing: number; extra: number; changed: number }>>;
  readonly models: { readonly missing: readonly string[]; readonly extra: readonly string[] };
  /** Keys that changed at every look, and were not judged. */
  readonly undecided: number;
  readonly tookMs: number;
}

export interface BootstrapStatus {
  readonly tuples: number;
  readonly perSecond: number;
  /** Undefined when the upstream cannot say how many there are. */
  readonly expected?: number;
  readonly remainingMs?: number;
}

export interface RequestStatus {
  /** Query requests since the start, by who answered. */
  readonly served: { readonly local: number; readonly cache: number; readonly upstream: number };
  /** Why queries of a local tier were forwarded: `{ stale: 12 }`. */
  readonly declined: Readonly<Record<string, number>>;
  readonly forwardErrors: number;
}

export interface LatencyStatus {
  readonly by: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Upper bounds of the buckets, ms; `counts` has one more, for what is over all of them. */
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
}
