/**
 * Query names against the model, with upstream's words (`ValidateUser`, `ValidateObject`, `ValidateRelation` in
 * `internal/validation/validation.go`). Each answers the reason, or undefined when the name is fine.
 */
import { type CompiledModel, relationOf } from './compile.ts';
import { isObject, isRelation, isUser, isUserset, userParts } from './names.ts';

export function tupleKeyProblem(
  model: CompiledModel,
  key: { readonly user: string; readonly relation: string; readonly object: string },
): string | undefined {
  return userProblem(model, key.user) ?? objectProblem(model, key.object) ?? relationProblem(model, key);
}

export function userProblem(model: CompiledModel, user: string): string | undefined {
  if (!isUser(user)) return "the 'user' field is malformed";
  const userset = isUserset(user);
  if (!userset && !isObject(user)) {
    return "the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard (e.g. group:*)";
  }
  const { type, relation } = userParts(user);
  if (!model.types.has(type)) return typeNotFound(type);
  if (userset && !relationOf(model, type, relation)) return relationNotFound(type, relation);
  return undefined;
}

export function typeNotFound(type: string): string {
  return `type '${type}' not found`;
}

export function relationNotFound(type: string, relation: string): string {
  return `relation '${type}#${relation}' not found`;
}

export function objectProblem(model: CompiledModel, object: string): string | undefined {
  if (!isObject(object)) return "invalid 'object' field format";
  const { type, id } = userParts(object);
  if (id === '*') return "the 'object' field cannot reference a typed wildcard";
  return model.types.has(type) ? undefined : typeNotFound(type);
}

export function relationProblem(
  model: CompiledModel,
  { object, relation }: { readonly object: string; readonly relation: string },
): string | undefined {
  if (!isRelation(relation)) return "the 'relation' field is malformed";
  const { type } = userParts(object);
  return relationOf(model, type, relation) ? undefined : relationNotFound(type, relation);
}
