/** The field rules of the tuple messages that Write and WriteAssertions share, and how tuples are answered. */
import type { Tuple } from '../../../src/fga/tuple.ts';
import { RULES, Violations } from './violations.ts';

interface WireKey {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
  readonly condition?: { readonly name: string } | undefined;
}

/** Object and relation may be empty here: they are refused later, by the model. */
export function tupleKeyRules(message: string, { user, relation, object, condition }: WireKey): Violations {
  const own = new Violations(message);
  own.maxBytes('User', user, 512);
  own.matchIfSet('Relation', relation, RULES.relation);
  own.matchIfSet('Object', object, RULES.object);
  if (!condition) return own;
  const inner = new Violations('RelationshipCondition');
  inner.match('Name', condition.name, RULES.conditionName);
  own.nested('Condition', inner);
  return own;
}

export function shownTuple({ user, relation, object, condition }: Tuple): object {
  const shown = condition ? { name: condition.name, context: condition.context ?? {} } : null;
  return { user, relation, object, condition: shown };
}
