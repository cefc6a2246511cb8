/** Which relations a subject can reach through the schema alone (upstream's `PathExists`, check 4.2 step 5). */
import { type CompiledModel, type CompiledRelation, type Rewrite, relationOf } from './compile.ts';

/** Labels (`type#relation`) reachable from any of `sources` (`type`, `type:*` or `type#relation`), sources included. */
export function reachableFrom(model: CompiledModel, sources: readonly string[]): ReadonlySet<string> {
  const edges = reverseEdges(model);
  const seen = new Set<string>(sources);
  const queue = [...sources];
  for (let label = queue.pop(); label !== undefined; label = queue.pop()) {
    for (const next of edges.get(label) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}

function reverseEdges(model: CompiledModel): ReadonlyMap<string, ReadonlySet<string>> {
  const known = model.derived.get('reverse');
  if (known) return known as ReadonlyMap<string, ReadonlySet<string>>;
  const edges = new Map<string, Set<string>>();
  const add = (from: string, to: string) => {
    const targets = edges.get(from);
    if (targets) targets.add(to);
    else edges.set(from, new Set([to]));
  };
  for (const type of model.types.values()) {
    for (const relation of type.relations.values()) {
      for (const source of sourcesOf(model, relation, relation.rewrite)) add(source, relation.label);
    }
  }
  model.derived.set('reverse', edges);
  return edges;
}

function sourcesOf(model: CompiledModel, relation: CompiledRelation, rewrite: Rewrite): string[] {
  switch (rewrite.kind) {
    case 'this':
      return relation.restrictions.map((r) =>
        r.wildcard ? `${r.type}:*` : r.relation === '' ? r.type : `${r.type}#${r.relation}`,
      );
    case 'computed':
      return [`${relation.type}#${rewrite.relation}`];
    case 'ttu': {
      const restrictions = relationOf(model, relation.type, rewrite.tupleset)?.restrictions ?? [];
      return restrictions
        .filter(({ type }) => relationOf(model, type, rewrite.computed))
        .map(({ type }) => `${type}#${rewrite.computed}`);
    }
    case 'exclusion':
      return [...sourcesOf(model, relation, rewrite.base), ...sourcesOf(model, relation, rewrite.subtract)];
    default:
      return rewrite.children.flatMap((child) => sourcesOf(model, relation, child));
  }
}
