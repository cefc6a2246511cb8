/** How many connections this process can have: each is an open file, and so is each connection to the upstream. */
import { readFileSync } from 'node:fs';
import type { LimitsConfig } from '../config/config.ts';
import type { Log } from '../plugin/log.ts';

/** The store, the log, the change log, the admin listener and what the runtime itself opens. */
const OWN_FILES = 512;

export interface Limits extends Pick<LimitsConfig, 'connections' | 'concurrentQueries'> {
  /** Each takes as many. */
  readonly listeners?: number;
}

/** No more than `limits.connections`. Past the bound of the system not even the sidecar's own connections could be opened again. */
export function connectionsThatFit(
  { connections, concurrentQueries, listeners = 1 }: Limits,
  openFiles: number | undefined,
  log: Log,
): number {
  if (openFiles === undefined) return connections;
  const clients = Math.max(Math.floor(openFiles / 2), openFiles - concurrentQueries - OWN_FILES);
  const fit = Math.floor(clients / listeners);
  if (fit >= connections) return connections;
  const message =
    'fewer connections are taken than limits.connections allows: this process may not open more files; raise its limit (ulimit -n)';
  log.warn({ openFiles, connections: fit, limit: connections }, message);
  return fit;
}

/** Undefined where the system does not say. Node raises its own soft limit to the hard one when it starts. */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
