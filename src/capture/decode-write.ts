/** The body of a Write that upstream accepted, read by protobuf's own rules, as upstream reads it. */
import { fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { type WriteRequest, WriteRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { TupleDelta } from '../fga/change.ts';
import type { JsonObject, Tuple } from '../fga/tuple.ts';
import { isSound } from '../plugin/proto-sound.ts';

export interface DecodedWrite {
  readonly delta: TupleDelta;
  /** `on_duplicate` or `on_missing: ignore`: a key may turn out to be skipped and leave no changelog entry. */
  readonly mayBeIgnored: boolean;
}

export type WriteEncoding = 'json' | 'protobuf';

/** Undefined when it cannot be decoded, which never fails the client's call: the walk finds the change. */
export function decodeWrite(body: Uint8Array, encoding: WriteEncoding = 'json'): DecodedWrite | undefined {
  let request: WriteRequest;
  try {
    request = encoding === 'json' ? fromJson(body) : fromProto(body);
  } catch {
    return undefined;
  }
  const { writes, deletes } = request;
  return {
    delta: {
      writes: (writes?.tupleKeys ?? []).map(toTuple),
      deletes: (deletes?.tupleKeys ?? []).map(({ user, relation, object }) => ({ user, relation, object })),
    },
    mayBeIgnored: writes?.onDuplicate === 'ignore' || deletes?.onMissing === 'ignore',
  };
}

function fromJson(body: Uint8Array): WriteRequest {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  return fromJsonString(WriteRequestSchema, text, { ignoreUnknownFields: true });
}

function fromProto(body: Uint8Array): WriteRequest {
  if (!isSound(WriteRequestSchema, body)) throw new Error('not read alike by everyone');
  return fromBinary(WriteRequestSchema, body);
}

type WireTuple = NonNullable<WriteRequest['writes']>['tupleKeys'][number];

function toTuple({ user, relation, object, condition }: WireTuple): Tuple {
  // An empty name is how "no condition" looks to upstream.
  if (!condition?.name) return { user, relation, object };
  const context = condition.context as JsonObject | undefined;
  const named = { name: condition.name };
  const isEmpty = context === undefined || Object.keys(context).length === 0;
  return { user, relation, object, condition: isEmpty ? named : { ...named, context } };
}
