/** WriteAssertions and ReadAssertions: kept for each model, replaced as a whole (contract sections 2.2, 5.5). */
import { fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { TupleKeySchema, type TupleKey as WireTuple } from '../../../proto/gen/openfga/v1/openfga_pb.ts';
import type { CompiledModel } from '../../../src/engine/compile.ts';
import { tupleKeyProblem } from '../../../src/engine/validate-names.ts';
import { FgaError } from '../../../src/fga/error.ts';
import type { TupleKey } from '../../../src/fga/tuple.ts';
import { type Call, GatewayError, invalid, json, type Reply } from './call.ts';
import { type Fields, isFields, readFields, readPart, refuseTooLarge, textField } from './json.ts';
import { resolveModel } from './resolve-model.ts';
import { shownTuple, tupleKeyRules } from './tuple-fields.ts';
import { tupleError } from './tuple-rules.ts';
import { REQUIRED, RULES, Violations } from './violations.ts';
import { compiledOf, dataOf } from './world.ts';
import { toTuple } from './write.ts';

const MAX_ASSERTIONS = 100;
const MAX_TUPLES_EACH = 20;
const MAX_BYTES = 64_000;

interface Assertion {
  readonly key: TupleKey | undefined;
  readonly expectation: boolean;
  readonly contextualTuples: readonly WireTuple[];
  readonly context: Fields | undefined;
}

export function writeAssertions(call: Call): Reply {
  const assertions = listOf(readFields(call.body).assertions, 'assertions').map(assertionOf);
  checkFields(call, assertions);
  const size = assertions.map(bytesOf).reduce((sum, bytes) => sum + bytes, 0);
  refuseTooLarge(size);
  const stored = resolveModel(call, call.id);
  if (size > MAX_BYTES) {
    throw new FgaError(
      'exceeded_entity_limit',
      `The number of bytes exceeds the allowed limit of ${MAX_BYTES}`,
    );
  }
  const model = compiledOf(stored);
  for (const assertion of assertions) checkAgainst(model, assertion);
  dataOf(call.world, call.storeId).assertions.set(stored.model.id, assertions.map(shown));
  return { status: 204, body: '' };
}

export function readAssertions(call: Call): Reply {
  const own = new Violations('ReadAssertionsRequest');
  own.match('StoreId', call.storeId, RULES.ulid);
  own.match('AuthorizationModelId', call.id, RULES.ulid);
  own.throwIfAny();
  const { model } = resolveModel(call, call.id);
  const assertions = dataOf(call.world, call.storeId).assertions.get(model.id) ?? [];
  return json(200, { authorization_model_id: model.id, assertions });
}

function assertionOf(fields: Fields): Assertion {
  const { tuple_key: key, expectation = false, context } = fields;
  if (expectation !== null && typeof expectation !== 'boolean') {
    throw new GatewayError('validation_error', `invalid value for bool field expectation: ${expectation}`);
  }
  const tuples = listOf(fields.contextual_tuples, 'contextual_tuples');
  return {
    key: isFields(key) ? keyOf(key) : undefined,
    expectation: expectation === true,
    contextualTuples: tuples.map((tuple) => readPart(TupleKeySchema, tuple)),
    context: isFields(context) ? context : undefined,
  };
}

function keyOf(fields: Fields): TupleKey {
  return {
    user: textField(fields, 'user'),
    relation: textField(fields, 'relation'),
    object: textField(fields, 'object'),
  };
}

function listOf(value: JsonValue | undefined, name: string): readonly Fields[] {
  const list = value ?? [];
  if (Array.isArray(list) && list.every(isFields)) return list;
  throw new GatewayError('validation_error', `invalid value for repeated field ${name}`);
}

function checkFields({ storeId, id }: Call, assertions: readonly Assertion[]): void {
  const own = new Violations('WriteAssertionsRequest');
  own.match('StoreId', storeId, RULES.ulid);
  own.match('AuthorizationModelId', id, RULES.ulid);
  if (assertions.length > MAX_ASSERTIONS) {
    own.add('Assertions', `value must contain no more than ${MAX_ASSERTIONS} item(s)`);
  }
  for (const [index, assertion] of assertions.entries()) {
    own.nested(`Assertions[${index}]`, assertionRules(assertion));
  }
  own.throwIfAny();
}

function assertionRules({ key, contextualTuples }: Assertion): Violations {
  const own = new Violations('Assertion');
  if (!key) own.add('TupleKey', REQUIRED);
  else {
    const inner = new Violations('AssertionTupleKey');
    inner.match('Object', key.object, RULES.object);
    inner.match('Relation', key.relation, RULES.relation);
    inner.match('User', key.user, RULES.user);
    own.nested('TupleKey', inner);
  }
  if (contextualTuples.length > MAX_TUPLES_EACH) {
    own.add('ContextualTuples', `value must contain no more than ${MAX_TUPLES_EACH} item(s)`);
  }
  for (const [index, tuple] of contextualTuples.entries()) {
    own.nested(`ContextualTuples[${index}]`, tupleKeyRules('TupleKey', tuple));
  }
  return own;
}

/** The key as a Check would judge it, the contextual tuples as a Write would. */
function checkAgainst(model: CompiledModel, { key, contextualTuples }: Assertion): void {
  const problem = key && tupleKeyProblem(model, key);
  if (problem !== undefined) throw invalid(problem);
  for (const tuple of contextualTuples) {
    const refused = tupleError(model, toTuple(tuple));
    if (refused !== undefined) throw invalid(refused);
  }
}

function shown({ key, expectation, contextualTuples, context }: Assertion): object {
  return {
    tuple_key: key && { object: key.object, relation: key.relation, user: key.user },
    expectation,
    contextual_tuples: contextualTuples.map((tuple) => shownTuple(toTuple(tuple))),
    context: context ?? null,
  };
}

/** The protobuf size of an assertion. */
function bytesOf({ key, expectation, contextualTuples, context }: Assertion): number {
  const texts = key ? [key.user, key.relation, key.object].map((text) => Buffer.byteLength(text)) : [];
  const keySize = texts.filter((size) => size > 0).reduce((sum, size) => sum + fieldSize(size), 0);
  const tuples = contextualTuples.map((tuple) => fieldSize(toBinary(TupleKeySchema, tuple).length));
  const struct = context ? fieldSize(toBinary(StructSchema, fromJson(StructSchema, context)).length) : 0;
  return fieldSize(keySize) + (expectation ? 2 : 0) + tuples.reduce((sum, size) => sum + size, struct);
}

/** With its tag and its length. */
function fieldSize(length: number): number {
  return 1 + (length < 128 ? 1 : length < 16_384 ? 2 : 3) + length;
}
