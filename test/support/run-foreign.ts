/** `npm run test:foreign`: the clients and suites in other languages alone; `npm run test:long` plays them too. */
import { buildServers } from './build-servers.ts';
import { foreign } from './foreign.ts';

await buildServers((line) => console.log(line));
process.exitCode = foreign();
