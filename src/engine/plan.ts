/**
 * A relation's rewrite, specialised to one kind of subject: what cannot reach the subject is pruned as upstream prunes
 * it, lookups that the type restrictions rule out are gone, and operands refer to each other directly.
 */
import {
  type CompiledModel,
  type CompiledRelation,
  type Restriction,
  type Rewrite,
  relationOf,
} from './compile.ts';
import { reachableFrom } from './reachability.ts';
import { type Strategy, ttuStrategy, usersetIsRecursive, usersetIsWeightTwo } from './strategy-choice.ts';
import type { Subject } from './subject.ts';

export interface Plan {
  /** Unique within the process; part of memo keys. */
  readonly id: number;
  readonly relation: CompiledRelation;
  /** Absent: the schema has no path from the subject to this relation, so the answer is no and nothing is read. */
  node: PlanNode | undefined;
  facts: PlanFacts | undefined;
  /** Owned by `flat.ts`: undefined = not tried, null = cannot be flattened. */
  flat: unknown;
}

/** What holds for a plan and all that it can reach. */
export interface PlanFacts {
  /** Unions only. */
  readonly monotone: boolean;
  /** Some relation that may be read asks for a condition. */
  readonly conditioned: boolean;
  /** Most dispatches below, or Infinity. */
  readonly hops: number;
}

export type PlanNode =
  | DirectNode
  | TtuNode
  | { readonly kind: 'computed'; readonly plan: Plan }
  | { readonly kind: 'union' | 'intersection'; readonly children: readonly PlanNode[] }
  | { readonly kind: 'exclusion'; readonly base: PlanNode; readonly subtract: PlanNode };

export interface DirectNode {
  readonly kind: 'direct';
  readonly relation: CompiledRelation;
  /** The subject itself may be assigned. */
  readonly exact: boolean;
  /** `type:*` of the subject's type may be assigned. */
  readonly everyone: boolean;
  /** Usersets, grouped as upstream reads them: one iterator each. */
  readonly groups: readonly UsersetGroup[];
}

export interface UsersetGroup {
  readonly strategy: Strategy;
  /** Upstream's recursion may stray to relations that the schema does not lead to; see `strategies.ts`. */
  readonly strays: boolean;
  readonly targets: readonly UsersetTarget[];
}

export interface UsersetTarget {
  readonly type: string;
  readonly relation: string;
  readonly plan: Plan;
}

export interface TtuNode {
  readonly kind: 'ttu';
  readonly tupleset: CompiledRelation;
  readonly computed: string;
  readonly strategy: Strategy;
  readonly strays: boolean;
  /** By type of the parent; types that lack the relation are absent, and skipped. */
  readonly parents: ReadonlyMap<string, Plan>;
}

/** The plans of one model for one kind of subject. */
export interface PlanBook {
  readonly model: CompiledModel;
  readonly subject: Pick<Subject, 'type' | 'relation' | 'kind' | 'isUserset'>;
  readonly reachable: ReadonlySet<string>;
  readonly plans: Map<CompiledRelation, Plan>;
}

export function planBook(model: CompiledModel, subject: Subject): PlanBook {
  const books = booksOf(model);
  const known = books.get(subject.kind);
  if (known) return known;
  const { type, relation, kind, isUserset } = subject;
  const reachable = reachableFrom(model, isUserset ? [kind] : [kind, subject.everyone]);
  const book: PlanBook = { model, subject: { type, relation, kind, isUserset }, reachable, plans: new Map() };
  books.set(kind, book);
  return book;
}

export function planOf(book: PlanBook, relation: CompiledRelation): Plan {
  const known = book.plans.get(relation);
  if (known) return known;
  const plan: Plan = { id: nextPlanId++, relation, node: undefined, facts: undefined, flat: undefined };
  book.plans.set(relation, plan);
  if (book.reachable.has(relation.label)) plan.node = planNode(book, relation, relation.rewrite);
  return plan;
}

let nextPlanId = 1;

function booksOf(model: CompiledModel): Map<string, PlanBook> {
  const known = model.derived.get('plans');
  if (known) return known as Map<string, PlanBook>;
  const books = new Map<string, PlanBook>();
  model.derived.set('plans', books);
  return books;
}

