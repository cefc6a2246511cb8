/** A chain with TLS on every line: client → edge → regional → OpenFGA, mutual where a sidecar listens for one. */
import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import { call, expectStatus, type Reply, textOf } from '../support/api.ts';
import { type Authority, certificateAuthority, copyOf, type Pair, pem } from '../support/certificates.ts';
import { type CutLine, startCutLine } from '../support/cut-line.ts';
import { modelFrom } from '../support/datasets.ts';
import { eventually } from '../support/fleet.ts';
import { type InProcess, startInProcess } from '../support/in-process.ts';
import { type OpenFga, startOpenFga } from '../support/servers.ts';

const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);
export const ANNE = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
export const TOKEN = 'token-of-the-admin-listener';
export const LISTEN = { http: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0' };

export interface TlsChain {
  readonly ours: Authority;
  readonly strange: Authority;
  readonly openfga: OpenFga;
  /** Mutual TLS on HTTP and gRPC. */
  readonly regional: InProcess;
  /** TLS on HTTP, mutual on gRPC and the admin listener. Keeps every store. */
  readonly edge: InProcess;
  /** Between the edge and the regional, HTTP. */
  readonly line: CutLine;
  /** Files that may be replaced: the edge's HTTP and admin listeners' pair, and whom it trusts upstream. */
  readonly served: Pair;
  readonly edgeCa: string;
  /** A client's pair. */
  readonly mine: Pair;
  /** Holds `ANNE`. */
  readonly storeId: string;
  /** At the edge, over HTTP. */
  ask(path: string, body?: object): Promise<Reply>;
  checkAnne(): Promise<Reply>;
  /** Of the edge's health. */
  conditions(): Promise<readonly { readonly name: string; readonly reason: string }[]>;
  metric(name: string): Promise<number>;
  agent(connect: ConnectionOptions): Agent;
  /** Rejects when the handshake is refused. */
  shake(url: string, options?: ConnectionOptions): Promise<TLSSocket>;
  withPair(pair: Pair): { readonly ca: string; readonly cert: string; readonly key: string };
  stop(): Promise<void>;
}

export function isLocal({ headers, body }: Reply): boolean {
  return headers['rsfga-served-by'] === 'local' && (body as { allowed: boolean }).allowed === true;
}

export const portOf = (url: string) => Number(url.split(':').at(-1));

/** Resolves when the edge answers by itself. */
export async function startTlsChain(): Promise<TlsChain> {
  const [ours, strange] = [certificateAuthority('ours'), certificateAuthority('strange')];
  const openfga = await startOpenFga({ tls: { ...ours.issue('openfga'), ca: ours.ca } });
  const regional = await startRegional(ours, openfga);
  const line = await startCutLine(portOf(regional.urls.http));
  const [mine, served] = [ours.issue('client'), copyOf(ours.issue('edge'))];
  const edgeCa = copyOf({ cert: ours.ca, key: ours.ca }).cert;
  const upstream = {
    http: `https://127.0.0.1:${line.port}`,
    grpc: regional.urls.grpc,
    tls: { ca: edgeCa, ...ours.issue('edge-as-client') },
  };
  const edge = await startEdge(ours, served, upstream);
  const clients = clientsOf(ours);
  const known = clients.agent({ ca: pem(ours.ca) });
  const admin = async (path: string) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return (await call(edge.urls.admin, path, { dispatcher: clients.agent(clients.withPair(mine)), headers }))
      .body;
  };
  const ask = (path: string, body?: object) =>
    call(edge.urls.http, path, { dispatcher: known, ...(body && { body }) });
  const storeId = await filled(ask);
  const checkAnne = () => ask(`/stores/${storeId}/check`, { tuple_key: ANNE });
  await eventually(checkAnne, isLocal, 30_000);
  return {
    ...{ ours, strange, openfga, regional, edge, line, served, edgeCa, mine, storeId, ask, checkAnne },
    ...clients,
    conditions: async () =>
      ((await admin('/status')) as { health: { conditions: { name: string; reason: string }[] } }).health
        .conditions,
    async metric(name) {
      const line = new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm');
      return Number(line.exec(String(await admin('/metrics')))?.[1]);
    },
    async stop() {
      await clients.end();
      await edge.drain();
      await regional.drain();
      await line.close();
      await openfga.stop();
    },
  };
}

function startRegional(ours: Authority, openfga: OpenFga): Promise<InProcess> {
  const mutual = { ...ours.issue('regional'), client_ca: ours.ca };
  return startInProcess('regional', {
    role: 'regional',

    listen: LISTEN,
    tls: { http: mutual, grpc: mutual },
    upstream: { http: openfga.http, grpc: openfga.grpc, tls: { ca: ours.ca } },
  });
}

function startEdge(ours: Authority, served: Pair, upstream: object): Promise<InProcess> {
  return startInProcess('edge', {
    role: 'edge',
    listen: LISTEN,
    tls: {
      http: served,
      grpc: { ...ours.issue('edge-grpc'), client_ca: ours.ca },
      admin: { ...served, client_ca: ours.ca },
    },
    admin: { token: TOKEN },
    upstream,
    products: [{ id: 'all', stores: ['*'], tier: 'critical', max_staleness: '10m' }],
  });
}

/** A store that holds `ANNE`, written through the edge. */
async function filled(ask: TlsChain['ask']): Promise<string> {
  const storeId = textOf(await expectStatus(201, ask('/stores', { name: 'tls-store' })), 'id');
  await expectStatus(201, ask(`/stores/${storeId}/authorization-models`, MODEL));
  await expectStatus(200, ask(`/stores/${storeId}/write`, { writes: { tuple_keys: [ANNE] } }));
  return storeId;
}

/** Connections of the test itself; `end` closes whatever was opened. */
function clientsOf(
  ours: Authority,
): Pick<TlsChain, 'agent' | 'shake' | 'withPair'> & { end(): Promise<void> } {
  const agents: Agent[] = [];
  const sockets: TLSSocket[] = [];
  return {
    agent(connect) {
      const agent = new Agent({ connect: { ...connect, timeout: 30_000 } as object, allowH2: false });
      agents.push(agent);
      return agent;
    },
    shake: (url, options = {}) =>
      new Promise((resolve, reject) => {
        const settings = { ca: pem(ours.ca), ...options };
        const socket = connectTls(portOf(url), '127.0.0.1', settings, () => resolve(socket));
        socket.on('error', reject);
        sockets.push(socket);
      }),
    withPair: ({ cert, key }) => ({ ca: pem(ours.ca), cert: pem(cert), key: pem(key) }),
    async end() {
      await Promise.all(agents.map((agent) => agent.destroy()));
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What came before the connection ended. */
export function ended(socket: Socket): Promise<{ bytes: number; error: string | undefined }> {
  let [bytes, error] = [0, undefined as string | undefined];
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.on('error', (e) => {
      error = e.message;
    });
    socket.once('close', () => resolve({ bytes, error }));
  });
}
