/** For each way to prove who one is, and for TLS: an OpenFGA that asks for it, and an edge that does in its place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from 'undici';
import type { TupleKey } from '../src/fga/tuple.ts';
import { type Call, call, textOf } from '../test/support/api.ts';
import { type Authority, certificateAuthority } from '../test/support/certificates.ts';
import { freePort, launch } from '../test/support/children.ts';
import { modelFrom } from '../test/support/datasets.ts';
import { createFleet, eventually, type Fleet } from '../test/support/fleet.ts';
import { grpcClient } from '../test/support/grpc.ts';
import { AUDIENCE, startIssuer } from '../test/support/issuer.ts';
import { startOpenFga } from '../test/support/servers.ts';
import type { Target } from './measure.ts';

export interface WireTarget extends Target {
  /** `127.0.0.1:port` of its gRPC. */
  readonly address: string;
  /** `Rsfga-Served-By` of its answers. */
  readonly servedBy?: 'local' | 'upstream';
  /** Answers a constant. */
  readonly isBare?: true;
  /** For calls over TLS: the authority behind its certificate. */
  readonly secure?: Secure;
}

interface Secure {
  readonly ca: Buffer;
  readonly dispatcher: Agent;
}

/** One way to say who is calling, or to keep it from others. */
interface Setting {
  readonly name: string;
  readonly openfga?: readonly string[];
  readonly edge?: object;
  readonly token?: string;
  /** On every line: to the edge, and from it to OpenFGA. */
  readonly tls?: Authority;
}

const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);
const QUESTIONS = 200;

/** The even ones are granted. */
export const KEYS: readonly TupleKey[] = Array.from({ length: QUESTIONS }, (_, n) => ({
  user: `user:u-${n}`,
  relation: 'viewer',
  object: `document:d-${n}`,
}));
const GRANTED = KEYS.filter((_, n) => n % 2 === 0);
const PATIENCE_MS = 60_000;

type Closing = (() => Promise<unknown>)[];

