/** Whether the upstream asked for credentials when it was asked last, beside the data of an edge. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProbeMemory } from '../auth/probe.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../plugin/log.ts';

const FILE = 'callers.last.json';

/** Undefined where nothing outlives the process. */
export function lastFound(store: Config['store'], log: Log): ProbeMemory | undefined {
  if (store.kind !== 'lmdb') return undefined;
  const file = join(store.path, FILE);
  return {
    read(upstream) {
      try {
        const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
        if (typeof found !== 'object' || found === null) return undefined;
        const { upstream: of, demands } = found as Record<string, unknown>;
        return of === upstream && typeof demands === 'boolean' ? demands : undefined;
      } catch {
        // Not there yet, or half written: as if nothing had been found.
        return undefined;
      }
    },
    write(upstream, demands) {
      try {
        writeFileSync(file, JSON.stringify({ upstream, demands }));
      } catch (err) {
        log.warn({ err, file }, 'not kept: a restart while the upstream is away will forward every query');
      }
    },
  };
}
