// `rsfga-edge/plugin`. From a clone: the TypeScript as it is. From a published package: the build.
import { existsSync } from 'node:fs';

const source = new URL('../src/plugin/tier-plugin.ts', import.meta.url);
const built = new URL('../dist/src/plugin/tier-plugin.js', import.meta.url);

export const { defineTier } = await import((existsSync(source) ? source : built).href);
