import { describe, expect, it } from 'vitest';
import { celTypeOf, conditionTypeProblem } from '../../../../plugins/upstream/embedded/cel-check.ts';
import { parameterType } from '../../../../src/engine/cel/params.ts';
import { parameter } from '../../../conformance/fuzz/conditions.ts';
import { PARAMETERS } from '../../../conformance/fuzz/expression.ts';

const parameters = new Map(
  Object.entries(PARAMETERS).map(([name, kind]) => [name, celTypeOf(parameterType(parameter(kind))?.cel)]),
);

describe('a condition is taken', () => {
  it.each([
    'x < y && u < 5u || d >= 0.5',
    'names.all(n, x < d && u >= x) && x < d',
    'thing == 1 && thing == "a" && thing.a.b == null',
    'now < granted + ttl && now - granted > ttl',
    'names.exists(n, n == name) && names.map(n, size(n))[0] == 1',
    '[] == names && {} == attrs',
    '[1, "a"][0] == "a" && type(x) == int',
    'attrs.k == attrs["k"] && has(attrs.other)',
    'now == null && ip.in_cidr("10.0.0.0/8")',
    'flag ? thing == 1 : flag',
    'dyn(thing).exists(n, n == 1) && thing.a.exists(n, n == 1)',
  ])('%s', (expression) => expect(conditionTypeProblem(expression, parameters)).toBeUndefined());
});

describe('a condition is refused', () => {
  it.each([
    ['x + name == 2', "found no matching overload for '_+_' applied to '(int, string)'"],
    ['x < d && names.all(n, true)', "found no matching overload for '_<_' applied to '(int, double)'"],
    ['x', "expected a bool condition expression output, but got 'int'"],
    ['thing', "expected a bool condition expression output, but got 'any'"],
    ['x == null', "found no matching overload for '_==_' applied to '(int, null)'"],
    ['names == [1]', "found no matching overload for '_==_' applied to '(list(string), list(int))'"],
    ['name.k == "a"', "type 'string' does not support field selection: k"],
    ['name.exists(n, true)', "'string' cannot be walked"],
    ['thing.exists(n, true)', "'any' cannot be walked"],
    ['nope == 1', "undeclared reference to 'nope'"],
    ['ipaddress(x) == ip', "found no matching overload for 'ipaddress' applied to '(int)'"],
    [
      'names.startsWith("a")',
      "found no matching overload for 'startsWith' applied to '(list(string), string)'",
    ],
    ['x ==', 'Syntax error'],
  ])('%s', (expression, reason) => expect(conditionTypeProblem(expression, parameters)).toBe(reason));
});
