/** What hostile gRPC clients have in common: who is attacked, what is left behind, how to flood. */

import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  CheckRequestSchema,
  StreamedListObjectsRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { modelFrom } from '../support/datasets.ts';
import { frame, SERVICE } from '../support/grpc.ts';
import {
  END_HEADERS,
  END_STREAM,
  fields,
  grpcFields,
  h2Frame,
  type Pairs,
  type RawH2,
  rawH2,
  TYPE,
  uint32,
} from '../support/h2-frames.ts';

/** What its store holds: one tuple of one relation. */
export const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);
export const KEY = { user: 'user:anne', relation: 'viewer', object: 'document:1' };

export interface Victim {
  /** `127.0.0.1:port`. */
  readonly grpc: string;
  readonly storeId: string;
  readonly key: { readonly user: string; readonly relation: string; readonly object: string };
}

/** What is left open is closed by the test. */
export interface Left {
  readonly connections: readonly RawH2[];
}

export interface Attack {
  readonly name: string;
  attack(victim: Victim): Promise<Left>;
  /** The connections are ended by the sidecar: at once, or within its limits. */
  readonly isEnded?: boolean;
  /** Takes seconds: for the long tests. */
  readonly holds?: boolean;
}

export const HEADS = END_HEADERS;
export const WHOLE = END_HEADERS | END_STREAM;
export const CHECK = `${SERVICE}Check`;

export function checkMessage({ storeId, key }: Victim): Buffer {
  const message = create(CheckRequestSchema, { storeId, tupleKey: key });
  return frame(toBinary(CheckRequestSchema, message));
}

export function listMessage({ storeId, key }: Victim): Buffer {
  const [type = ''] = key.object.split(':');
  const message = create(StreamedListObjectsRequestSchema, {
    storeId,
    type,
    relation: key.relation,
    user: key.user,
  });
  return frame(toBinary(StreamedListObjectsRequestSchema, message));
}

export function head(stream: number, path = CHECK, flags = HEADS, more: Pairs = []): Buffer {
  return h2Frame(TYPE.headers, flags, stream, fields(grpcFields(path, more)));
}

/** 1, 3, 5, … */
export function streamIds(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 2 * i + 1);
}

export async function flood(
  victim: Victim,
  frames: (at: number) => readonly Buffer[],
  rounds: number,
): Promise<Left> {
  const raw = await rawH2(victim.grpc);
  for (let at = 0; at < rounds && !raw.isClosed(); at++) {
    await raw.send(...frames(at));
    if (at % 16 === 15) await sleep(0);
  }
  return { connections: [raw] };
}

export function same(piece: Buffer, times: number): Buffer[] {
  return Array.from({ length: times }, () => piece);
}

/** A block of calls, each opened and then spoilt by `after`. */
export function spoilt(at: number, size: number, after: (stream: number) => Buffer): Buffer[] {
  return streamIds(size).flatMap((id) => {
    const stream = id + 2 * size * at;
    return [head(stream), after(stream)];
  });
}

export const CANCELLED = uint32(8);
/** What a frame may hold unless a peer says more. */
export const MAX_FRAME = 16_384;
