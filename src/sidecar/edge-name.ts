/** A sidecar that follows goes by its edge id alone: it follows once it holds the id, and ends when it is another's. */
import type { EdgeChannel } from '../plugin/edge-channel.ts';
import type { Log } from '../plugin/log.ts';
import type { Replica } from '../replica/replica.ts';

export interface EdgeNameParts {
  /** Absent where nobody else can be met: the replica runs at once. */
  readonly channel: EdgeChannel | undefined;
  readonly edgeId: string;
  readonly replica: Replica;
  readonly logger: Log;
  /** The process has to end. */
  fatal(error: Error): void;
}

/** Runs the replica for as long as the name is this sidecar's. Resolves when all has ended after `signal`. */
export async function runNamed(parts: EdgeNameParts, signal: AbortSignal): Promise<void> {
  const { channel, edgeId, replica, logger } = parts;
  if (!channel) return replica.run(signal);
  const lost = new AbortController();
  const both = AbortSignal.any([signal, lost.signal]);
  const stopSync = channel.serveSync((storeIds) => resync(replica, storeIds));
  let running: Promise<void> = Promise.resolve();
  const other = await channel.hold(both, () => {
    logger.info({}, 'no other process goes by this edge id');
    running = replica.run(both);
    // Its failure is heard below; a name held in vain is given up.
    running.catch(() => lost.abort());
  });
  lost.abort();
  stopSync();
  await running;
  if (other)
    parts.fatal(
      new Error(
        `the edge id ${edgeId} is held by another process, ${other.nodeId}: give each edge an edge_id of its own`,
      ),
    );
}

/** Of the named stores those that are kept; without names all of them. */
function resync(replica: Replica, storeIds: readonly string[] | undefined): readonly string[] {
  const wanted = storeIds ?? replica.tracks().map(({ storeId }) => storeId);
  return wanted.filter((storeId) => replica.resync(storeId, 'requested'));
}
