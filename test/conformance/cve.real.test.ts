import { afterAll, beforeAll, describe, it } from 'vitest';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { converse } from './converse.ts';
import { VULNERABILITIES } from './cve.ts';
import { serverTarget } from './targets.ts';

describe.skipIf(!serversAvailable())('the real server', () => {
  let server: OpenFga;
  beforeAll(async () => {
    server = await startOpenFga({ args: ['--check-query-cache-enabled=true'] });
  });
  afterAll(() => server.stop());

  it.each(VULNERABILITIES)('$id: $about', (vulnerability) =>
    converse(serverTarget(server.http), vulnerability),
  );
});
