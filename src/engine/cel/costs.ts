/** What a call costs, by the static types that decide its overload (cel-go `CostTracker.costCall`). */
import { type CelType, type CelValue, sizeOf } from './values.ts';

export type Costing = (a: CelValue, b: CelValue) => number;

/** Where several overloads fit, which is so where all is `dyn`, cel-go knows none and charges one. */
export function costOf(name: string, types: readonly CelType[]): Costing {
  const kinds = types.map(({ kind }) => kind);
  const both = (kind: string) =>
    kinds.includes(kind as never) && kinds.every((one) => one === kind || one === 'dyn');
  switch (name) {
    case '_==_':
    case '_!=_':
      return shorter;
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return both('string') || both('bytes') ? shorter : one;
    case '_+_':
      return both('string') || both('bytes') ? together : one;
    case '@in':
      return kinds[1] === 'list' ? (_, list) => sizeOf(list) : one;
    case 'startsWith':
    case 'endsWith':
      return traversed;
    case 'contains':
      return (a, b) => scan(sizeOf(a)) * scan(sizeOf(b));
    case 'matches':
      return (a, b) => scan(1 + sizeOf(a)) * Math.ceil(sizeOf(b) * PATTERN);
    case 'bytes':
      return kinds[0] === 'string' ? traversed : one;
    case 'string':
      return kinds[0] === 'bytes' ? traversed : one;
    default:
      return one;
  }
}

const TRAVERSAL = 0.1;
const PATTERN = 0.25;

function one(): number {
  return 1;
}

function scan(size: number): number {
  return Math.ceil(size * TRAVERSAL);
}

function traversed(a: CelValue): number {
  return scan(sizeOf(a));
}

function shorter(a: CelValue, b: CelValue): number {
  return scan(Math.min(sizeOf(a), sizeOf(b)));
}

function together(a: CelValue, b: CelValue): number {
  return scan(sizeOf(a) + sizeOf(b));
}
