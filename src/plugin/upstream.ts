/**
 * The sidecar's own calls to the upstream: bootstrap, walks, models. Client requests do not come through here; they are
 * forwarded as bytes by `src/upstream/forward.ts`.
 */
import type { AuthorizationModel } from '../fga/model.ts';
import type { Tuple, TupleKey } from '../fga/tuple.ts';

export interface TuplePage {
  readonly tuples: readonly Tuple[];
  /** `''` on the last page. */
  readonly continuationToken: string;
}

export interface ChangelogEntry {
  readonly operation: 'write' | 'delete';
  readonly tuple: Tuple;
  /** Upstream's clock. */
  readonly timestampMs: number;
}

export interface ChangelogPage {
  readonly entries: readonly ChangelogEntry[];
  /** Where to go on; equals the token sent when there was nothing new (contract section 6.3). */
  readonly continuationToken: string;
  /** True: there is more behind it, although the page is not full. */
  readonly more?: boolean;
}

export interface Upstream {
  /** One page of the store's tuples, from the primary with HIGHER_CONSISTENCY. */
  readTuples(storeId: string, continuationToken: string, signal?: AbortSignal): Promise<TuplePage>;
  /** The present state of one key on the primary, or undefined when there is no such tuple. */
  readTuple(storeId: string, key: TupleKey): Promise<Tuple | undefined>;
  /** One page of changes after the token, or from `startTimeMs` when the token is `''` and a time is given. */
  readChanges(storeId: string, continuationToken: string, startTimeMs?: number): Promise<ChangelogPage>;
  latestModelId(storeId: string): Promise<string | undefined>;
  readModel(storeId: string, modelId: string): Promise<AuthorizationModel | undefined>;
  /** Newest first, one page of at most 100. */
  listModels(storeId: string): Promise<readonly AuthorizationModel[]>;
  /** False for a store that was never made, or was deleted. */
  hasStore(storeId: string): Promise<boolean>;
  listStores(): Promise<readonly string[]>;
  close(): Promise<void>;
}
