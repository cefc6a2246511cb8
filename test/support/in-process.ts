/** A sidecar in the test's own process, from YAML, on free loopback ports: for tests that start many, or look at its log. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { StatusReport } from '../../src/admin/status.ts';
import { secretsOf } from '../../src/config/describe.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Sidecar, startSidecar } from '../../src/sidecar.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { temporaryFolder } from './children.ts';

export interface InProcess extends Sidecar {
  readonly configFile: string;
  /** What it has logged so far, lines as they are written. */
  log(): string;
}

/** Rejects with what `startSidecar` throws. `listen` has free ports unless the YAML names others. */
export async function startInProcess(name: string, yaml: object): Promise<InProcess> {
  const configFile = join(temporaryFolder(`in-process-${name}`), `${name}.yaml`);
  const listen = { http: '127.0.0.1:0', admin: '127.0.0.1:0' };
  writeFileSync(configFile, stringify({ edge_id: name, listen, store: 'memory', ...yaml }));
  const config = loadConfig(configFile);
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ sink, level: 'debug', secrets: secretsOf(config) });
  const sidecar = await startSidecar(config, { logger });
  return { ...sidecar, configFile, log: () => lines.join('') };
}

export type Conditions = StatusReport['health']['conditions'];
