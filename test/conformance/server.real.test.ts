/** The control: the real server passes its own suites as they are run here, so a failure elsewhere is not the runner's. */
import { afterAll, beforeAll, describe } from 'vitest';
import { type OpenFga, PATIENT, serversAvailable, startOpenFga } from '../support/servers.ts';
import { passesSuites } from './pass.ts';
import { suitesAvailable } from './suite.ts';
import { serverTarget } from './targets.ts';

describe.skipIf(!serversAvailable() || !suitesAvailable())('the real server', () => {
  let server: OpenFga;
  beforeAll(async () => {
    server = await startOpenFga({ args: PATIENT });
  });
  afterAll(() => server.stop());

  passesSuites({ target: () => serverTarget(server.http), mayDecline: false });
});
