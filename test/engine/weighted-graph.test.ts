import { describe, expect, test } from 'vitest';
import { buildWeightedGraph } from '../../src/engine/weighted-graph.ts';
import { modelOf } from './asking.ts';

/** Weights of a relation by terminal type. */
function weights(dsl: string, relation: string): Record<string, number> | 'no graph' {
  const graph = buildWeightedGraph(modelOf(`type user\ntype bot\n${dsl}`));
  if (!graph) return 'no graph';
  return Object.fromEntries(graph.get(relation)?.weights ?? []);
}

const GROUPS = `
type group
  relations
    define member: [user, bot]
    define nested: [user, group#nested]
    define open: [user:*]`;

describe('a weight counts reads down to a type of user', () => {
  test.each([
    ['define viewer: [user]', { user: 1 }],
    ['define viewer: [user, group#member]', { user: 2, bot: 2 }],
    ['define viewer: [user, group#nested]', { user: Number.POSITIVE_INFINITY }],
    ['define viewer: [group#open]', { user: 2 }],
    ['define viewer: editor\n    define editor: [bot]', { bot: 1 }],
    ['define parent: [group]\n    define viewer: member from parent', { user: 2, bot: 2 }],
    ['define parent: [group]\n    define viewer: [user] or member from parent', { user: 2, bot: 2 }],
  ])('%s', (relations, expected) => {
    expect(weights(`${GROUPS}\ntype document\n  relations\n    ${relations}`, 'document#viewer')).toEqual(
      expected,
    );
  });

  test('an intersection has only what all operands have, an exclusion what its base has', () => {
    const relations = `
    define a: [user, bot]
    define b: [user]
    define both: a and b
    define less: a but not b`;
    const document = `${GROUPS}\ntype document\n  relations${relations}`;
    expect(weights(document, 'document#both')).toEqual({ user: 1 });
    expect(weights(document, 'document#less')).toEqual({ user: 1, bot: 1 });
  });

  test('relations of two types that lead to each other are without end', () => {
    const rings = `
type a
  relations
    define x: [user, b#y]
type b
  relations
    define y: [bot, a#x]`;
    const endless = { user: Number.POSITIVE_INFINITY, bot: Number.POSITIVE_INFINITY };
    expect(weights(rings, 'a#x')).toEqual(endless);
    expect(weights(rings, 'b#y')).toEqual(endless);
  });
});

describe('no graph', () => {
  test('is built where a recursion passes an intersection or an exclusion', () => {
    const group = (rewrite: string) =>
      `type group\n  relations\n    define ok: [user]\n    define member: ${rewrite}`;
    expect(weights(group('[user, group#member] and ok'), 'group#member')).toBe('no graph');
    expect(weights(group('[user, group#member] but not ok'), 'group#member')).toBe('no graph');
    expect(weights(group('[user, group#member] or ok'), 'group#member')).not.toBe('no graph');
  });

  test('is built where the operands of an intersection have no type of user in common', () => {
    const document =
      'type document\n  relations\n    define a: [user]\n    define b: [bot]\n    define both: a and b';
    expect(weights(document, 'document#both')).toBe('no graph');
  });
});
