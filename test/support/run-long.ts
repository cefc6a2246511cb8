/**
 * `npm run test:long`: what takes too long for every change, clients and suites in other languages, then five minutes of
 * differential fuzz and ten of chaos.
 */
import { buildServers } from './build-servers.ts';
import { foreign } from './foreign.ts';
import { chaos, fuzz, suitesNotRun, vitest } from './suites.ts';

await buildServers((line) => console.log(line));
const tests = vitest(['long']);
const abroad = foreign();
const fuzzed = fuzz(5);
const broken = chaos(10);
for (const line of suitesNotRun('.long.test.ts')) console.log(line);
process.exitCode = tests || abroad || fuzzed || broken;
