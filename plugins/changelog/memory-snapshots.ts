/** Snapshots in this process. */
import type { SnapshotInfo, SnapshotPlace } from '../../src/plugin/snapshots.ts';

export interface HeldSnapshot {
  readonly info: SnapshotInfo;
  readonly bytes: readonly Uint8Array[];
}

/** `reach` throws while the log is cut off. */
export function memorySnapshots(held: Map<string, HeldSnapshot>, reach: () => unknown): SnapshotPlace {
  return {
    async list() {
      reach();
      return [...held.values()].map(({ info }) => info);
    },
    async put(info, content) {
      const bytes: Uint8Array[] = [];
      for await (const piece of content) bytes.push(piece);
      reach();
      held.set(info.name, { info, bytes });
    },
    async *get(name) {
      for (const piece of held.get(name)?.bytes ?? []) {
        reach();
        yield piece;
      }
    },
    async remove(name) {
      reach();
      held.delete(name);
    },
  };
}
