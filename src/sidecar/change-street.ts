/** The change street of one sidecar: the sequencer where it publishes, the replica where it keeps stores. */
import { createDesk, type Desk } from '../capture/desk.ts';
import { createHandOver, type HandOver } from '../capture/hand-over.ts';
import { createKeyLocks } from '../capture/key-locks.ts';
import { createSequencer, type Sequencer } from '../capture/sequencer.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { createReplica, type Replica, type ReplicaEvents } from '../replica/replica.ts';
import { createSnapshots, type Snapshots } from '../replica/snapshots.ts';
import type { Health } from '../telemetry/health.ts';
import { calmLog } from './calm-log.ts';
import { runNamed } from './edge-name.ts';
import { createKeeper, type Keeper } from './keep.ts';
import type { Meters } from './meters.ts';
import type { Parts } from './parts.ts';
import type { ProductBook } from './products.ts';

export interface ChangeStreet {
  /** Only where Writes are captured. */
  readonly sequencer: Sequencer | undefined;
  readonly handOver: HandOver | undefined;
  readonly desk: Desk | undefined;
  /** Only where stores are kept. */
  readonly replica: Replica | undefined;
  readonly keeper: Keeper | undefined;
  readonly snapshots: Snapshots | undefined;
  /** Starts every loop; resolves when all have ended after `signal`. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ChangeStreetParts {
  readonly config: Config;
  readonly parts: Parts;
  readonly meters: Meters;
  readonly clock: Clock;
  readonly logger: Log;
  readonly health: Health;
  /** The process has to end. */
  fatal(error: Error): void;
  readonly book: ProductBook;
}

export function openChangeStreet(all: ChangeStreetParts): ChangeStreet {
  const capture = openCapture(all);
  const kept = openKept(all);
  const { clock, logger, meters, parts } = all;

  /** Every loop has an owner, a signal, and somebody who hears of its failure. */
  function loop(name: string, running: Promise<void> | undefined): Promise<void> {
    return (running ?? Promise.resolve()).catch((error: unknown) =>
      logger.error({ loop: name, err: error }, 'a loop ended by a fault; restart the sidecar'),
    );
  }

  async function judge(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      meters.judge(parts.log);
      await clock.sleep(1_000, signal);
    }
  }

  return {
    sequencer: capture?.sequencer,
    handOver: capture?.handOver,
    desk: capture?.desk,
    replica: kept?.replica,
    keeper: kept?.keeper,
    snapshots: kept?.snapshots,
    async run(signal) {
      await Promise.all([
        loop('sequencer', capture?.sequencer.run(signal)),
        loop('desk', capture?.desk.run(signal)),
        loop('keeper', kept?.keeper.run(signal)),
        loop(
          'replica',
          kept &&
            runNamed(
              { ...kept, channel: parts.log.edge, edgeId: all.config.edgeId, logger, fatal: all.fatal },
              signal,
            ),
        ),
        loop('snapshots', kept?.snapshots.run(signal)),
        loop('health', judge(signal)),
      ]);
    },
  };
}

function openCapture({ config, parts, meters, clock, logger }: ChangeStreetParts) {
  const { writer } = parts.log;
  if (!config.capture || !writer) return undefined;
  const locks = createKeyLocks(clock);
  const common = { clock, logger, locks };
  const sequencer = createSequencer({
    ...common,
    logger: calmLog(logger, clock),
    ...config.reconcile,
    log: parts.log,
    writer,
    upstream: parts.reader,
    nodeId: config.nodeId,
    events: meters.sequencer,
  });
  const desk = createDesk({
    sequencer,
    relay: parts.log.sharing?.relay,
    logReachable: () => writer.reachable(),
    clock,
    events: meters.desk,
  });
  const handOver = createHandOver({ ...common, ...config.capture, desk, events: meters.handOver });
  return { sequencer, desk, handOver };
}

const UNLISTED = 'The upstream does not tell its stores, so those that no product names are not found.';

function openKept(all: ChangeStreetParts) {
  const { config, parts, meters, clock, logger, book, health } = all;
  const { store, reader: upstream, log } = parts;
  if (!store) return undefined;
  const common = { store, upstream, clock, logger };
  const replica = createReplica({ ...common, log, events: toldTo(all) });
  const snapshots = createSnapshots({
    ...{ log, store, clock, logger },
    everyMs: config.snapshots.everyMs,
    madeBy: config.edgeId,
    chance: Math.random,
    written: meters.snapshots.written,
    failed(storeId, error) {
      logger.warn({ store: storeId, err: error }, 'a snapshot could not be written; it is tried again');
      meters.snapshots.failed(error);
    },
  });
  const trouble = (error: unknown) => {
    if (error === undefined) health.clear('stores');
    else health.raise('stores', 'degraded', UNLISTED, error);
  };
  return { replica, snapshots, keeper: createKeeper({ ...common, book, replica, trouble }) };
}

/**
 * Tiers that remember hear of a change before it can be seen, and of every gap. All of them, not only the store's own of
 * this moment: a store may come back to a tier that it left, and that may have missed nothing meanwhile.
 */
function toldTo({ meters, book }: ChangeStreetParts): ReplicaEvents {
  return {
    ...meters.replica,
    applying({ storeId, head, touched }) {
      for (const tier of book.tiers()) tier.changing?.({ storeId, revision: head.revision, touched });
    },
    mended(storeId) {
      for (const tier of book.tiers()) tier.forget?.(storeId);
    },
    resync(storeId, reason) {
      for (const tier of book.tiers()) tier.forget?.(storeId);
      meters.replica.resync(storeId, reason);
    },
  };
}
