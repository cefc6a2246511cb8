/** Past vulnerabilities over gRPC: every answer of the edge marked `rsfga-served-by: local`. The suites: `edge-grpc.long.test.ts`. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type GrpcClient, grpcClient } from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';
import { converse } from './converse.ts';
import { VULNERABILITIES } from './cve.ts';
import { type Edge, startEdge } from './edge-harness.ts';
import { grpcEdgeTarget, grpcServerTarget } from './grpc-target.ts';

describe.skipIf(!serversAvailable())('over gRPC', () => {
  let edge: Edge;
  let near: GrpcClient;
  let far: GrpcClient;
  beforeAll(async () => {
    edge = await startEdge();
    near = grpcClient(edge.grpc);
    far = grpcClient(edge.openfga.grpc);
  });
  afterAll(async () => {
    near?.close();
    far?.close();
    await edge?.stop();
  });

  describe('an edge', () => {
    it.each(VULNERABILITIES)('$id: $about', (vulnerability) =>
      converse(grpcEdgeTarget(edge.base, near), vulnerability),
    );
  });

  describe('the server itself, which proves the runner', () => {
    it.each(VULNERABILITIES)('$id: $about', (vulnerability) =>
      converse(grpcServerTarget(edge.openfga.http, far), vulnerability),
    );
  });
});
