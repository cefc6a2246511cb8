/** One question on both wires, of an edge and of the server behind it: four answers that must be one. */
import { isDeepStrictEqual } from 'node:util';
import type { Query } from '../../../src/fga/query.ts';
import { ask as askHttp } from '../../support/ask.ts';
import type { GrpcClient } from '../../support/grpc.ts';
import { ask as askGrpc, saidOf } from '../grpc-target.ts';
import { type Said, saidOfReply } from '../said.ts';
import { stable, withoutMessages } from './compare.ts';

export interface Server {
  /** `http://127.0.0.1:port`. */
  readonly http: string;
  readonly grpc: GrpcClient;
}

/** What one side said on one wire. */
export interface Heard {
  readonly said: Said;
  /** HTTP's status, or gRPC's. */
  readonly status: number;
  readonly storeId: string | undefined;
  readonly modelId: string | undefined;
  /** `local`, `upstream` and the reason of a decline; undefined at the server itself. */
  readonly servedBy: string | undefined;
}

export interface Four {
  readonly query: Query;
  readonly edgeHttp: Heard;
  readonly edgeGrpc: Heard;
  readonly serverHttp: Heard;
  readonly serverGrpc: Heard;
}

export async function askFour(edge: Server, server: Server, query: Query): Promise<Four> {
  const [edgeHttp, edgeGrpc, serverHttp, serverGrpc] = await Promise.all([
    overHttp(edge, query),
    overGrpc(edge, query),
    overHttp(server, query),
    overGrpc(server, query),
  ]);
  return { query, edgeHttp, edgeGrpc, serverHttp, serverGrpc };
}

/**
 * Undefined when all four agree; else which two do not. `words`: whether the server's words count too. They are chance where
 * a Go map decides which of several faults is named; those of the edge are the same on both wires always.
 */
export function disagreement({ query, ...four }: Four, words: boolean): string | undefined {
  const { edgeHttp, edgeGrpc, serverHttp, serverGrpc } = four;
  if (isOutOfTime(four)) return undefined;
  if (!agree(query, words, [edgeHttp, serverHttp])) return 'HTTP: edge and server';
  if (!agree(query, words, [edgeGrpc, serverGrpc])) return 'gRPC: edge and server';
  if (!sameOverWires(query, edgeHttp, edgeGrpc)) return 'edge: HTTP and gRPC';
  if (words && !sameOverWires(query, serverHttp, serverGrpc)) return 'server: HTTP and gRPC';
  // Over gRPC a message that holds such a name is not read here.
  if (JSON.stringify(query).includes('__proto__')) return undefined;
  return edgeHttp.servedBy === edgeGrpc.servedBy ? undefined : 'edge: who answered';
}

function isOutOfTime(four: Omit<Four, 'query'>): boolean {
  return /deadline_exceeded|context deadline/.test(JSON.stringify(four));
}

/** The same wire of two servers: answer or code and words, status, metadata. */
function agree({ method }: Query, words: boolean, [here, there]: readonly [Heard, Heard]): boolean {
  const form = ({ servedBy: _, status, ...heard }: Heard) => {
    // How many objects come before the error of a stream is chance, and with them whether HTTP has said 200.
    const isOpen = method === 'StreamedListObjects' && 'error' in heard.said;
    const said = words ? stable(heard.said) : withoutMessages(heard.said);
    return { ...heard, said, status: isOpen ? undefined : status };
  };
  return isDeepStrictEqual(form(here), form(there));
}

/** Two wires of one server: the codes are each wire's own (contract sections 1.6, 3.1), all else is the same. */
function sameOverWires({ method }: Query, http: Heard, grpc: Heard): boolean {
  if (http.storeId !== grpc.storeId || http.modelId !== grpc.modelId) return false;
  const [left, right] = [stable(http.said) as Said, stable(grpc.said) as Said];
  if (!('error' in left && 'error' in right)) return isDeepStrictEqual(left, right);
  // A broken field rule: HTTP refines the code and keeps the innermost words, gRPC says 3 and all of them.
  if (grpc.status === INVALID_ARGUMENT) return right.error.message.includes(left.error.message);
  const sameWords = left.error.message === right.error.message.replace(GRPC_PREFIX, '');
  return sameWords && (method === 'StreamedListObjects' || left.error.code === right.error.code);
}

const INVALID_ARGUMENT = 3;
/** Left out over HTTP (contract section 3.1). */
const GRPC_PREFIX = /^rpc error: code = \S+ desc = /;

async function overHttp({ http }: Server, query: Query): Promise<Heard> {
  const reply = await askHttp(http, query);
  return { said: saidOfReply(query.method, reply), status: reply.status, ...metadata(reply.headers) };
}

async function overGrpc({ grpc }: Server, query: Query): Promise<Heard> {
  const reply = await askGrpc(grpc, query);
  return { said: saidOf(query, reply), status: reply.status, ...metadata(reply.metadata) };
}

function metadata(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const one = (name: string) => headers[name]?.toString();
  const [served, declined] = [one('rsfga-served-by'), one('rsfga-declined')];
  return {
    storeId: one('openfga-store-id'),
    modelId: one('openfga-authorization-model-id'),
    servedBy: declined === undefined ? served : `${served} (${declined})`,
  };
}
