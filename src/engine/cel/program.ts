/**
 * A CEL expression, compiled to closures that evaluate it and count its cost as cel-go's runtime does.
 *
 * The library parses; evaluation is done here, because upstream's answer hangs on things that the library does not have:
 * unknown values for missing parameters, the cost limit, the offset that a timestamp was written with, cel-go's errors.
 */
import { parse } from '@bufbuild/cel';
import { Decline } from '../decline.ts';
import { compileNode } from './compile-node.ts';
import { CostExceeded, type Scope } from './node.ts';
import type { CelType, CelValue } from './values.ts';
import { isWhole } from './whole.ts';

export interface Program {
  /** Values in the order of the names it was compiled for. */
  run(values: readonly CelValue[]): CelValue;
}

/** Undefined: the expression holds something that this engine does not evaluate. */
export function compileProgram(
  expression: string,
  names: readonly string[],
  types: readonly CelType[],
  limit: number,
): Program | undefined {
  try {
    const { expr } = parse(expression);
    if (!expr || !isWhole(expression, expr)) return undefined;
    const slots = new Map(names.map((name, slot) => [name, { slot, type: types[slot] as CelType }]));
    const scope: Scope = { slots, size: { count: names.length }, compile: compileNode };
    const node = compileNode(expr, scope);
    return {
      run(values) {
        const vars = new Array<CelValue>(scope.size.count).fill(null);
        for (let i = 0; i < values.length; i++) vars[i] = values[i] as CelValue;
        const frame = { vars, cost: 0, limit, unordered: false };
        try {
          return node.eval(frame);
        } catch (error) {
          if (error instanceof CostExceeded && frame.unordered)
            throw new Decline('condition', 'cost of walking a map');
          throw error;
        }
      },
    };
  } catch (error) {
    if (error instanceof Decline) throw error;
    return undefined;
  }
}
