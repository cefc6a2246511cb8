/** OpenFGA's suites through a whole edge: every answer marked `Rsfga-Served-By: local`, save what is listed as declined. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { serversAvailable } from '../support/servers.ts';
import { converse } from './converse.ts';
import { VULNERABILITIES } from './cve.ts';
import { type Edge, startEdge } from './edge-harness.ts';
import { passesSuites } from './pass.ts';
import { suitesAvailable } from './suite.ts';
import { edgeTarget } from './targets.ts';

describe.skipIf(!serversAvailable() || !suitesAvailable())('an edge', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.stop());

  passesSuites({ target: () => edgeTarget(edge.base), mayDecline: true });

  it.each(VULNERABILITIES)('$id: $about', (vulnerability) => converse(edgeTarget(edge.base), vulnerability));
});
