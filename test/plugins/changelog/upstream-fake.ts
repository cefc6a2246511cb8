/**
 * An upstream in memory with a real changelog, in the order of the ids that it mints. As on SQL, an id is minted before
 * its transaction commits: a commit may appear behind what was already read (contract section 6.4).
 */
import type { TupleDelta } from '../../../src/fga/change.ts';
import { FgaError } from '../../../src/fga/error.ts';
import type { AuthorizationModel } from '../../../src/fga/model.ts';
import { keyText, type Tuple, type TupleKey } from '../../../src/fga/tuple.ts';
import type { ChangelogEntry, Upstream } from '../../../src/plugin/upstream.ts';

export interface FakeUpstream extends Upstream {
  /** Commits now; the ids of its entries were minted `lateMs` ago. */
  write(storeId: string, delta: Partial<TupleDelta>, lateMs?: number): void;
  writeModel(storeId: string, id: string): void;
  held(storeId: string): ReadonlyMap<string, Tuple>;
  /** Every state that a key ever had, in commit order; undefined: no such tuple. */
  history(storeId: string, key: TupleKey): readonly (Tuple | undefined)[];
  /** Every call fails like this; `undefined`: works again. */
  fail(error: Error | undefined): void;
  /** After this many more calls for changes or tuples, one of them fails. */
  failOnceAfter(calls: number): void;
  readonly calls: { changes: number; tuples: number; models: number };
}

interface Row extends ChangelogEntry {
  /** Sorts like the ULID: time, then order of minting. */
  readonly id: number;
}

interface Store {
  readonly rows: Row[];
  readonly tuples: Map<string, Tuple>;
  readonly history: Map<string, (Tuple | undefined)[]>;
  readonly models: AuthorizationModel[];
}

const PER_MS = 1_000;

export function createFakeUpstream(nowMs: () => number, pageSize = 100): FakeUpstream {
  const stores = new Map<string, Store>();
  const calls = { changes: 0, tuples: 0, models: 0 };
  let failing: Error | undefined;
  let minted = 0;
  let healthy = Number.POSITIVE_INFINITY;

  function call(): void {
    healthy -= 1;
    if (healthy > 0) return;
    healthy = Number.POSITIVE_INFINITY;
    throw new Error('connection reset');
  }

  function storeOf(storeId: string): Store {
    if (failing) throw failing;
    const store = stores.get(storeId) ?? { rows: [], tuples: new Map(), history: new Map(), models: [] };
    stores.set(storeId, store);
    return store;
  }

  function commit(store: Store, operation: 'write' | 'delete', tuple: Tuple, lateMs: number): void {
    const key = keyText(tuple);
    if (operation === 'write') store.tuples.set(key, tuple);
    else store.tuples.delete(key);
    store.history.set(key, [...(store.history.get(key) ?? []), operation === 'write' ? tuple : undefined]);
    minted = (minted + 1) % PER_MS;
    const timestampMs = nowMs() - lateMs;
    const bare = { user: tuple.user, relation: tuple.relation, object: tuple.object };
    const row = { operation, tuple: operation === 'write' ? tuple : bare, timestampMs };
    store.rows.push({ ...row, id: timestampMs * PER_MS + minted });
    store.rows.sort((a, b) => a.id - b.id);
  }

  return {
    calls,
    write(storeId, { writes = [], deletes = [] }, lateMs = 0) {
      const store = storeOf(storeId);
      for (const key of deletes) commit(store, 'delete', key, lateMs);
      for (const tuple of writes) commit(store, 'write', tuple, lateMs);
    },
    writeModel(storeId, id) {
      storeOf(storeId).models.unshift({ id, schema_version: '1.1', type_definitions: [] });
    },
    held: (storeId) => storeOf(storeId).tuples,
    history: (storeId, key) => storeOf(storeId).history.get(keyText(key)) ?? [],
    fail(error) {
      failing = error;
    },
    failOnceAfter(count) {
      healthy = count;
    },
    async readTuples(storeId) {
      return { tuples: [...storeOf(storeId).tuples.values()], continuationToken: '' };
    },
    async readTuple(storeId, key) {
      calls.tuples += 1;
      call();
      return storeOf(storeId).tuples.get(keyText(key));
    },
    async readChanges(storeId, token, startTimeMs) {
      calls.changes += 1;
      call();
      const { rows } = storeOf(storeId);
      if (token === '' && startTimeMs !== undefined && startTimeMs > nowMs())
        throw new FgaError('validation_error', 'start time in the future');
      const from = token === '' ? (startTimeMs ?? 0) * PER_MS : Number(token) + 1;
      const page = rows.filter((row) => row.id >= from).slice(0, pageSize);
      return { entries: page, continuationToken: `${page.at(-1)?.id ?? token}` };
    },
    async latestModelId(storeId) {
      calls.models += 1;
      return storeOf(storeId).models[0]?.id;
    },
    readModel: async (storeId, modelId) => storeOf(storeId).models.find(({ id }) => id === modelId),
    listModels: async (storeId) => storeOf(storeId).models,
    hasStore: async (storeId) => stores.has(storeId),
    listStores: async () => [...stores.keys()],
    close: async () => {},
  };
}
