/** Expand: one level of a relation's rewrite, with the tuples that count under the model; conditions are not evaluated. */
import type { ExpandAnswer, ExpandNode, Outcome } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import type { ExpandQuery } from '../fga/query.ts';
import type { TupleReader } from '../fga/reader.ts';
import { compare } from './cel/values.ts';
import { type CompiledModel, type CompiledRelation, type Rewrite, relationOf } from './compile.ts';
import { overlay } from './contextual.ts';
import { type Meter, spend } from './run.ts';
import { countsUnder } from './tuple-validity.ts';
import { contextualErrorOfList } from './validate-contextual.ts';
import { objectProblem, relationProblem } from './validate-names.ts';

export function expand(
  model: CompiledModel,
  query: ExpandQuery,
  view: TupleReader,
  meter: Meter,
): Outcome<ExpandAnswer> {
  const { object, relation, contextualTuples } = query;
  if (object === '' || relation === '') {
    const message = 'Invalid input. Make sure you provide an object and a relation';
    return { error: new FgaError('invalid_expand_input', message) };
  }
  const error = contextualErrorOfList(model, contextualTuples);
  if (error) return { error };
  const problem = objectProblem(model, object) ?? relationProblem(model, query);
  if (problem !== undefined) return { error: new FgaError('validation_error', problem) };
  const target = relationOf(model, object.slice(0, object.indexOf(':')), relation);
  if (!target) return { declined: 'request' };
  const reads = contextualTuples.length === 0 ? view : overlay(view, contextualTuples);
  const place: Place = { model, reads, meter, object, relation: target, name: `${object}#${relation}` };
  return { answer: { method: 'Expand', root: expandRewrite(place, target.rewrite) } };
}

interface Place {
  readonly model: CompiledModel;
  readonly reads: TupleReader;
  readonly meter: Meter;
  readonly object: string;
  readonly relation: CompiledRelation;
  /** Every node bears the name of what was asked, at all levels. */
  readonly name: string;
}

function expandRewrite(place: Place, rewrite: Rewrite): ExpandNode {
  const { name, object } = place;
  switch (rewrite.kind) {
    case 'this': {
      const users = usersOf(place, place.relation).sort((a, b) => compare(a, b) ?? 0);
      return { name, leaf: { users: { users } } };
    }
    case 'computed':
      return { name, leaf: { computed: { userset: `${object}#${rewrite.relation}` } } };
    case 'ttu':
      return expandParents(place, rewrite);
    case 'exclusion': {
      const base = expandRewrite(place, rewrite.base);
      return { name, difference: { base, subtract: expandRewrite(place, rewrite.subtract) } };
    }
    case 'union':
      return { name, union: { nodes: rewrite.children.map((child) => expandRewrite(place, child)) } };
    case 'intersection':
      return { name, intersection: { nodes: rewrite.children.map((child) => expandRewrite(place, child)) } };
  }
}

function expandParents(place: Place, rewrite: Rewrite & { kind: 'ttu' }): ExpandNode {
  const { name, object, model, relation } = place;
  const tupleset = relationOf(model, relation.type, rewrite.tupleset);
  const parents = tupleset ? usersOf(place, tupleset) : [];
  const computed = parents.map((user) => ({ userset: `${user}#${rewrite.computed}` }));
  return { name, leaf: { tupleToUserset: { tupleset: `${object}#${rewrite.tupleset}`, computed } } };
}

/** Distinct, in the reader's order. */
function usersOf({ model, reads, meter, object }: Place, relation: CompiledRelation): string[] {
  const users = new Set<string>();
  for (const tuple of reads.tuples(object, relation.name)) {
    spend(meter);
    if (countsUnder(model, relation, tuple)) users.add(tuple.user);
  }
  return [...users];
}
