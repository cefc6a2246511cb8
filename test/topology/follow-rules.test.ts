import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../src/plugin/log.ts';
import { openFollowRules } from '../../src/topology/follow-rules.ts';
import { temporaryFolder } from '../support/children.ts';

const A = '01J0000000000000000000000A';
const topology = (edges: string) =>
  `hub: { servers: [ { name: one } ] }\nproducts: [ { id: p, stores: [ ${A} ] } ]\nedges: [ ${edges} ]\n`;

test('a new edge is known as soon as the topology names it, and a broken or missing file leaves what was', () => {
  const path = join(temporaryFolder('rules'), 'fleet.yaml');
  writeFileSync(path, topology(''));
  const rules = openFollowRules(path, silentLog);
  const judge = () => rules.judge('tokyo', [{ storeId: A }]);
  expect(judge()).toHaveProperty('refused');
  writeFileSync(path, topology('{ id: tokyo, products: [ p ] }'));
  expect(judge()).toEqual({ limited: true });
  writeFileSync(path, topology('{ id: tokyo, products: [ p, q, r ] }'));
  expect(judge()).toEqual({ limited: true });
  rmSync(path);
  expect(judge()).toEqual({ limited: true });
  const { version, exceeds } = rules;
  const before = version();
  expect(exceeds('tokyo', [`rsfga.changes.${A}.>`])).toBe(false);
  writeFileSync(path, topology('{ id: osaka, products: [ p ] }'));
  expect(judge()).toHaveProperty('refused');
  expect(version()).not.toBe(before);
  // Who is named no more is remembered, for what is still there of it.
  expect(rules.edges()).toEqual(['tokyo', 'osaka']);
  expect(exceeds('tokyo', [`rsfga.changes.${A}.>`])).toBe(true);
});

test('a topology that is broken from the start stops the start', () => {
  expect(() => openFollowRules('/nowhere/fleet.yaml', silentLog)).toThrow(/there is no such file/);
});
