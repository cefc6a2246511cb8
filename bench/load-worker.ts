/**
 * The load: keep-alive connections in a process of their own, each sending the next request when the last is answered.
 * Raw sockets and prepared bytes, because a general HTTP client would cost more than the servers it measures.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

export interface Job {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly bodies: readonly string[];
  readonly connections: number;
  readonly measureMs: number;
  /** Value of the header of that name, on every request. */
  readonly authorization?: string;
  /** Over TLS, with whatever certificate is shown; the handshakes are over before the measurement. */
  readonly secure?: boolean;
}

export interface Measured {
  readonly requests: number;
  /** Answers that were not 200. */
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of this process, seconds: near `seconds` it was the limit, not the server. */
  readonly cpuSeconds: number;
}

const END_OF_HEADERS = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

async function run(job: Job): Promise<Measured> {
  const requests = job.bodies.map((body) => requestBytes(job, body));
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job)));
  const latencies: number[] = [];
  let refused = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const until = began + job.measureMs;
  let next = 0;
  const endless = sockets.map(async (socket) => {
    for (;;) {
      const sent = performance.now();
      if (sent >= until) return socket.destroy();
      const status = await exchange(socket, requests[next++ % requests.length] ?? Buffer.alloc(0));
      latencies.push(performance.now() - sent);
      if (status !== 200) refused++;
    }
  });
  await Promise.all(endless);
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

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

function requestBytes({ host, port, path, authorization }: Job, body: string): Buffer {
  const login = authorization === undefined ? [] : [`authorization: ${authorization}`];
  const fields = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, ...login];
  const head = [`POST ${path} HTTP/1.1`, `host: ${host}:${port}`, ...fields, '', ''].join('\r\n');
  return Buffer.from(head + body);
}

function open({ host, port, secure }: Job): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const to = { host, port, noDelay: true };
    const done = () => resolve(socket);
    const socket: Socket = secure
      ? connectSecurely({ ...to, rejectUnauthorized: false }, done)
      : connect(to, done);
    socket.once('error', reject);
  });
}

/** Sends one request and resolves with the status once the answer is complete. */
function exchange(socket: Socket, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen: Buffer | undefined;
    const closed = () => reject(new Error('the server closed a connection'));
    const data = (chunk: Buffer) => {
      seen = seen ? Buffer.concat([seen, chunk]) : chunk;
      if (!complete(seen)) return;
      socket.off('data', data).off('close', closed);
      resolve(Number(seen.toString('latin1', 9, 12)));
    };
    socket.on('data', data).on('close', closed);
    socket.write(request);
  });
}

function complete(answer: Buffer): boolean {
  const end = answer.indexOf(END_OF_HEADERS);
  if (end < 0) return false;
  const length = /content-length: (\d+)/i.exec(answer.toString('latin1', 0, end))?.[1];
  if (length !== undefined) return answer.length >= end + 4 + Number(length);
  return answer.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
}

if (process.send) {
  process.on('message', (job: Job) => {
    run(job).then(
      (measured) => process.send?.({ measured }),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
  });
}
