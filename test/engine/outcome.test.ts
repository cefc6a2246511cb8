import { expect, test } from 'vitest';
import {
  ALLOWED,
  CYCLE,
  DENIED,
  exclusion,
  FAILED,
  intersection,
  type Outcomes,
  TOO_DEEP,
  union,
} from '../../src/engine/outcome.ts';

const SINGLE = [ALLOWED, DENIED, CYCLE, FAILED, TOO_DEEP];
const isNo = (outcome: Outcomes) => outcome === DENIED || outcome === CYCLE;
const isError = (outcome: Outcomes) => outcome === FAILED || outcome === TOO_DEEP;

/** What upstream's reducer may come to for two operands that each came to one thing; either may be first. */
const RULES: Record<string, (a: Outcomes, b: Outcomes) => Outcomes> = {
  union(a, b) {
    if (a === ALLOWED || b === ALLOWED) return ALLOWED;
    if (isError(a) || isError(b)) return (isError(a) ? a : 0) | (isError(b) ? b : 0);
    return a === CYCLE || b === CYCLE ? CYCLE : DENIED;
  },
  intersection(a, b) {
    if (isNo(a) || isNo(b)) return (isNo(a) ? a : 0) | (isNo(b) ? b : 0);
    if (isError(a) || isError(b)) return (isError(a) ? a : 0) | (isError(b) ? b : 0);
    return ALLOWED;
  },
  exclusion(base, subtract) {
    const taken = subtract === ALLOWED ? DENIED : subtract === CYCLE ? CYCLE : 0;
    if (isNo(base) || taken) return (isNo(base) ? base : 0) | taken;
    if (isError(base)) return base;
    return isError(subtract) ? subtract : ALLOWED;
  },
};

const ACTUAL = { union, intersection, exclusion };

function members(set: Outcomes): Outcomes[] {
  return SINGLE.filter((outcome) => set & outcome);
}

test.each(['union', 'intersection', 'exclusion'] as const)(
  '%s of two sets holds what their members may come to',
  (name) => {
    for (let a = 1; a < 32; a++) {
      for (let b = 1; b < 32; b++) {
        let expected = 0;
        for (const x of members(a)) for (const y of members(b)) expected |= RULES[name]?.(x, y) ?? 0;
        expect({ a, b, outcome: ACTUAL[name](a, b) }).toEqual({ a, b, outcome: expected });
      }
    }
  },
);
