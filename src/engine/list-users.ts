/** ListUsers (contract section 5.2; `pkg/server/commands/listusers`). */
import type { ListedUser, ListUsersAnswer, Outcome } from '../fga/answer.ts';
import { FgaError } from '../fga/error.ts';
import { LIST_MAX_RESULTS } from '../fga/limits.ts';
import type { ListUsersQuery } from '../fga/query.ts';
import type { TupleReader } from '../fga/reader.ts';
import { startRun, tooComplex } from './check.ts';
import { type CompiledModel, relationOf } from './compile.ts';
import { userParts } from './names.ts';
import { relationshipEdges } from './relationship-edges.ts';
import type { Meter } from './run.ts';
import { subjectOf } from './subject.ts';
import { expandUsers } from './user-expansion.ts';
import type { UserSet } from './user-set.ts';
import { contextualErrorOfList } from './validate-contextual.ts';
import { relationNotFound, typeNotFound } from './validate-names.ts';

export function listUsers(
  model: CompiledModel,
  query: ListUsersQuery,
  view: TupleReader,
  meter: Meter,
): Outcome<ListUsersAnswer> {
  const error = listError(model, query);
  if (error) return { error };
  const { object, relation, userFilter } = query;
  const target = relationOf(model, object.type, relation);
  if (!target) return { declined: 'request' };
  const filter = { type: userFilter.type, relation: userFilter.relation ?? '' };
  const same = filter.type === object.type && filter.relation === relation;
  if (!same && relationshipEdges(model, target, { ...filter, wildcard: false }).length === 0)
    return answer([]);
  const run = startRun(model, subjectOf(`${filter.type}:*`), query, view, meter);
  const found = expandUsers(run, filter, target, `${object.type}:${object.id}`);
  if (found.doubt)
    return { declined: 'cycle', detail: 'upstream would answer by what it happens to meet first' };
  const errors = Number(found.tooDeep) + Number(found.failure !== undefined);
  if (errors > 1 || (errors > 0 && found.users.size >= LIST_MAX_RESULTS)) return { declined: 'cycle' };
  if (found.tooDeep) return { error: tooComplex() };
  if (run.wordless) return { declined: 'condition', detail: 'an error in unknown words' };
  if (errors > 0) return { error: new FgaError('validation_error', found.failure ?? '') };
  return conclude(found.users);
}

function listError(model: CompiledModel, query: ListUsersQuery): FgaError | undefined {
  const { object, relation, userFilter } = query;
  const error = contextualErrorOfList(model, query.contextualTuples);
  if (error) return error;
  if (!model.types.has(userFilter.type)) return new FgaError('type_not_found', typeNotFound(userFilter.type));
  const wanted = userFilter.relation ?? '';
  if (wanted !== '' && !relationOf(model, userFilter.type, wanted)) {
    return new FgaError('relation_not_found', relationNotFound(userFilter.type, wanted));
  }
  if (!model.types.has(object.type)) return new FgaError('type_not_found', typeNotFound(object.type));
  if (relationOf(model, object.type, relation)) return undefined;
  return new FgaError('relation_not_found', relationNotFound(object.type, relation));
}

/** Users that were ruled out count towards upstream's cap as well. */
function conclude(users: UserSet): Outcome<ListUsersAnswer> {
  if (users.size > LIST_MAX_RESULTS) return { declined: 'truncated' };
  const listed: ListedUser[] = [];
  for (const [user, { has, no }] of users) {
    if (has > 0 && no > 0) return { declined: 'cycle', detail: `${user} is both found and ruled out` };
    if (has > 0) listed.push(listedUser(user));
  }
  return answer(listed);
}

function answer(users: readonly ListedUser[]): Outcome<ListUsersAnswer> {
  return { answer: { method: 'ListUsers', users } };
}

function listedUser(user: string): ListedUser {
  const { type, id, relation } = userParts(user);
  if (relation !== '') return { userset: { type, id, relation } };
  return id === '*' ? { wildcard: { type } } : { object: { type, id } };
}
