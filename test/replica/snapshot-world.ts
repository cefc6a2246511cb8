/** A centre, an edge that is complete, and snapshots of it. */
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import {
  type SnapshotOutcome,
  type SnapshotWriterParts,
  writeSnapshot,
} from '../../src/replica/snapshot-write.ts';
import { centre, complete, type Edge, edge, STORE, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

export const conditional = tuple(9_999, { condition: { name: 'office', context: { hours: [9, 17] } } });

/** An upstream with tuples and a model, its centre, and one edge that is complete. */
export async function world(retention = 100_000) {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub({ retention });
  upstream.commit({ writes: [...Array.from({ length: 4_500 }, (_, n) => tuple(n)), conditional] });
  upstream.addModel({ id: '01J00000000000000000000M01', schema_version: '1.1', type_definitions: [] });
  const sequencer = centre(upstream, hub.open());
  const first = await edge(upstream, hub.open());
  await until(() => complete(first), 'the first edge is complete');
  return { upstream, hub, sequencer, first };
}

function writer(log: ChangeLog, { store }: Edge): SnapshotWriterParts {
  return { log, store, clock: systemClock, madeBy: 'first', stopped: () => false };
}

export async function take(log: ChangeLog, from: Edge): Promise<SnapshotOutcome> {
  return writeSnapshot(writer(log, from), STORE, 0);
}
