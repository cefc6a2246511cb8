/** OpenFGA's data-driven suites over gRPC, the cases of `edge.real.test.ts`: every answer of the edge marked `rsfga-served-by: local`, save what is listed as declined. */
import { afterAll, beforeAll, describe } from 'vitest';
import { type GrpcClient, grpcClient } from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';
import { type Edge, startEdge } from './edge-harness.ts';
import { grpcEdgeTarget } from './grpc-target.ts';
import { passesSuites } from './pass.ts';
import { suitesAvailable } from './suite.ts';

describe.skipIf(!serversAvailable() || !suitesAvailable())('an edge over gRPC', () => {
  let edge: Edge;
  let near: GrpcClient;
  beforeAll(async () => {
    edge = await startEdge();
    near = grpcClient(edge.grpc);
  });
  afterAll(async () => {
    near?.close();
    await edge?.stop();
  });

  passesSuites({ target: () => grpcEdgeTarget(edge.base, near), mayDecline: true });
});
