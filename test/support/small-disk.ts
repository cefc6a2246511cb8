/** A disk that is small on purpose: a tmpfs of one's own. It takes root, and a kernel that lets root mount. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from './children.ts';

export interface SmallDisk {
  readonly path: string;
  /** Takes what room is left. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  /** Nothing may have it open any more. */
  remove(): void;
}

const BALLAST = 'ballast';

let mayMount: boolean | undefined;

export function smallDiskAvailable(): boolean {
  mayMount ??= platform() === 'linux' && process.getuid?.() === 0 && tryMount();
  return mayMount;
}

export function createSmallDisk(mebibytes: number): SmallDisk {
  const path = temporaryFolder('small-disk');
  mount(['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  return {
    path,
    fill() {
      const file = openSync(join(path, BALLAST), 'a');
      // A write into a nearly full file system is short, then fails.
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(join(path, BALLAST), { force: true }),
    remove() {
      spawnSync('umount', [path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function mount(args: readonly string[]): void {
  const run = spawnSync('mount', args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`mount ${args.join(' ')}: ${run.stderr}`);
}

function tryMount(): boolean {
  try {
    createSmallDisk(1).remove();
    return true;
  } catch {
    return false;
  }
}
