/** What expressions compile to, and the frame that they run in. */
import type { parse } from '@bufbuild/cel';
import type { CelType, CelValue } from './values.ts';

export type Expr = NonNullable<ReturnType<typeof parse>['expr']>;

export interface Frame {
  readonly vars: CelValue[];
  cost: number;
  readonly limit: number;
  /** A map was walked: Go's order is random, so is where the limit strikes. */
  unordered: boolean;
}

export type Eval = (frame: Frame) => CelValue;

export interface Node {
  readonly type: CelType;
  readonly eval: Eval;
  /** Folded before the first run: free. */
  readonly constant?: CelValue;
  /** For identifiers, selections and conditionals: the value without the cost of the access itself. */
  readonly resolve?: Eval;
  /** A conditional: it has no cost of its own, and a selection on it neither. */
  readonly conditional?: boolean;
}

export interface Scope {
  readonly slots: ReadonlyMap<string, { readonly slot: number; readonly type: CelType }>;
  readonly size: { count: number };
  /** Compiles an operand. Handed in, since operands and expressions are made of each other. */
  compile(expr: Expr, scope: Scope): Node;
}

/** The limit was passed; upstream's words for it. */
export class CostExceeded extends Error {
  constructor() {
    super('operation cancelled: actual cost limit exceeded');
  }
}

/** Leaves the compilation: the expression is not one that this engine evaluates. */
export class Unsupported extends Error {}

export const DYN: CelType = { kind: 'dyn' };

export function charge(frame: Frame, cost: number): void {
  frame.cost += cost;
  if (frame.cost > frame.limit) throw new CostExceeded();
}

export function constantNode(type: CelType, value: CelValue): Node {
  return { type, constant: value, eval: () => value };
}
