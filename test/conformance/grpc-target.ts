/** Who is asked over gRPC: the same stores, questions and answers as over HTTP, each put into messages and back. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import {
  BatchCheckRequestSchema,
  BatchCheckResponseSchema,
  CheckRequestSchema,
  CheckResponseSchema,
  ExpandRequestSchema,
  ExpandResponseSchema,
  ListObjectsRequestSchema,
  ListObjectsResponseSchema,
  ListUsersRequestSchema,
  ListUsersResponseSchema,
  StreamedListObjectsRequestSchema,
  StreamedListObjectsResponseSchema,
  WriteAuthorizationModelRequestSchema,
  WriteAuthorizationModelResponseSchema,
  WriteRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { ERROR_CODES } from '../../src/fga/error.ts';
import type { Query, QueryMethod } from '../../src/fga/query.ts';
import { call, textOf } from '../support/api.ts';
import { bodyOf } from '../support/ask.ts';
import { frame, type GrpcClient, type GrpcReply, only, SERVICE } from '../support/grpc.ts';
import { plainAnswer, type Said, SPACES_BY_BUILD } from './said.ts';
import { CATCH_UP_MS, NOT_YET, type Target, type TargetStore } from './targets.ts';

const MESSAGES: Readonly<Record<QueryMethod, readonly [request: DescMessage, answer: DescMessage]>> = {
  Check: [CheckRequestSchema, CheckResponseSchema],
  BatchCheck: [BatchCheckRequestSchema, BatchCheckResponseSchema],
  ListObjects: [ListObjectsRequestSchema, ListObjectsResponseSchema],
  StreamedListObjects: [StreamedListObjectsRequestSchema, StreamedListObjectsResponseSchema],
  ListUsers: [ListUsersRequestSchema, ListUsersResponseSchema],
  Expand: [ExpandRequestSchema, ExpandResponseSchema],
};

/** A server by its gRPC client; stores are made over HTTP. */
export function grpcServerTarget(base: string, client: GrpcClient): Target {
  return {
    newStore: () => grpcStore(base, client, async (query) => saidOf(query, await ask(client, query))),
  };
}

/** An edge, as `edgeTarget`: what is not answered by itself counts as declined. */
export function grpcEdgeTarget(base: string, client: GrpcClient): Target {
  return {
    newStore: () => grpcStore(base, client, (query, revision) => askLocally(client, query, revision)),
  };
}

export function ask(client: GrpcClient, query: Query, metadata = {}): Promise<GrpcReply> {
  const body = { store_id: query.storeId, ...bodyOf(query) };
  return send(client, query.method, MESSAGES[query.method][0], body, metadata);
}

/** The status of a reply as the name of its code; a plain gRPC status stays a number. */
export function saidOf({ method }: Pick<Query, 'method'>, reply: GrpcReply): Said {
  if (reply.status !== 0) {
    const named = Object.entries(ERROR_CODES).find(([, number]) => number === reply.status && number > 99);
    const message = reply.message.replaceAll(SPACES_BY_BUILD, ' ');
    return { error: { code: named?.[0] ?? `${reply.status}`, message } };
  }
  const [, schema] = MESSAGES[method];
  if (method === 'StreamedListObjects') {
    const objects = reply.messages.map((m) => fromBinary(StreamedListObjectsResponseSchema, m).object);
    return { answer: objects.sort() };
  }
  const json = toJson(schema, only(schema, reply), { alwaysEmitImplicit: true });
  return { answer: plainAnswer(method, json) };
}

type AskOver = (query: Query, revision: string | undefined) => Promise<Said>;

async function grpcStore(base: string, client: GrpcClient, askOver: AskOver): Promise<TargetStore> {
  const created = await call(base, '/stores', { body: { name: 'conformance' } });
  const storeId = textOf(created, 'id');
  let revision: string | undefined;
  const changed = async (method: string, schema: DescMessage, body: object): Promise<GrpcReply> => {
    const reply = await send(client, method, schema, { store_id: storeId, ...body }, {});
    if (reply.status !== 0) throw new Error(`${method}: ${reply.status} ${reply.message}`);
    revision = reply.metadata['rsfga-revision'] ?? revision;
    return reply;
  };
  return {
    storeId,
    async writeModel(model) {
      const reply = await changed('WriteAuthorizationModel', WriteAuthorizationModelRequestSchema, model);
      return only(WriteAuthorizationModelResponseSchema, reply).authorizationModelId;
    },
    async write(tuples) {
      for (let at = 0; at < tuples.length; at += 100) {
        const writes = { tuple_keys: tuples.slice(at, at + 100) };
        await changed('Write', WriteRequestSchema, { writes });
      }
    },
    ask: (query) => askOver(query, revision),
  };
}

async function askLocally(client: GrpcClient, query: Query, revision: string | undefined): Promise<Said> {
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const reply = await ask(client, query, revision === undefined ? {} : { 'rsfga-min-revision': revision });
    if (reply.metadata['rsfga-served-by'] === 'local') return saidOf(query, reply);
    const reason = reply.metadata['rsfga-declined'] ?? `not local (${reply.status} ${reply.message})`;
    if (!NOT_YET.includes(reason)) return { declined: reason };
    if (Date.now() > until) throw new Error(`the edge is not there after ${CATCH_UP_MS} ms: ${reason}`);
    await sleep(50);
  }
}

function send(client: GrpcClient, method: string, schema: DescMessage, body: object, metadata: object) {
  const message = fromJson(schema, JSON.parse(JSON.stringify(body)) as JsonObject, {
    ignoreUnknownFields: true,
  });
  return client.raw(`${SERVICE}${method}`, frame(toBinary(schema, message)), { ...metadata });
}
