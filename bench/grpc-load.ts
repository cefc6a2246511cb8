/** gRPC load in a process of its own: some connections, on each some calls at once, each sending the next when one is answered. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
// Its types only: as a module it would take the messages of this process for its own.
import type { Measured } from './load-worker.ts';

export interface GrpcJob {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Frames, base64. */
  readonly frames: readonly string[];
  readonly connections: number;
  readonly streams: number;
  readonly measureMs: number;
  /** Metadata of that name, on every call. */
  readonly authorization?: string;
  /** Over TLS, with whatever certificate is shown. */
  readonly secure?: boolean;
}

const HEAD = {
  ':method': 'POST',
  ':path': '/openfga.v1.OpenFGAService/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
};

async function run(job: GrpcJob): Promise<Measured> {
  const head = job.authorization === undefined ? HEAD : { ...HEAD, authorization: job.authorization };
  const frames = job.frames.map((frame) => Buffer.from(frame, 'base64'));
  const base = `${job.secure ? 'https' : 'http'}://${job.address}`;
  const sessions = Array.from({ length: job.connections }, () =>
    connect(base, { rejectUnauthorized: false }),
  );
  // Each call hears of a broken session by the end of its own stream.
  for (const session of sessions) session.on('error', () => undefined);
  await Promise.all(sessions.map((session) => once(session, 'connect')));
  const latencies: number[] = [];
  let refused = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const until = began + job.measureMs;
  const endless = sessions.flatMap((session) =>
    Array.from({ length: job.streams }, async () => {
      while (performance.now() < until) {
        const sent = performance.now();
        const status = await check(session, head, frames[next++ % frames.length] ?? Buffer.alloc(0));
        latencies.push(performance.now() - sent);
        if (status !== '0') refused++;
      }
    }),
  );
  await Promise.all(endless);
  for (const session of sessions) session.destroy();
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    refused,
    seconds: (performance.now() - began) / 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuSeconds: (user + system) / 1e6,
  };
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function check(
  session: ClientHttp2Session,
  head: OutgoingHttpHeaders,
  frame: Buffer,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let status: string | undefined;
    const stream = session.request(head);
    stream.on('trailers', (trailers) => {
      status = `${trailers['grpc-status']}`;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(status));
    stream.resume();
    stream.end(frame);
  });
}

if (process.send) {
  process.on('message', (job: GrpcJob) => {
    run(job).then(
      (measured) => process.send?.({ measured }),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
  });
}
