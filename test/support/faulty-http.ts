/**
 * An HTTP proxy that misbehaves on demand, to stand between a sidecar and its upstream. Each request asks `plan` what
 * shall happen to it; what is not planned passes.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HttpFault =
  | { readonly delayMs: number }
  /** Answered here; the upstream never hears of it. */
  | { readonly status: number }
  /** The upstream answers, and the client's connection is cut instead of the answer. */
  | 'cut after'
  /** The upstream answers, and the client gets this status instead. */
  | { readonly statusAfter: number }
  /** The connection is cut before anything is sent on. */
  | 'cut before';

/** `path` without the query. */
export type HttpPlan = (call: { readonly method: string; readonly path: string }) => HttpFault | undefined;

export interface FaultyHttp {
  readonly url: string;
  /** What happens to requests from now on; undefined: all of them pass. */
  plan(plan: HttpPlan | undefined): void;
  /** Requests that something was done to. */
  faults(): number;
  close(): Promise<void>;
}

export async function startFaultyHttp(target: string): Promise<FaultyHttp> {
  const agent = new Agent({ keepAlive: true });
  let plan: HttpPlan | undefined;
  let faults = 0;
  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '').replace(/\?.*$/, '');
    const fault = plan?.({ method: incoming.method ?? '', path });
    if (fault !== undefined) faults += 1;
    handle({ incoming, outgoing, fault, target, agent });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    plan(next) {
      plan = next;
    },
    faults: () => faults,
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly fault: HttpFault | undefined;
  readonly target: string;
  readonly agent: Agent;
}

function handle(exchange: Exchange): void {
  const { incoming, outgoing, fault } = exchange;
  if (fault === 'cut before') incoming.socket.destroy();
  else if (typeof fault === 'object' && 'status' in fault) answer(incoming, outgoing, fault.status);
  else if (typeof fault === 'object' && 'delayMs' in fault) setTimeout(() => pass(exchange), fault.delayMs);
  else pass(exchange);
}

function answer(incoming: IncomingMessage, outgoing: ServerResponse, status: number): void {
  incoming.resume();
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(JSON.stringify({ code: 'internal_error', message: 'made by the test' }));
}

function pass({ incoming, outgoing, fault, target, agent }: Exchange): void {
  const { method, headers } = incoming;
  const path = incoming.url ?? '/';
  const onward = request(`${target}${path}`, { method, headers, agent }, (reply) => {
    // A target that goes away in the middle of a reply.
    reply.on('error', () => incoming.socket.destroy());
    if (fault === 'cut after') {
      reply.resume();
      incoming.socket.destroy();
      return;
    }
    if (typeof fault === 'object' && 'statusAfter' in fault) {
      reply.resume();
      answer(incoming, outgoing, fault.statusAfter);
      return;
    }
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(outgoing);
  });
  onward.on('error', () => incoming.socket.destroy());
  // The caller is gone: so is its request.
  outgoing.on('close', () => {
    if (!outgoing.writableFinished && fault === undefined) onward.destroy();
  });
  incoming.pipe(onward);
}