function planNode(book: PlanBook, relation: CompiledRelation, rewrite: Rewrite): PlanNode {
  switch (rewrite.kind) {
    case 'this':
      return directNode(book, relation);
    case 'computed':
      return { kind: 'computed', plan: planOf(book, named(book, relation.type, rewrite.relation)) };
    case 'ttu':
      return ttuNode(book, relation, rewrite);
    case 'exclusion':
      return {
        kind: 'exclusion',
        base: planNode(book, relation, rewrite.base),
        subtract: planNode(book, relation, rewrite.subtract),
      };
    default:
      return {
        kind: rewrite.kind,
        children: rewrite.children.map((child) => planNode(book, relation, child)).sort(byCost),
      };
  }
}

function directNode(book: PlanBook, relation: CompiledRelation): DirectNode {
  const { type, relation: userRelation, isUserset } = book.subject;
  const { restrictions } = relation;
  return {
    kind: 'direct',
    relation,
    exact: restrictions.some((r) => r.type === type && !r.wildcard && r.relation === userRelation),
    everyone: !isUserset && restrictions.some((r) => r.type === type && r.wildcard),
    groups: usersetGroups(
      book,
      relation,
      restrictions.filter((r) => r.relation !== ''),
    ),
  };
}

function usersetGroups(
  book: PlanBook,
  relation: CompiledRelation,
  restrictions: readonly Restriction[],
): UsersetGroup[] {
  if (restrictions.length === 0) return [];
  const { model, subject } = book;
  const group = (strategy: Strategy, members: readonly Restriction[]): UsersetGroup => ({
    strategy,
    strays: strategy === 'recursive' && members.some((r) => usersetStrays(model, relation, r)),
    targets: members.map((r) => ({
      type: r.type,
      relation: r.relation,
      plan: planOf(book, named(book, r.type, r.relation)),
    })),
  });
  if (subject.isUserset) return [group('default', restrictions)];
  if (usersetIsRecursive(model, relation, subject.type)) return [group('recursive', restrictions)];
  const alone = restrictions.filter((r) => usersetIsWeightTwo(model, relation, r, subject.type));
  const rest = restrictions.filter((r) => !alone.includes(r));
  const groups = alone.map((r) => group('weight2', [r]));
  return rest.length > 0 ? [...groups, group('default', rest)] : groups;
}

function ttuNode(
  book: PlanBook,
  relation: CompiledRelation,
  rewrite: { readonly tupleset: string; readonly computed: string },
): TtuNode {
  const { model, subject } = book;
  const tupleset = named(book, relation.type, rewrite.tupleset);
  const parents = new Map<string, Plan>();
  for (const { type } of tupleset.restrictions) {
    const target = relationOf(model, type, rewrite.computed);
    if (target) parents.set(type, planOf(book, target));
  }
  const strategy = subject.isUserset ? 'default' : ttuStrategy(model, relation, rewrite, subject.type);
  const { computed } = rewrite;
  const strays =
    strategy === 'recursive' &&
    [...parents.keys()].some((type) => type !== relation.type && relationOf(model, type, tupleset.name));
  return { kind: 'ttu', tupleset, computed, strategy, strays, parents };
}

/** The recursion forgets which relation of the userset it follows, and assumes its own. */
function usersetStrays(model: CompiledModel, relation: CompiledRelation, restriction: Restriction): boolean {
  if (restriction.type === relation.type) return restriction.relation !== relation.name;
  return relationOf(model, restriction.type, relation.name) !== undefined;
}

/** Compilation made sure that the relation exists. */
function named(book: PlanBook, type: string, relation: string): CompiledRelation {
  const found = relationOf(book.model, type, relation);
  if (!found) throw new Error(`the model has no relation ${type}#${relation}`);
  return found;
}

/** Results do not depend on the order of operands, so the cheap ones go first. */
function byCost(a: PlanNode, b: PlanNode): number {
  return cost(a) - cost(b);
}

function cost(node: PlanNode): number {
  if (node.kind === 'direct') return node.groups.length === 0 ? 0 : 3;
  if (node.kind === 'ttu') return 4;
  if (node.kind === 'computed') return 1;
  if (node.kind === 'exclusion') return 1 + cost(node.base) + cost(node.subtract);
  return 1 + Math.max(...node.children.map(cost));
}
