/** A gRPC target under load, from a process of its own each time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema } from '../proto/gen/openfga/v1/openfga_service_pb.ts';
import { frame } from '../test/support/grpc.ts';
import type { GrpcJob } from './grpc-load.ts';
import type { Measured } from './load-worker.ts';
import type { Loaded } from './measure.ts';
import { KEYS, type WireTarget } from './wires-setup.ts';

const CONNECTIONS = 10;
const STREAMS = 10;

export function grpcLoadedBy({ name, pids, http, address, storeId, authorization }: WireTarget): Loaded {
  const frames = KEYS.map((tupleKey) => {
    const request = create(CheckRequestSchema, { storeId, tupleKey });
    return frame(toBinary(CheckRequestSchema, request)).toString('base64');
  });
  const login = authorization === undefined ? {} : { authorization };
  const secure = http.startsWith('https:');
  const job = { address, secure, frames, connections: CONNECTIONS, streams: STREAMS, ...login };
  return { name, pids, run: (measureMs) => ask({ ...job, measureMs }) };
}

async function ask(job: GrpcJob): Promise<Measured> {
  const worker = fork(join(import.meta.dirname, 'grpc-load.ts'));
  worker.send(job);
  const [reply] = (await once(worker, 'message')) as [{ measured?: Measured; failed?: string }];
  worker.kill('SIGKILL');
  if (reply.measured) return reply.measured;
  throw new Error(`load on ${job.address}: ${reply.failed}`);
}