export async function openWires(): Promise<{ targets: readonly WireTarget[]; stop(): Promise<void> }> {
  const closing: Closing = [];
  const stop = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    const fleet = createFleet();
    closing.push(fleet.stop);
    const sets: WireTarget[][] = [];
    const authority = certificateAuthority('bench');
    for (const setting of await settings(closing, authority))
      sets.push(await openSetting(setting, fleet, closing));
    const all = [await openBare(closing), await openBare(closing, authority), ...sets.flat()];
    // The last one is what the others are compared with.
    const last = all.filter(({ name }) => name === 'edge, none, local');
    return { targets: [...all.filter((target) => !last.includes(target)), ...last], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function settings(closing: Closing, tls: Authority): Promise<Setting[]> {
  const issuer = await startIssuer();
  closing.push(issuer.close);
  const key = 'a-preshared-key-of-the-bench';
  return [
    { name: 'none' },
    { name: 'TLS', tls },
    {
      name: 'preshared',
      openfga: ['--authn-method=preshared', `--authn-preshared-keys=${key}`],
      edge: { auth: { method: 'preshared', keys: [key] } },
      token: key,
    },
    {
      name: 'oidc',
      openfga: [
        '--authn-method=oidc',
        `--authn-oidc-issuer=${issuer.url}`,
        `--authn-oidc-audience=${AUDIENCE}`,
      ],
      edge: { auth: { method: 'oidc', issuer: issuer.url, audience: AUDIENCE } },
      // Longer than a run.
      token: await issuer.token({ exp: Math.floor(Date.now() / 1000) + 3_600 }),
    },
  ];
}

async function openSetting(setting: Setting, fleet: Fleet, closing: Closing): Promise<WireTarget[]> {
  const { name, token, tls } = setting;
  const certified = tls && { tls: { ...tls.issue('openfga'), ca: tls.ca } };
  const openfga = await startOpenFga({ args: setting.openfga ?? [], ...certified });
  closing.push(openfga.stop);
  const login = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const secure = tls && secured(tls, closing);
  const way = { headers: login, ...(secure && { dispatcher: secure.dispatcher }) };
  const [kept, cold] = [await filled(openfga.http, way, 'kept'), await filled(openfga.http, way, 'cold')];
  const edge = await fleet.start(`edge-${name}`, {
    role: 'edge',
    upstream: {
      ...{ http: openfga.http, grpc: openfga.grpc },
      ...(token !== undefined && { api_token: token }),
      ...(tls && { tls: { ca: tls.ca } }),
    },
    changelog: 'upstream',
    products: [{ id: 'kept', stores: [kept], tier: 'critical', on_stale: 'serve' }],
    ...(tls && { tls: { http: tls.issue('edge'), grpc: tls.issue('edge-grpc') } }),
    ...setting.edge,
  });
  const http = tls ? edge.http.replace('http:', 'https:') : edge.http;
  await answersItself(http, kept, way);
  const both = { ...login, ...(secure && { secure }) };
  const there = { http: openfga.http, address: openfga.grpc, pids: [openfga.pid], ...both };
  const here = { http, address: edge.grpc, pids: [edge.pid()], ...both };
  return [
    { name: `openfga, ${name}`, ...there, storeId: kept },
    { name: `edge, ${name}, forwarded`, ...here, storeId: cold, servedBy: 'upstream' },
    { name: `edge, ${name}, local`, ...here, storeId: kept, servedBy: 'local' },
  ];
}

function secured({ ca }: Authority, closing: Closing): Secure {
  const own = readFileSync(ca);
  const dispatcher = new Agent({ connect: { ca: own } });
  closing.push(() => dispatcher.destroy());
  return { ca: own, dispatcher };
}

type Way = Pick<Call, 'headers' | 'dispatcher'>;

async function filled(base: string, way: Way, name: string): Promise<string> {
  const post = async (path: string, body: object) => {
    const reply = await call(base, path, { body, ...way });
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply;
  };
  const storeId = textOf(await post('/stores', { name }), 'id');
  await post(`/stores/${storeId}/authorization-models`, MODEL);
  await post(`/stores/${storeId}/write`, { writes: { tuple_keys: GRANTED } });
  return storeId;
}

/** An edge believes in its callers' credentials once it has seen how its upstream treats them. */
async function answersItself(http: string, storeId: string, way: Way): Promise<void> {
  await eventually(
    () => call(http, `/stores/${storeId}/check`, { body: { tuple_key: KEYS[0] }, ...way }),
    ({ status, headers }) => status === 200 && headers['rsfga-served-by'] === 'local',
    PATIENCE_MS,
  );
}

/** One process for each wire; both are charged, as only one has work at a time. */
async function openBare(closing: Closing, tls?: Authority): Promise<WireTarget> {
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const pair = tls?.issue('bare');
  const files = pair ? [pair.cert, pair.key] : [];
  const secure = tls && secured(tls, closing);
  const base = `${tls ? 'https' : 'http'}://127.0.0.1:${httpPort}`;
  const program = (name: string, port: number, ready: () => Promise<void>) => {
    const args = [join(import.meta.dirname, `${name}.ts`), `${port}`, ...files];
    return launch({ name, bin: process.execPath, args, ready });
  };
  const http = await program('bare-server', httpPort, async () => {
    await call(base, '/', { body: {}, ...(secure && { dispatcher: secure.dispatcher }) });
  });
  closing.push(http.stop);
  const grpc = await program('bare-grpc', grpcPort, async () => {
    const client = grpcClient(`127.0.0.1:${grpcPort}`, secure && { ca: secure.ca });
    const { status } = await client.raw('/', new Uint8Array(5)).finally(() => client.close());
    if (status !== 0) throw new Error(`it answered ${status}`);
  });
  closing.push(grpc.stop);
  return {
    name: tls ? 'bare, TLS' : 'bare',
    http: base,
    address: `127.0.0.1:${grpcPort}`,
    storeId: 'none',
    pids: [http.pid, grpc.pid],
    isBare: true,
    ...(secure && { secure }),
  };
}
