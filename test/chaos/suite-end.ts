/** The end of a world: its edges are stopped and what they left on disk is read. */
import { difference, heldBy } from '../e2e/held.ts';
import { readAll } from '../support/api.ts';
import type { World } from './world.ts';

const MAX_SHOWN = 500;

/** Rejects when an edge's files hold another tuple than OpenFGA, or have miscounted, in any store. */
export async function sameOnDisk(world: World): Promise<void> {
  for (const edge of world.edges) {
    // A scenario that emptied an edge waited for its own store only.
    await edge.synced();
    const stores = (await edge.status()).products.flatMap((product) => product.stores);
    await edge.terminate();
    for (const { storeId, phase, lastError } of stores.filter((store) => store.storeId !== '*')) {
      const held = await heldBy(edge, storeId);
      const { missing, extra } = difference(held.tuples, await readAll(world.openfga.http, storeId));
      if (missing.length + extra.length > 0)
        throw new Error(
          `${edge.name}, ${phase} store ${storeId} (${lastError}): ${JSON.stringify({ missing, extra }).slice(0, MAX_SHOWN)}`,
        );
      if (held.counted !== held.tuples.length)
        throw new Error(`${edge.name}, store ${storeId}: counts ${held.counted} of ${held.tuples.length}`);
    }
  }
}
