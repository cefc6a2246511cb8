/** A world of conditions: one relation, one tuple and one random CEL expression each, asked with many contexts. */
import type { BatchCheckItem, Query } from '../../../src/fga/query.ts';
import type { Tuple } from '../../../src/fga/tuple.ts';
import type { Chance } from '../../support/chance.ts';
import type { ModelBody } from '../../support/datasets.ts';
import { type Kind, parameter, valuesFor } from './conditions.ts';
import { parametersOf, randomExpression } from './expression.ts';
import { openWorld, validModel, type World } from './world.ts';

export interface CelWorld {
  readonly world: World;
  readonly queries: readonly Query[];
}

const CONDITIONS = 20;
const BATCHES = 12;

/** Expressions are tried out at `tryAt`. */
export async function celWorld(base: string, chance: Chance, tryAt = base): Promise<CelWorld> {
  const expressions: string[] = [];
  while (expressions.length < CONDITIONS) {
    const valid = await validModel(tryAt, () => modelOf([dearer(randomExpression(chance), chance)]));
    const expression = valid?.conditions?.c0?.expression;
    if (expression !== undefined) expressions.push(expression);
  }
  const model = modelOf(expressions);
  const world = await openWorld(base, [{ model, tuples: expressions.map((_, n) => tupleOf(n)) }]);
  if (world === undefined) throw new Error('conditions that are valid alone are refused together');
  const queries = Array.from({ length: BATCHES }, () => batch(world, expressions, chance));
  return { world, queries };
}

/** Now and then once for each item of a list: what it costs then shows at the limit, whatever it comes to. */
function dearer(expression: string, chance: Chance): string {
  return chance.next() < 0.3 ? `names.exists(w, (${expression}) && w == "") || flag` : expression;
}

function modelOf(expressions: readonly string[]): ModelBody {
  const names = expressions.map((_, n) => [`r${n}`, `c${n}`] as const);
  const conditions = expressions.map((expression, n) => {
    const typed = Object.entries(parametersOf(expression)).map(([key, kind]) => [key, parameter(kind)]);
    return [`c${n}`, { name: `c${n}`, expression, parameters: Object.fromEntries(typed) }];
  });
  const relations = Object.fromEntries(names.map(([relation]) => [relation, { this: {} }]));
  const metadata = names.map(([relation, condition]) => {
    return [relation, { directly_related_user_types: [{ type: 'user', condition }] }];
  });
  const document = { type: 'document', relations, metadata: { relations: Object.fromEntries(metadata) } };
  return {
    schema_version: '1.1',
    type_definitions: [{ type: 'user', relations: {}, metadata: null }, document],
    conditions: Object.fromEntries(conditions),
  };
}

function tupleOf(n: number): Tuple {
  return { user: 'user:1', relation: `r${n}`, object: 'document:1', condition: { name: `c${n}` } };
}

function batch({ storeId }: World, expressions: readonly string[], chance: Chance): Query {
  const checks = Array.from({ length: 50 }, (_, i): BatchCheckItem => {
    const n = i % expressions.length;
    const kinds: Record<string, Kind> = parametersOf(expressions[n] ?? '');
    const context = valuesFor(kinds, chance, { presence: 0.97, badness: 0.02, edges: 0.2 });
    const tupleKey = { user: 'user:1', relation: `r${n}`, object: 'document:1' };
    return { correlationId: `${i}`, tupleKey, contextualTuples: [], context };
  });
  return { method: 'BatchCheck', storeId, consistency: 'unspecified', checks };
}
