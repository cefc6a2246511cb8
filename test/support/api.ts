/** Plain calls to an OpenFGA-compatible HTTP API, without an SDK between the test and the bytes. */
import { type Dispatcher, errors, request } from 'undici';
import type { Tuple, TupleKey } from '../../src/fga/tuple.ts';
import type { ModelBody } from './datasets.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed when it is JSON, else the text. */
  readonly body: unknown;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** A text or bytes are sent as they are; anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Connections of its own: with certificates. */
  readonly dispatcher?: Dispatcher;
}

/** `POST` when there is a body, else `GET`. Rejects when there is no answer within 30 s. */
export async function call(base: string, path: string, asked: Call = {}): Promise<Reply> {
  const response = await headOf(() => request(`${base}${path}`, optionsOf(asked)), asked.body === undefined);
  return {
    status: response.statusCode,
    headers: plainHeaders(response.headers),
    body: parsed(await response.body.text()),
  };
}

function optionsOf({ method, body, headers, dispatcher }: Call) {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    ...(dispatcher && { dispatcher }),
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  };
}

/** Asks again where a server ended an idle connection just as this process, busy until then, took it from its pool. */
async function headOf<Head>(ask: () => Promise<Head>, askAgain: boolean): Promise<Head> {
  try {
    return await ask();
  } catch (error) {
    const wasUsed = error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
    if (!askAgain || !wasUsed) throw error;
    return ask();
  }
}

/** A new store with this model; throws unless both were created. */
export async function createStore(base: string, name: string, model: ModelBody): Promise<StoreIds> {
  const store = await expectStatus(201, call(base, '/stores', { body: { name } }));
  const storeId = textOf(store, 'id');
  return { storeId, modelId: await writeModel(base, storeId, model) };
}

export interface StoreIds {
  readonly storeId: string;
  readonly modelId: string;
}

export async function writeModel(base: string, storeId: string, model: ModelBody): Promise<string> {
  const written = call(base, `/stores/${storeId}/authorization-models`, { body: model });
  return textOf(await expectStatus(201, written), 'authorization_model_id');
}

export interface Delta {
  readonly writes?: readonly Tuple[];
  readonly deletes?: readonly TupleKey[];
}

/** One Write. Returns the reply whatever it is. */
export function write(base: string, storeId: string, delta: Delta): Promise<Reply> {
  const { writes = [], deletes = [] } = delta;
  return call(base, `/stores/${storeId}/write`, {
    body: {
      ...(writes.length > 0 && { writes: { tuple_keys: writes } }),
      ...(deletes.length > 0 && { deletes: { tuple_keys: deletes } }),
    },
  });
}

/** Writes all of them, `perWrite` at a time (at most 100), one Write after the other. Throws at the first refusal. */
export async function writeAll(
  base: string,
  storeId: string,
  tuples: readonly Tuple[],
  perWrite = 100,
): Promise<void> {
  for (let at = 0; at < tuples.length; at += perWrite) {
    await expectStatus(200, write(base, storeId, { writes: tuples.slice(at, at + perWrite) }));
  }
}

export function check(
  base: string,
  storeId: string,
  key: TupleKey,
  headers?: Readonly<Record<string, string>>,
): Promise<Reply> {
  return call(base, `/stores/${storeId}/check`, { body: { tuple_key: key }, ...(headers && { headers }) });
}

export function allowed(reply: Reply): boolean {
  const value = fieldOf(reply, 'allowed');
  if (typeof value !== 'boolean') throw new Error(`no Check answer: ${describe(reply)}`);
  return value;
}

/** Every tuple of the store, page by page, as OpenFGA's Read gives them. */
export async function readAll(base: string, storeId: string): Promise<Tuple[]> {
  const tuples: Tuple[] = [];
  let token = '';
  do {
    const body = { page_size: 100, continuation_token: token, consistency: 'HIGHER_CONSISTENCY' };
    const page = await expectStatus(200, call(base, `/stores/${storeId}/read`, { body }));
    const rows = fieldOf(page, 'tuples') as readonly { readonly key: Tuple }[];
    tuples.push(...rows.map((row) => row.key));
    token = textOf(page, 'continuation_token');
  } while (token !== '');
  return tuples;
}

export async function expectStatus(status: number, pending: Promise<Reply>): Promise<Reply> {
  const reply = await pending;
  if (reply.status !== status) throw new Error(`expected ${status}, got ${describe(reply)}`);
  return reply;
}

export function fieldOf(reply: Reply, name: string): unknown {
  return typeof reply.body === 'object' && reply.body !== null
    ? (reply.body as Record<string, unknown>)[name]
    : undefined;
}

export function textOf(reply: Reply, name: string): string {
  const value = fieldOf(reply, name);
  if (typeof value !== 'string') throw new Error(`no ${name} in ${describe(reply)}`);
  return value;
}

export function describe(reply: Reply): string {
  return `${reply.status} ${JSON.stringify(reply.body).slice(0, 500)}`;
}

function plainHeaders(headers: Readonly<Record<string, string | string[] | undefined>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
