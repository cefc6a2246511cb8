/** Arbitrary messages of the change street, for properties. */
import fc from 'fast-check';
import { ulid } from 'ulid';
import type { ChangeMessage, Commit, ModelUpdated, Part } from '../../src/fga/change.ts';
import type { JsonObject, JsonValue, Tuple } from '../../src/fga/tuple.ts';

const id = fc.constant(undefined).map(() => ulid());
const type = fc.oneof(fc.constantFrom('doc', 'a.b', '*', '>', 'é', '名'), word(1, 254));
const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)));
const context = fc.dictionary(fc.oneof(word(0, 20), fc.constant('__proto__')), json, { maxKeys: 5 });
const condition = fc.record(
  { name: word(2, 50), context: context as fc.Arbitrary<JsonObject> },
  { requiredKeys: ['name'] },
);
const operation = fc.constantFrom('write', 'delete');
const head = fc.record({
  epoch: id,
  revision: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  commitId: id,
});
const signed = fc.record({
  storeId: id,
  committedAtMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  publisher: word(0, 50),
  checkpoint: word(0, 200),
});
export const part: fc.Arbitrary<Part> = fc
  .record({
    type,
    operation,
    tuples: fc.array(tupleOf(), { maxLength: 8 }),
    index: fc.nat(999),
    storeId: id,
    head,
  })
  .map(({ type: objectType, operation: op, tuples, index, storeId, head: at }) => ({
    kind: 'part',
    storeId,
    ...at,
    index,
    operation: op,
    objectType,
    tuples: tuples.map(({ condition: with_, ...tuple }) => ({
      ...tuple,
      object: `${objectType}:${tuple.object}`,
      // A deleted tuple's condition does not travel.
      ...(with_ && op === 'write' ? { condition: with_ } : {}),
    })),
  }));
export const commit: fc.Arbitrary<Commit> = fc
  .record({
    signed,
    head,
    previousCommitId: fc.oneof(id, fc.constant('')),
    parts: fc.array(fc.record({ operation, objectType: type, count: fc.nat(100) }), { maxLength: 5 }),
    touched: fc.array(fc.record({ type, relation: word(1, 50) }), { maxLength: 5 }),
    origin: fc.constantFrom('capture', 'walk'),
  })
  .map(({ signed: by, head: at, ...rest }) => ({ kind: 'commit', ...by, ...at, ...rest }));
export const model: fc.Arbitrary<ModelUpdated> = fc
  .record({ signed, head, previousCommitId: id, modelId: id, extra: fc.option(context) })
  .map(({ signed: by, head: at, previousCommitId, modelId, extra }) => ({
    ...{ kind: 'model', ...by, ...at, previousCommitId, modelId },
    ...(extra ? { model: { schema_version: '1.1', type_definitions: [], ...extra, id: modelId } } : {}),
  }));
const anchor = fc
  .record({ signed, head })
  .map(({ signed: by, head: at }) => ({ kind: 'anchor', ...by, ...at }) as const);
const marker = fc
  .record({ signed, head, markerId: word(1, 40) })
  .map(({ signed: by, head: at, markerId }) => ({ kind: 'marker', ...by, ...at, markerId }) as const);
export const message: fc.Arbitrary<ChangeMessage> = fc.oneof(part, commit, model, anchor, marker);

function word(minLength: number, maxLength: number): fc.Arbitrary<string> {
  return fc.string({ minLength, maxLength, unit: 'grapheme' }).filter((text) => !/[:#@\s]/.test(text));
}

function tupleOf(): fc.Arbitrary<Tuple> {
  const name = word(1, 30);
  return fc
    .record({ user: name, relation: name, object: name, condition: fc.option(condition, { nil: undefined }) })
    .map(({ condition: with_, ...tuple }) => ({ ...tuple, ...(with_ ? { condition: with_ } : {}) }));
}

/** Some value of an arbitrary. */
export function one<T>(arbitrary: fc.Arbitrary<T>): T {
  const [value] = fc.sample(arbitrary, 1);
  if (value === undefined) throw new Error('no sample');
  return value;
}
