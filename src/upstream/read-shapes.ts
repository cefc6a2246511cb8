/** The upstream's JSON, as the SDK hands it over, in the words of `src/fga`. */
import type { AuthorizationModel as SdkModel, TupleKey as SdkTupleKey, TupleChange } from '@openfga/sdk';
import { FgaError } from '../fga/error.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import type { JsonObject, Tuple } from '../fga/tuple.ts';
import type { ChangelogEntry } from '../plugin/upstream.ts';

/**
 * The list of an answer. The SDK takes any 200 for an answer: without this another server's page would read as "no
 * tuples".
 */
export function rows<T>(list: readonly T[] | undefined): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new FgaError('internal_error', 'what answered is not an OpenFGA server');
}

/** An empty stored context is the same as none (`TupleCondition`), so there is one form of it. */
export function toTuple({ user, relation, object, condition }: SdkTupleKey): Tuple {
  if (!condition?.name) return { user, relation, object };
  const { name } = condition;
  const context = (condition.context ?? {}) as JsonObject;
  const isEmpty = Object.keys(context).length === 0;
  return { user, relation, object, condition: isEmpty ? { name } : { name, context } };
}

/** Upstream leaves out no operation: 0, its default, is a write (contract section 1.5). */
export function toEntry({ operation, tuple_key, timestamp }: TupleChange): ChangelogEntry {
  return {
    operation: operation === 'TUPLE_OPERATION_DELETE' ? 'delete' : 'write',
    tuple: toTuple(tuple_key),
    timestampMs: Date.parse(timestamp),
  };
}

/** Kept as it came, unknown fields included: a replica can hand it back unchanged. */
export function toModel(model: SdkModel): AuthorizationModel {
  return model as unknown as AuthorizationModel;
}
