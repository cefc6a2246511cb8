/** The tuple messages that several requests share. */
import { MAX_CONTEXTUAL_TUPLES } from '../../fga/limits.ts';
import type { Tuple, TupleKey } from '../../fga/tuple.ts';
import type { Fields } from './body.ts';
import { message, messages, struct, text } from './fields.ts';
import { RULES, utf8Length, Violations } from './rules.ts';

/** `CheckRequestTupleKey`, of Check and BatchCheck. */
export function checkTupleKey(fields: Fields, violations: Violations): TupleKey {
  const key = {
    user: text(fields, 'user'),
    relation: text(fields, 'relation'),
    object: text(fields, 'object'),
  };
  const own = new Violations('CheckRequestTupleKey');
  own.match('User', key.user, RULES.checkUser);
  own.match('Relation', key.relation, RULES.relation);
  own.match('Object', key.object, RULES.object);
  violations.nested('TupleKey', own);
  return key;
}

const NONE: readonly Tuple[] = Object.freeze([]);

/** `contextual_tuples: { tuple_keys: […] }`, of all but ListUsers. */
export function contextualTuples(fields: Fields, violations: Violations): readonly Tuple[] {
  const wrapper = message(fields, 'contextual_tuples');
  if (wrapper === undefined) return NONE;
  const own = new Violations('ContextualTupleKeys');
  const tuples = tupleList(messages(wrapper, 'tuple_keys'), 'TupleKeys', own);
  violations.nested('ContextualTuples', own);
  return tuples;
}

/** `contextual_tuples: […]`, of ListUsers. */
export function bareContextualTuples(fields: Fields, violations: Violations): readonly Tuple[] {
  return tupleList(messages(fields, 'contextual_tuples'), 'ContextualTuples', violations);
}

function tupleList(items: readonly Fields[], field: string, violations: Violations): readonly Tuple[] {
  if (items.length > MAX_CONTEXTUAL_TUPLES) {
    violations.add(field, `value must contain no more than ${MAX_CONTEXTUAL_TUPLES} item(s)`);
  }
  return items.map((item, index) => {
    const own = new Violations('TupleKey');
    const tuple = tupleOf(item, own);
    violations.nested(`${field}[${index}]`, own);
    return tuple;
  });
}

function tupleOf(fields: Fields, violations: Violations): Tuple {
  const key = {
    user: text(fields, 'user'),
    relation: text(fields, 'relation'),
    object: text(fields, 'object'),
  };
  if (utf8Length(key.user) > 512) violations.add('User', 'value length must be at most 512 bytes');
  violations.matchIfSet('Relation', key.relation, RULES.relation);
  violations.matchIfSet('Object', key.object, RULES.object);
  const condition = message(fields, 'condition');
  if (condition === undefined) return key;
  const own = new Violations('RelationshipCondition');
  const name = text(condition, 'name');
  own.match('Name', name, RULES.conditionName);
  violations.nested('Condition', own);
  const context = struct(condition, 'context');
  return { ...key, condition: context === undefined ? { name } : { name, context } };
}
