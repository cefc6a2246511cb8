/** Our messages and their protobuf form, both ways. Reading is strict: what is not wholly a message is refused. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import * as wire from '../../proto/gen/rsfga/edge/v1/change_pb.ts';
import type {
  Anchor,
  ChangeMessage,
  Commit,
  Head,
  Marker,
  ModelUpdated,
  Operation,
  Part,
} from '../fga/change.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import { type JsonObject, type Tuple, typeOf } from '../fga/tuple.ts';

/** A model has 256 KiB at most (`MAX_MODEL_BYTES`) as protobuf; its JSON is a few times that. Stops a gzip bomb. */
const MAX_MODEL_JSON_BYTES = 8 * 1024 * 1024;

export function encodeBytes(message: ChangeMessage): Uint8Array {
  switch (message.kind) {
    case 'part':
      return toBinary(wire.TupleChangeSchema, create(wire.TupleChangeSchema, partInit(message)));
    case 'commit':
      return toBinary(
        wire.TransactionCommittedSchema,
        create(wire.TransactionCommittedSchema, commitInit(message)),
      );
    case 'model':
      return toBinary(wire.ModelUpdatedSchema, create(wire.ModelUpdatedSchema, modelInit(message)));
    case 'anchor':
      return toBinary(
        wire.AnchorSchema,
        create(wire.AnchorSchema, { ...signedInit(message), storeDeleted: message.storeDeleted === true }),
      );
    case 'marker':
      return toBinary(
        wire.MarkerSchema,
        create(wire.MarkerSchema, { ...signedInit(message), markerId: message.markerId }),
      );
  }
}

/** Which kind of message to expect is in the subject. Throws on bytes that are not that. */
export function decodeBytes(subject: string, bytes: Uint8Array): ChangeMessage | undefined {
  const [, , , family, leaf] = subject.split('.');
  if (family === 'write' || family === 'delete') return readPart(bytes);
  switch (`${family}.${leaf}`) {
    case 'tx.committed':
      return readCommit(bytes);
    case 'tx.anchor':
      return readAnchor(bytes);
    case 'tx.marker': {
      const read = fromBinary(wire.MarkerSchema, bytes, STRICT);
      return { kind: 'marker', ...readSigned(read), markerId: read.markerId } satisfies Marker;
    }
    case 'model.updated':
      return readModel(bytes);
    default:
      return undefined;
  }
}

/** Bytes of one tuple within a part, with its tag and length. */
export function encodedTupleBytes(tuple: Tuple, operation: Operation): number {
  const init = create(wire.TupleKeySchema, tupleInit(tuple, operation));
  return toBinary(wire.TupleKeySchema, init).length + 6;
}

const STRICT = { readUnknownFields: false } as const;

const OPERATIONS = {
  write: wire.Operation.WRITE,
  delete: wire.Operation.DELETE,
} as const;

const ORIGINS = { capture: wire.Origin.CAPTURE, walk: wire.Origin.WALK } as const;

function partInit(part: Part): MessageInitShape<typeof wire.TupleChangeSchema> {
  return {
    storeId: part.storeId,
    head: headInit(part),
    index: part.index,
    operation: OPERATIONS[part.operation],
    objectType: part.objectType,
    tupleKeys: part.tuples.map((tuple) => tupleInit(tuple, part.operation)),
  };
}

/** The condition of a deleted tuple means nothing and does not travel. */
function tupleInit(tuple: Tuple, operation: Operation): MessageInitShape<typeof wire.TupleKeySchema> {
  const { user, relation, object, condition } = tuple;
  if (condition === undefined || operation === 'delete') return { user, relation, object };
  const { name, context } = condition;
  return { user, relation, object, condition: context ? { name, context: context as never } : { name } };
}

function commitInit(commit: Commit): MessageInitShape<typeof wire.TransactionCommittedSchema> {
  return {
    ...signedInit(commit),
    previousCommitId: commit.previousCommitId,
    parts: commit.parts.map((part) => ({ ...part, operation: OPERATIONS[part.operation] })),
    touched: commit.touched.map(({ type, relation }) => ({ type, relation })),
    origin: ORIGINS[commit.origin],
  };
}

function modelInit(message: ModelUpdated): MessageInitShape<typeof wire.ModelUpdatedSchema> {
  const { model } = message;
  return {
    ...signedInit(message),
    previousCommitId: message.previousCommitId,
    authorizationModelId: message.modelId,
    ...(model ? { modelJsonGzip: gzipSync(JSON.stringify(model)) } : {}),
  };
}

