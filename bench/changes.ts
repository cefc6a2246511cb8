/** Under which changes an edge that remembers is measured, and the process that makes them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Sidecar } from '../test/support/fleet.ts';
import type { WriteJob, Written } from './write-load.ts';

/** The questions read `document#reader`. */
const UNRELATED = { type: 'document', relation: 'approved' } as const;
const RELATED = { type: 'document', relation: 'reader' } as const;
const PACE = { perWrite: 20, changesPerSecond: 5_000, lanes: 16 } as const;
/** Transactions a second, of one tuple. */
const RELATED_RATES = [1, 10, 50] as const;

export interface Condition {
  readonly name: string;
  /** Undefined: nothing changes. */
  readonly changes?: Omit<WriteJob, 'base' | 'storeId'> & { readonly in: 'followed' | 'elsewhere' };
}

export const UPKEEP: readonly Condition[] = [
  { name: 'nothing changes' },
  { name: 'changes elsewhere', changes: { ...UNRELATED, ...PACE, in: 'elsewhere' } },
  { name: 'changes followed', changes: { ...UNRELATED, ...PACE, in: 'followed' } },
];

export const KEPT: readonly Condition[] = [
  { name: 'nothing changes' },
  { name: '5 000 unrelated changes/s', changes: { ...UNRELATED, ...PACE, in: 'followed' } },
  ...RELATED_RATES.map((rate) => ({
    name: `${rate} related change${rate === 1 ? '' : 's'}/s`,
    changes: { ...RELATED, perWrite: 1, changesPerSecond: rate, lanes: 1, in: 'followed' as const },
  })),
  { name: '5 000 related changes/s', changes: { ...RELATED, ...PACE, in: 'followed' } },
];

export interface Scene {
  readonly central: Sidecar;
  readonly edge: Sidecar;
  readonly followed: string;
  readonly elsewhere: string;
}

/** Changes until the function that is returned is called. */
export function beginChanges(scene: Scene, { changes }: Condition): () => Promise<Written> {
  if (!changes) return async () => ({ changes: 0, refused: 0, seconds: 1 });
  const { in: where, ...pace } = changes;
  const child = fork(join(import.meta.dirname, 'write-load.ts'));
  child.send({ base: scene.central.http, storeId: scene[where], ...pace } satisfies WriteJob);
  return () => end(child);
}

async function end(child: ChildProcess): Promise<Written> {
  child.send('stop');
  const [reply] = (await once(child, 'message')) as [{ written?: Written; failed?: string }];
  child.kill('SIGKILL');
  if (!reply.written || reply.written.refused > 0)
    throw new Error(`changes: ${reply.failed ?? `${reply.written?.refused} were refused`}`);
  return reply.written;
}
