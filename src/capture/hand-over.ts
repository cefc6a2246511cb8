/**
 * Where the request street hands a committed Write to the change street. Its keys are held from before the forward to
 * the hand-over, so hand-overs of one key come in the order of their commits.
 */
import type { Head } from '../fga/change.ts';
import { FgaError } from '../fga/error.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { decodeWrite, type WriteEncoding } from './decode-write.ts';
import type { Desk } from './desk.ts';
import { type KeyLocks, lockKey } from './key-locks.ts';

export interface HandOverParts {
  readonly desk: Desk;
  readonly locks: KeyLocks;
  readonly clock: Clock;
  readonly logger: Log;
  readonly onPublishFailure: 'accept' | 'reject';
  readonly wait: 'published' | 'none';
  readonly waitTimeoutMs: number;
  readonly events: HandOverEvents;
}

export interface HandOverEvents {
  /** A committed Write could not be decoded and is left to the walk. */
  undecodable(): void;
  /** What came of a Write is not known; its keys are read again. */
  doubtful(): void;
  /** A hand-over was given to the walk because the change log is out of reach. */
  leftToWalk(error: unknown): void;
}

interface Ticket<What> {
  /** `innerRevision`: a sidecar nearer to the upstream captured it already. */
  committed(what: What, innerRevision?: string): Promise<{ revision?: string }>;
  refused(status: number): void;
  doubtful(): void;
}

export interface HandOver {
  rejectWrites(): FgaError | undefined;
  beginWrite(
    storeId: string,
    body: Uint8Array | undefined,
    encoding?: WriteEncoding,
  ): Promise<Ticket<Uint8Array>>;
  beginModelWrite(storeId: string): Ticket<string>;
}

export function createHandOver(parts: HandOverParts): HandOver {
  const { desk, locks, clock, events, logger } = parts;

  /** The revision, if the log has it before the client has waited long enough. */
  async function revisionOf(publishing: Promise<Head>): Promise<{ revision?: string }> {
    const settled = publishing.then(
      (head) => ({ revision: `${head.epoch}.${head.revision}` }),
      (error: unknown) => {
        events.leftToWalk(error);
        return {};
      },
    );
    if (parts.wait === 'none') return {};
    const timer = new AbortController();
    const late = clock.sleep(parts.waitTimeoutMs, timer.signal).then(() => ({}));
    const first = await Promise.race([settled, late]);
    timer.abort();
    return first;
  }

  function walk(storeId: string): void {
    desk
      .walk(storeId)
      .catch((error: unknown) =>
        logger.warn(
          { store: storeId, err: error },
          'a walk after a doubtful Write failed; the next interval tries again',
        ),
      );
  }

  return {
    rejectWrites() {
      if (parts.onPublishFailure === 'accept' || desk.reachable()) return undefined;
      return new FgaError(
        'unavailable',
        'the change log cannot be reached, and capture.on_publish_failure is reject: the Write was not made',
      );
    },
    async beginWrite(storeId, body, encoding) {
      const decoded = body && decodeWrite(body, encoding);
      const { writes, deletes } = decoded?.delta ?? { writes: [], deletes: [] };
      const held = await locks.acquire([...writes, ...deletes].map((key) => lockKey(storeId, key)));
      const forwardBeganMs = clock.monoMs();
      const doubt = () => {
        held.release();
        events.doubtful();
        walk(storeId);
      };
      return {
        async committed(_body, innerRevision) {
          if (innerRevision !== undefined) {
            held.release();
            return {};
          }
          if (!decoded) {
            held.release();
            events.undecodable();
            walk(storeId);
            return {};
          }
          const captured = { ...decoded, forwardBeganMs, exclusive: held.exclusive };
          const publishing = desk.handOver(storeId, captured);
          // Handed over: the next Write on these keys queues behind this one.
          held.release();
          return revisionOf(publishing);
        },
        refused: held.release,
        doubtful: doubt,
      };
    },
    beginModelWrite: (storeId) => ({
      committed: async (modelId, innerRevision) =>
        innerRevision === undefined ? revisionOf(desk.modelWritten(storeId, modelId)) : {},
      refused() {},
      doubtful() {
        events.doubtful();
        walk(storeId);
      },
    }),
  };
}
