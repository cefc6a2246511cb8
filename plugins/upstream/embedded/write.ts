/** Write: one transaction, all or nothing (contract section 6.1). */
import { isDeepStrictEqual } from 'node:util';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import type { TupleKey as WireTuple } from '../../../proto/gen/openfga/v1/openfga_pb.ts';
import { type WriteRequest, WriteRequestSchema } from '../../../proto/gen/openfga/v1/openfga_service_pb.ts';
import type { CompiledModel } from '../../../src/engine/compile.ts';
import { isUser, userParts } from '../../../src/engine/names.ts';
import { FgaError } from '../../../src/fga/error.ts';
import { MAX_STORED_CONTEXT_BYTES, MAX_TUPLES_PER_WRITE } from '../../../src/fga/limits.ts';
import { type JsonObject, keyText, type Tuple, type TupleKey } from '../../../src/fga/tuple.ts';
import { type Call, invalid, json, type Reply } from './call.ts';
import { readMessage } from './json.ts';
import { resolveModel } from './resolve-model.ts';
import { tupleKeyRules } from './tuple-fields.ts';
import { tupleError } from './tuple-rules.ts';
import { RULES, Violations } from './violations.ts';
import { compiledOf, dataOf, type StoreData } from './world.ts';

export function write(call: Call): Reply {
  const request = readMessage(WriteRequestSchema, call.body);
  checkFields(request, call.storeId);
  const model = resolveModel(call, request.authorizationModelId);
  const writes = (request.writes?.tupleKeys ?? []).map(toTuple);
  const deletes = request.deletes?.tupleKeys ?? [];
  if (writes.length + deletes.length === 0) {
    const message = 'Invalid input. Make sure you provide at least one write, or at least one delete';
    throw new FgaError('invalid_write_input', message);
  }
  if (writes.length > 0) checkWrites(compiledOf(model), writes);
  checkDeletes(deletes);
  checkDistinct([...deletes, ...writes]);
  const ignoreDuplicates = ignores('on_duplicate', request.writes?.onDuplicate);
  const ignoreMissing = ignores('on_missing', request.deletes?.onMissing);
  const data = dataOf(call.world, call.storeId);
  const gone = present(data, deletes, ignoreMissing);
  const added = absent(data, writes, ignoreDuplicates);
  commit(call, data, gone, added);
  return json(200, {});
}

export function toTuple({ user, relation, object, condition }: WireTuple): Tuple {
  if (!condition?.name) return { user, relation, object };
  const context = (condition.context ?? {}) as JsonObject;
  return { user, relation, object, condition: { name: condition.name, context } };
}

function checkFields({ writes, deletes, authorizationModelId }: WriteRequest, storeId: string): void {
  const own = new Violations('WriteRequest');
  own.match('StoreId', storeId, RULES.ulid);
  if (writes) {
    const inner = new Violations('WriteRequestWrites');
    if (writes.tupleKeys.length < 1) inner.add('TupleKeys', 'value must contain at least 1 item(s)');
    for (const [index, key] of writes.tupleKeys.entries()) {
      inner.nested(`TupleKeys[${index}]`, tupleKeyRules('TupleKey', key));
    }
    own.nested('Writes', inner);
  }
  if (deletes) {
    const inner = new Violations('WriteRequestDeletes');
    if (deletes.tupleKeys.length < 1) inner.add('TupleKeys', 'value must contain at least 1 item(s)');
    for (const [index, key] of deletes.tupleKeys.entries()) {
      inner.nested(`TupleKeys[${index}]`, tupleKeyRules('TupleKeyWithoutCondition', key));
    }
    own.nested('Deletes', inner);
  }
  own.matchIfSet('AuthorizationModelId', authorizationModelId, RULES.ulid);
  own.throwIfAny();
}

