/**
 * `npm run test:long`: what takes too long for every change, clients and suites in other languages, then five minutes of
 * differential fuzz and ten of chaos.
 */
import { buildServers } from './build-servers.ts';
import { foreign } from './foreign.ts';
import { chaos, fuzz, played, suitesNotRun, vitest } from './suites.ts';

await buildServers((line) => console.log(line));
process.exitCode = played([
  { name: 'long suites', play: () => vitest(['long']) },
  { name: 'clients and suites in other languages', play: foreign },
  { name: 'differential fuzz', play: () => fuzz(5) },
  { name: 'chaos', play: () => chaos(10) },
]);
for (const line of suitesNotRun('.long.test.ts')) console.log(line);
