/** `npm test`, after the checks: the unit and real suites, then one minute of differential fuzz with a fresh seed. */
import { buildServers } from './build-servers.ts';
import { fuzz, suitesNotRun, vitest } from './suites.ts';

await buildServers((line) => console.log(line));
const tests = vitest(['unit', 'real']);
const fuzzed = tests === 0 ? fuzz(1) : 0;
for (const line of suitesNotRun('.real.test.ts')) console.log(line);
process.exitCode = tests || fuzzed;
