/** When snapshots are written: on a schedule, spread over the sidecars, and when somebody asks. */
import type { Log } from '../plugin/log.ts';
import { createSerial } from '../plugin/serial.ts';
import type { SnapshotInfo } from '../plugin/snapshots.ts';
import {
  removeUseless,
  type SnapshotOutcome,
  type SnapshotWriterParts,
  writeSnapshot,
} from './snapshot-write.ts';

export interface Snapshots {
  /** Now, of these stores or of all that are held; one after the other. Rejects with the first fault. */
  take(storeIds?: readonly string[]): Promise<ReadonlyMap<string, SnapshotOutcome>>;
  run(signal: AbortSignal): Promise<void>;
}

export interface SnapshotsParts extends Omit<SnapshotWriterParts, 'stopped'> {
  /** Undefined: only when asked. */
  readonly everyMs: number | undefined;
  readonly logger: Log;
  /** 0 to 1: sidecars with the same schedule do not all begin at once. */
  readonly chance: () => number;
  written(info: SnapshotInfo): void;
  failed(storeId: string, error: unknown): void;
}

/** How often the schedule looks: a store that became complete meanwhile does not wait for a whole period. */
const LOOKS_PER_PERIOD = 10;
const SHORTEST_LOOK_MS = 1_000;

export function createSnapshots(parts: SnapshotsParts): Snapshots {
  const { store, clock, logger, everyMs } = parts;
  /** One at a time in this sidecar, whoever asks. */
  const serial = createSerial();
  let ending: AbortSignal | undefined;
  const writer = { ...parts, stopped: () => ending?.aborted ?? false };

  async function one(storeId: string, maxAgeMs: number): Promise<SnapshotOutcome> {
    const beganMs = clock.monoMs();
    const outcome = await serial.run(() => writeSnapshot(writer, storeId, maxAgeMs));
    if ('written' in outcome) {
      parts.written(outcome.written);
      const { name, head, tuples } = outcome.written;
      const took = Math.round(clock.monoMs() - beganMs);
      logger.info(
        { store: storeId, snapshot: name, revision: head.revision, tuples, took_ms: took },
        'wrote a snapshot',
      );
    }
    return outcome;
  }

  async function look(period: number, signal: AbortSignal): Promise<void> {
    for (const storeId of store.stores()) {
      if (signal.aborted) return;
      await one(storeId, period).catch((error: unknown) => parts.failed(storeId, error));
    }
    await removeUseless(parts).catch((error: unknown) => parts.failed('', error));
  }

  return {
    async take(storeIds = store.stores()) {
      const outcomes = new Map<string, SnapshotOutcome>();
      for (const storeId of storeIds) outcomes.set(storeId, await one(storeId, 0));
      return outcomes;
    },
    async run(signal) {
      ending = signal;
      if (everyMs === undefined || !parts.log.snapshots) return;
      const pauseMs = Math.max(SHORTEST_LOOK_MS, everyMs / LOOKS_PER_PERIOD);
      while (!signal.aborted) {
        await clock.sleep(pauseMs * (0.5 + parts.chance()), signal);
        if (!signal.aborted) await look(everyMs, signal);
      }
    },
  };
}
