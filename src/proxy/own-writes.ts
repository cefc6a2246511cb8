/**
 * Read-your-writes through one sidecar, without any change in the client: the sidecar remembers per store the revision
 * of the last Write that passed through it. A Write that was answered without a revision makes the store's queries go
 * to the primary until a barrier asked for after it is applied.
 */
import type { Clock } from '../plugin/clock.ts';
import type { Capture } from './capture-call.ts';
import { parseRevision, type Revision } from './products.ts';

export interface OwnWrites {
  /** Wraps the capture of this sidecar, or stands alone where none is. */
  readonly capture: Capture;
  /** What a query of the store must at least see; undefined when nothing passed through here. */
  required(storeId: string): Required | undefined;
  /** A Write of the store passed through here within `lagMs`: a replica may not have it yet. */
  lately(storeId: string): boolean;
}

export interface Required {
  readonly revision: Revision | undefined;
  /** Monotonic ms of the Write that has the revision, for data of another epoch: revisions of two epochs do not compare. */
  readonly revisionAtMs: number;
  /** Monotonic ms: the data must be at least as young as this. */
  readonly sinceMs: number | undefined;
}

/** Stores remembered. Past it the oldest are forgotten: they have long been applied, or their queries are stale anyway. */
const MAX_STORES = 10_000;

export function createOwnWrites(inner: Capture | undefined, clock: Clock, lagMs = 0): OwnWrites {
  const stores = new Map<string, Required>();

  function remember(storeId: string, change: Partial<Required>): void {
    const known = stores.get(storeId) ?? { revision: undefined, revisionAtMs: 0, sinceMs: undefined };
    stores.delete(storeId);
    stores.set(storeId, { ...known, ...change });
    if (stores.size <= MAX_STORES) return;
    const oldest = stores.keys().next();
    if (!oldest.done) stores.delete(oldest.value);
  }

  /** Monotonic ms of the last Write, in the order of the Writes: what the lag has passed is forgotten. */
  const written = new Map<string, number>();

  function wrote(storeId: string): void {
    if (lagMs === 0) return;
    written.delete(storeId);
    written.set(storeId, clock.monoMs());
    for (const [oldest, atMs] of written) {
      if (clock.monoMs() - atMs <= lagMs && written.size <= MAX_STORES) return;
      written.delete(oldest);
    }
  }

  function note(storeId: string, text: string | undefined): void {
    const revision = text === undefined ? undefined : parseRevision(text);
    const known = stores.get(storeId)?.revision;
    if (!revision) remember(storeId, { sinceMs: clock.monoMs() });
    else if (!known || isAfter(revision, known))
      remember(storeId, { revision, revisionAtMs: clock.monoMs() });
  }

  /** The ticket of whoever captures here, watched for what it comes to. */
  function watched<What>(storeId: string, ticket: Ticket<What> | undefined): Ticket<What> {
    return {
      async committed(what, innerRevision) {
        const captured = (await ticket?.committed(what, innerRevision)) ?? {};
        note(storeId, innerRevision ?? captured.revision);
        wrote(storeId);
        return captured;
      },
      refused: (status) => ticket?.refused(status),
      doubtful() {
        remember(storeId, { sinceMs: clock.monoMs() });
        wrote(storeId);
        ticket?.doubtful();
      },
    };
  }

  return {
    required: (storeId) => stores.get(storeId),
    lately: (storeId) =>
      clock.monoMs() - (written.get(storeId) ?? Number.NEGATIVE_INFINITY) <= lagMs && lagMs > 0,
    capture: {
      rejectWrites: () => inner?.rejectWrites(),
      beginWrite: async (storeId, body, encoding) =>
        watched(storeId, await inner?.beginWrite(storeId, body, encoding)),
      beginModelWrite: async (storeId) => watched(storeId, await inner?.beginModelWrite(storeId)),
    },
  };
}

interface Ticket<What> {
  committed(what: What, innerRevision?: string): Promise<{ revision?: string }>;
  refused(status: number): void;
  doubtful(): void;
}

/** Epochs are ULIDs: the greater one is the later history. */
function isAfter(a: Revision, b: Revision): boolean {
  return a.epoch === b.epoch ? a.revision > b.revision : a.epoch > b.epoch;
}
