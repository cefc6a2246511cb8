/** A server that asks for credentials, and an edge beside it that answers in its place. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { call, createStore, type Reply, write } from '../support/api.ts';
import { createFleet, type Sidecar } from '../support/fleet.ts';
import { grpcClient } from '../support/grpc.ts';
import { type OpenFga, startOpenFga } from '../support/servers.ts';

export interface Guarded {
  readonly openfga: OpenFga;
  readonly edge: Sidecar;
  readonly storeId: string;
  stop(): Promise<void>;
}

export const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: { directly_related_user_types: [{ type: 'user' }] } } },
    },
  ],
};
export const ANNE = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

/** `good` is a token that the server takes. Resolves when the edge answers by itself. */
export async function guarded(
  args: readonly string[],
  good: string,
  yaml: Record<string, unknown>,
): Promise<Guarded> {
  const openfga = await startOpenFga({ args });
  const headers = good === '' ? undefined : { authorization: `Bearer ${good}` };
  const storeId = await prepared(openfga.http, headers);
  const fleet = createFleet();
  const edge = await fleet.start('edge', {
    role: 'edge',
    upstream: { http: openfga.http, grpc: openfga.grpc, ...(good === '' ? {} : { api_token: good }) },
    changelog: 'upstream',
    products: [{ id: 'everything', stores: ['*'], tier: 'critical', on_stale: 'serve' }],
    ...yaml,
  });
  const stop = async () => {
    await fleet.stop();
    await openfga.stop();
  };
  return { openfga, edge, storeId, stop };
}

async function prepared(base: string, headers: Record<string, string> | undefined): Promise<string> {
  if (!headers) {
    const { storeId } = await createStore(base, 'guarded', MODEL);
    await write(base, storeId, { writes: [ANNE] });
    return storeId;
  }
  const post = async (path: string, body: object) => {
    const reply = await call(base, path, { body, headers });
    if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body as { id: string };
  };
  const { id } = await post('/stores', { name: 'guarded' });
  await post(`/stores/${id}/authorization-models`, MODEL);
  await post(`/stores/${id}/write`, { writes: { tuple_keys: [ANNE] } });
  return id;
}

/** One query, with this `Authorization` or none. */
export function check(
  base: string,
  storeId: string,
  authorization: string | undefined,
  method = 'check',
): Promise<Reply> {
  const body = method === 'check' ? { tuple_key: ANNE } : { ...LIST };
  return call(base, `/stores/${storeId}/${method}`, {
    body,
    ...(authorization === undefined ? {} : { headers: { authorization } }),
  });
}

const LIST = { user: 'user:anne', relation: 'viewer', type: 'document' };

/** Asks until the edge answers by itself. */
export async function answersLocally(
  { edge, storeId }: Guarded,
  authorization: string | undefined,
): Promise<void> {
  let reply: Reply | undefined;
  for (let tries = 0; tries < 600; tries += 1) {
    reply = await check(edge.http, storeId, authorization);
    if (reply.headers['rsfga-served-by'] === 'local' && reply.status === 200) return;
    await sleep(50);
  }
  throw new Error(`never answered here: ${JSON.stringify(reply)}`);
}

const OWN = /^(rsfga-|date$|x-request-id$|connection$|keep-alive$|transfer-encoding$)/;

/** What a client can see of a refusal, but for what differs each time. */
export function seen({ status, body, headers }: Reply): object {
  const names = Object.entries(headers).filter(([name]) => !OWN.test(name));
  return { status, body, headers: Object.fromEntries(names) };
}

/** The same query over gRPC; what a client can see of the answer. */
export async function checkGrpc(address: string, storeId: string, authorization: string | undefined) {
  const client = grpcClient(address);
  const init = { storeId, tupleKey: ANNE };
  const metadata = authorization === undefined ? {} : { authorization };
  const reply = await client.call('Check', CheckRequestSchema, init, metadata);
  client.close();
  const { status, message, metadata: head } = reply;
  return { servedBy: head['rsfga-served-by'], seen: { status, message, store: head['openfga-store-id'] } };
}
