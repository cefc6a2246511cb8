/** A tiny upstream in memory, with a changelog in commit order: for tests of the change street without a server. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import { keyText, type Tuple, type TupleKey } from '../../src/fga/tuple.ts';
import type { ChangelogEntry, Upstream } from '../../src/plugin/upstream.ts';

export interface OrderedUpstream extends Upstream {
  /** Commits like a server does; deletes first. Returns the entries, so that a test can hold some back. */
  commit(delta: { writes?: readonly Tuple[]; deletes?: readonly TupleKey[] }): void;
  /** Commits, but the changelog entry becomes visible only when the returned function is called (contract 6.4). */
  commitLate(delta: { writes?: readonly Tuple[]; deletes?: readonly TupleKey[] }): () => void;
  addModel(model: AuthorizationModel): void;
  tuples(): readonly Tuple[];
  /** Set to make every call fail. */
  failing: boolean;
  /** Moves upstream's clock. */
  nowMs: number;
  /** Called before each readTuple answers: lets a test act in the middle of a re-read. */
  beforeReadTuple: (() => Promise<void>) | undefined;
}

interface Logged {
  readonly id: number;
  readonly entry: ChangelogEntry;
}

const PAGE = 100;

export function createOrderedUpstream(): OrderedUpstream {
  const held = new Map<string, Tuple>();
  const log: Logged[] = [];
  const models: AuthorizationModel[] = [];
  let nextId = 1;

  function apply(delta: { writes?: readonly Tuple[]; deletes?: readonly TupleKey[] }): Logged[] {
    const timestampMs = upstream.nowMs;
    const made: Logged[] = [];
    for (const key of delta.deletes ?? []) {
      held.delete(keyText(key));
      made.push({ id: nextId++, entry: { operation: 'delete', tuple: { ...key }, timestampMs } });
    }
    for (const tuple of delta.writes ?? []) {
      held.set(keyText(tuple), tuple);
      made.push({ id: nextId++, entry: { operation: 'write', tuple, timestampMs } });
    }
    return made;
  }

  function show(logged: readonly Logged[]): void {
    log.push(...logged);
    log.sort((a, b) => a.id - b.id);
  }

  function check(): void {
    if (upstream.failing) throw new Error('the upstream is down');
  }

  const upstream: OrderedUpstream = {
    failing: false,
    nowMs: Date.UTC(2026, 0, 1),
    beforeReadTuple: undefined,
    commit: (delta) => show(apply(delta)),
    commitLate(delta) {
      const made = apply(delta);
      return () => show(made);
    },
    addModel: (model) => void models.push(model),
    tuples: () => [...held.values()],
    async readTuples(_storeId, token) {
      check();
      const all = [...held.values()];
      // By offset, as OpenFGA's memory engine does: a delete moves every later row.
      const at = token === '' ? 0 : Number.parseInt(Buffer.from(token, 'base64').toString(), 10);
      const next = at + PAGE;
      const more = next < all.length ? Buffer.from(`${next}|`).toString('base64') : '';
      return { tuples: all.slice(at, next), continuationToken: more };
    },
    async readTuple(_storeId, key) {
      check();
      const found = held.get(keyText(key));
      await upstream.beforeReadTuple?.();
      return found;
    },
    async readChanges(_storeId, token, startTimeMs) {
      check();
      const after = token === '' ? 0 : Number(token);
      const page = log
        .filter(({ id, entry }) => id > after && (token !== '' || entry.timestampMs >= (startTimeMs ?? 0)))
        .slice(0, PAGE);
      return { entries: page.map((one) => one.entry), continuationToken: String(page.at(-1)?.id ?? token) };
    },
    latestModelId: async () =>
      models
        .map((model) => model.id)
        .sort()
        .at(-1),
    readModel: async (_storeId, id) => models.find((model) => model.id === id),
    listModels: async () => [...models].sort((a, b) => (a.id < b.id ? 1 : -1)),
    hasStore: async () => true,
    listStores: async () => [],
    async close() {},
  };
  return upstream;
}
