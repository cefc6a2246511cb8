/** The topology as the centre asks it: may this edge follow that? Read again when the file changes, so that a new edge needs no restart. */
import { statSync } from 'node:fs';
import type { ChangeFilter, FollowRules } from '../plugin/changelog.ts';
import type { Log } from '../plugin/log.ts';
import {
  exceeds,
  grantsOf,
  isUnlimited,
  loadTopology,
  refusal,
  snapshotBuckets,
  type Topology,
} from './topology.ts';

/** Throws ConfigError: with it the sidecar does not start. Later on, a broken file leaves the rules as they were. */
export function openFollowRules(path: string, log: Log): FollowRules {
  let topology = loadTopology(path);
  let seen = stampOf(path);
  let version = seen;
  const edges = new Set(topology.edges.map(({ id }) => id));

  function current(): Topology {
    const stamp = stampOf(path);
    if (stamp === seen) return topology;
    seen = stamp;
    try {
      topology = loadTopology(path);
      version = stamp;
      for (const { id } of topology.edges) edges.add(id);
      log.info({ path, edges: topology.edges.length }, 'the topology was read again');
    } catch (error) {
      log.error({ path, error: String(error) }, 'the topology has mistakes; the one before stays');
    }
    return topology;
  }

  return {
    judge(edgeId: string, filters: readonly ChangeFilter[]) {
      const grants = grantsOf(current(), edgeId);
      const refused = refusal(grants, filters);
      return refused === undefined ? { limited: !isUnlimited(grants) } : { refused };
    },
    version() {
      current();
      return version;
    },
    edges: () => [...edges],
    exceeds: (edgeId, subjects) => exceeds(grantsOf(current(), edgeId), subjects),
    buckets: () => ({ snapshots: snapshotBuckets(current()), products: current().products_bucket }),
  };
}

function stampOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false });
  return file ? `${file.mtimeMs} ${file.size} ${file.ino}` : '';
}
