/** Sends a Query to an OpenFGA-compatible HTTP API: the reverse of `src/proxy/wire/parse.ts`. */
import { request } from 'undici';
import type { Query, QueryMethod } from '../../src/fga/query.ts';

/** As sent and as received: the body is the text, byte for byte. */
export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const PATHS: Readonly<Record<QueryMethod, string>> = {
  Check: 'check',
  BatchCheck: 'batch-check',
  ListObjects: 'list-objects',
  StreamedListObjects: 'streamed-list-objects',
  ListUsers: 'list-users',
  Expand: 'expand',
};

/** Longer than any deadline of a server; a reply that takes longer rejects with a `TimeoutError`. */
const PATIENCE_MS = 30_000;

export type Headers = Readonly<Record<string, string>>;

export async function ask(base: string, query: Query, headers: Headers = {}): Promise<RawReply> {
  return post(
    `${base}/stores/${query.storeId}/${PATHS[query.method]}`,
    JSON.stringify(bodyOf(query)),
    headers,
  );
}

/** Any body, also a broken one. `storeId` goes into the path as it is. */
export function sendRaw(
  base: string,
  method: QueryMethod,
  storeId: string,
  body: Uint8Array,
): Promise<RawReply> {
  return post(`${base}/stores/${storeId}/${PATHS[method]}`, body, {});
}

async function post(url: string, body: string | Uint8Array, headers: Headers): Promise<RawReply> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const reply = await request(url, { method: 'POST', body, headers, signal });
  return { status: reply.statusCode, headers: reply.headers, body: await reply.body.text() };
}

/** What is not set is left out, as SDKs do. */
export function bodyOf(query: Query): object {
  const scope = {
    ...(query.modelId !== undefined && { authorization_model_id: query.modelId }),
    ...(query.consistency !== 'unspecified' && { consistency: query.consistency.toUpperCase() }),
  };
  switch (query.method) {
    case 'Check':
      return { ...scope, tuple_key: query.tupleKey, ...withContext(query) };
    case 'BatchCheck':
      return { ...scope, checks: query.checks.map(itemOf) };
    case 'ListObjects':
    case 'StreamedListObjects': {
      const { type, relation, user } = query;
      return { ...scope, type, relation, user, ...withContext(query) };
    }
    case 'ListUsers': {
      const { object, relation, userFilter, contextualTuples } = query;
      const rest = { user_filters: [userFilter], contextual_tuples: contextualTuples };
      return { ...scope, object, relation, ...rest, ...(query.context && { context: query.context }) };
    }
    case 'Expand': {
      const { object, relation } = query;
      return { ...scope, tuple_key: { object, relation }, ...withContext(query) };
    }
  }
}

type Extras = Pick<Extract<Query, { method: 'Check' }>, 'contextualTuples'> & { readonly context?: object };

function withContext({ contextualTuples, context }: Extras): object {
  return {
    ...(contextualTuples.length > 0 && { contextual_tuples: { tuple_keys: contextualTuples } }),
    ...(context && { context }),
  };
}

function itemOf(item: Extract<Query, { method: 'BatchCheck' }>['checks'][number]): object {
  return { correlation_id: item.correlationId, tuple_key: item.tupleKey, ...withContext(item) };
}
