// `rsfga-edge/test/contract/tier`. From a clone: the TypeScript as it is. From a published package: the build.
import { existsSync } from 'node:fs';

const source = new URL('../test/contract/tier.ts', import.meta.url);
const built = new URL('../dist/test/contract/tier.js', import.meta.url);

export const { tierContract } = await import((existsSync(source) ? source : built).href);
