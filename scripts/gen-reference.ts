/** Every generated page of docs/reference, and config.schema.json. The test `test/config/generated.test.ts` compares. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cliFiles } from './gen-cli.ts';
import { configFiles } from './gen-config.ts';
import { errorsFiles } from './gen-errors.ts';
import { metricsFiles } from './gen-metrics.ts';
import type { GeneratedFile } from './gen-text.ts';
import { topologyFiles } from './gen-topology.ts';

export const ROOT = join(import.meta.dirname, '..');

export function referenceFiles(): readonly GeneratedFile[] {
  return [...configFiles(), ...metricsFiles(), ...errorsFiles(), ...cliFiles(), ...topologyFiles()];
}

/** Writes them; returns one line for the output of `npm run gen`. */
export function generateReference(): string {
  const files = referenceFiles();
  for (const { path, text } of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
  return files.map(({ path }) => path).join(', ');
}
