#!/usr/bin/env node
// From a clone: run the TypeScript as it is. From a published package: run the build.
import { existsSync } from 'node:fs';

const source = new URL('../src/main.ts', import.meta.url);
const built = new URL('../dist/src/main.js', import.meta.url);
const entry = existsSync(source) ? source : built;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `rsfga-edge needs Node 22.19 or newer, this is ${process.versions.node}.\n` +
      'In a clone, run "npm ci" first and start it with "npx --no-install rsfga-edge" or "npm start": that uses the Node that npm ci brought.\n',
  );
  process.exit(1);
}

await import(entry.href);
