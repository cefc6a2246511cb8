// In a clone, `npx --no-install rsfga-edge` should find the command where npm looks first. Plain JavaScript: it also runs
// on the Node that npm itself uses.
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';

const folder = new URL('../node_modules/.bin/', import.meta.url);
const link = new URL('rsfga-edge', folder);
mkdirSync(folder, { recursive: true });
if (!existsSync(link)) {
  try {
    symlinkSync('../../bin/rsfga-edge.js', link);
  } catch (error) {
    // Without it npx still finds the command, only more slowly.
    process.stderr.write(`node_modules/.bin/rsfga-edge could not be made: ${String(error)}\n`);
  }
}