interface Signed extends Head {
  readonly storeId: string;
  readonly committedAtMs: number;
  readonly publisher: string;
  readonly checkpoint: string;
}

function signedInit({ storeId, committedAtMs, publisher, checkpoint, ...head }: Signed) {
  const committedAt = timestampFromMs(committedAtMs);
  return { storeId, head: headInit(head), committedAt, publisher, checkpoint };
}

function headInit({ epoch, revision, commitId }: Head): MessageInitShape<typeof wire.HeadSchema> {
  return { epoch, revision: BigInt(revision), commitId };
}

function readPart(bytes: Uint8Array): Part {
  const read = fromBinary(wire.TupleChangeSchema, bytes, STRICT);
  const tuples = read.tupleKeys.map(readTuple);
  if (tuples.some((tuple) => typeOf(tuple.object) !== read.objectType))
    throw new Error('a tuple of another type');
  return {
    kind: 'part',
    storeId: read.storeId,
    ...readHead(read.head),
    index: read.index,
    operation: readOperation(read.operation),
    objectType: read.objectType,
    tuples,
  };
}

function readTuple({ user, relation, object, condition }: wire.TupleKey): Tuple {
  if (!condition) return { user, relation, object };
  const { name, context } = condition;
  return { user, relation, object, condition: context ? { name, context: context as JsonObject } : { name } };
}

function readAnchor(bytes: Uint8Array): Anchor {
  const read = fromBinary(wire.AnchorSchema, bytes, STRICT);
  return { kind: 'anchor', ...readSigned(read), ...(read.storeDeleted ? { storeDeleted: true } : {}) };
}

function readCommit(bytes: Uint8Array): Commit {
  const read = fromBinary(wire.TransactionCommittedSchema, bytes, STRICT);
  return {
    kind: 'commit',
    ...readSigned(read),
    previousCommitId: read.previousCommitId,
    parts: read.parts.map((part) => ({
      operation: readOperation(part.operation),
      objectType: part.objectType,
      count: part.count,
    })),
    touched: read.touched.map(({ type, relation }) => ({ type, relation })),
    origin: readOrigin(read.origin),
  };
}

function readModel(bytes: Uint8Array): ModelUpdated {
  const read = fromBinary(wire.ModelUpdatedSchema, bytes, STRICT);
  const model = read.modelJsonGzip.length > 0 ? parseModel(read.modelJsonGzip) : undefined;
  if (model && model.id !== read.authorizationModelId) throw new Error('the JSON of another model');
  return {
    kind: 'model',
    ...readSigned(read),
    previousCommitId: read.previousCommitId,
    modelId: read.authorizationModelId,
    ...(model ? { model } : {}),
  };
}

function parseModel(gzip: Uint8Array): AuthorizationModel {
  const text = gunzipSync(gzip, { maxOutputLength: MAX_MODEL_JSON_BYTES }).toString();
  const model: unknown = JSON.parse(text);
  if (typeof model !== 'object' || model === null || !('id' in model)) throw new Error('not a model');
  return model as AuthorizationModel;
}

interface ReadSigned {
  readonly storeId: string;
  readonly head?: wire.Head | undefined;
  readonly committedAt?: Timestamp | undefined;
  readonly publisher: string;
  readonly checkpoint: string;
}

function readSigned({ storeId, head, committedAt, publisher, checkpoint }: ReadSigned): Signed {
  const committedAtMs = committedAt ? timestampMs(committedAt) : 0;
  return { storeId, ...readHead(head), committedAtMs, publisher, checkpoint };
}

function readHead(head: wire.Head | undefined): Head {
  if (!head || head.epoch === '') throw new Error('no head');
  const revision = Number(head.revision);
  if (!Number.isSafeInteger(revision)) throw new Error('a revision out of range');
  if (revision > 0 && head.commitId === '') throw new Error('a revision without its commit');
  return { epoch: head.epoch, revision, commitId: head.commitId };
}

function readOperation(operation: wire.Operation): Operation {
  if (operation === wire.Operation.WRITE) return 'write';
  if (operation === wire.Operation.DELETE) return 'delete';
  throw new Error('no such operation');
}

function readOrigin(origin: wire.Origin): Commit['origin'] {
  if (origin === wire.Origin.CAPTURE) return 'capture';
  if (origin === wire.Origin.WALK) return 'walk';
  throw new Error('no such origin');
}
