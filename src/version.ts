/** The version in package.json, the one place where it stands. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const VERSION: string = readVersion();

function readVersion(): string {
  // From the sources the file is one level up, from the build two.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = require(path) as { name?: string; version?: string };
      if (name === 'rsfga-edge' && version !== undefined) return version;
    } catch {
      // tried next
    }
  }
  return 'unknown';
}