function checkWrites(model: CompiledModel, tuples: readonly Tuple[]): void {
  for (const tuple of tuples) {
    const problem = tupleError(model, tuple);
    if (problem !== undefined) throw invalid(problem);
    const { type, id, relation } = userParts(tuple.user);
    if (relation === tuple.relation && `${type}:${id}` === tuple.object) {
      throw invalidTuple(tuple, 'cannot write a tuple that is implicit');
    }
    const size = contextBytes(tuple);
    if (size > MAX_STORED_CONTEXT_BYTES) {
      const limit = `${size} bytes exceeds ${MAX_STORED_CONTEXT_BYTES} bytes`;
      throw invalidTuple(tuple, `condition context size limit exceeded: ${limit}`);
    }
  }
}

function contextBytes({ condition }: Tuple): number {
  if (!condition?.context) return 0;
  return toBinary(StructSchema, fromJson(StructSchema, condition.context as never)).length;
}

/** A tuple that the model no longer allows can still be deleted. */
function checkDeletes(keys: readonly TupleKey[]): void {
  for (const key of keys) if (!isUser(key.user)) throw invalidTuple(key, "the 'user' field is malformed");
}

function checkDistinct(keys: readonly TupleKey[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(keyText(key))) {
      const message = `duplicate tuple in write: ${partsText(key)}`;
      throw new FgaError('cannot_allow_duplicate_tuples_in_one_request', message);
    }
    seen.add(keyText(key));
  }
  if (seen.size <= MAX_TUPLES_PER_WRITE) return;
  const message = `The number of write operations exceeds the allowed limit of ${MAX_TUPLES_PER_WRITE}`;
  throw new FgaError('exceeded_entity_limit', message);
}

function ignores(option: 'on_duplicate' | 'on_missing', value = ''): boolean {
  if (value === 'ignore') return true;
  if (value === '' || value === 'error') return false;
  throw invalid(`invalid ${option} option: ${value}`);
}

const MODE_ERROR = 'tuple to be written already existed or the tuple to be deleted did not exist';

function present(data: StoreData, keys: readonly TupleKey[], ignoreMissing: boolean): readonly TupleKey[] {
  return keys.filter((key) => {
    if (data.tuples.get(key)) return true;
    if (ignoreMissing) return false;
    const message = `cannot delete a tuple which does not exist: ${partsText(key)}: ${MODE_ERROR}`;
    throw new FgaError('write_failed_due_to_invalid_input', message);
  });
}

function absent(data: StoreData, tuples: readonly Tuple[], ignoreDuplicates: boolean): readonly Tuple[] {
  return tuples.filter((tuple) => {
    const row = data.tuples.get(tuple);
    if (!row) return true;
    if (!ignoreDuplicates) {
      const message = `cannot write a tuple which already exists: ${partsText(tuple)}: ${MODE_ERROR}`;
      throw new FgaError('write_failed_due_to_invalid_input', message);
    }
    if (isDeepStrictEqual(row.condition, tuple.condition)) return false;
    const why = 'attempted to write a tuple which already exists with a different condition';
    throw new FgaError('Aborted', `transactional write failed due to conflict: ${why}: ${partsText(tuple)}`);
  });
}

/** Deletes are logged in the order in which their tuples were written, as upstream's memory engine does. */
function commit(
  { world }: Call,
  { tuples, changes }: StoreData,
  deletes: readonly TupleKey[],
  writes: readonly Tuple[],
): void {
  const atMs = world.clock.wallMs();
  const age = (key: TupleKey) => tuples.get(key)?.sequence ?? 0;
  for (const { user, relation, object } of [...deletes].sort((a, b) => age(a) - age(b))) {
    const tuple = { user, relation, object };
    tuples.remove(tuple);
    changes.push({ ulid: world.nextId(), operation: 'DELETE', tuple, atMs });
  }
  for (const tuple of writes) {
    tuples.insert(tuple, atMs);
    changes.push({ ulid: world.nextId(), operation: 'WRITE', tuple, atMs });
  }
}

function invalidTuple({ object, relation, user }: TupleKey, reason: string): FgaError {
  return invalid(`Invalid tuple '${object}#${relation}@${user}'. Reason: ${reason}`);
}

function partsText({ user, relation, object }: TupleKey): string {
  return `user: '${user}', relation: '${relation}', object: '${object}'`;
}
