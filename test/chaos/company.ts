/**
 * The data of the scenarios, made so that one question to an edge shows a fault.
 *
 * - A counter is at one version at a time. Each step is one Write that takes the old version away and sets the new one, on a
 *   document and on its twin folder, so it travels as four parts. `whole` holds for a version that both have: exactly
 *   one at any moment, and never an earlier one than was seen before.
 * - A cell is one tuple that is deleted and written again with a greater number in its condition: the history of one key.
 * - Grants are tuples that come and go, and are never written again once they are gone.
 */
import type { Tuple, TupleKey } from '../../src/fga/tuple.ts';
import type { Delta } from '../support/api.ts';
import { modelFrom } from '../support/datasets.ts';

export const MODEL = modelFrom(`
model
  schema 1.1
type user
type folder
  relations
    define version: [user]
type document
  relations
    define owner: [user]
    define twin: [folder]
    define version: [user]
    define whole: version and version from twin
    define cell: [user with compare]
condition compare(n: int, at: int, op: string) {
  op == "lt" ? n < at : n >= at
}
`);

/** What a counter holds before its first step. */
export function counterStart(name: string): readonly Tuple[] {
  return [
    { user: `folder:${name}`, relation: 'twin', object: `document:${name}` },
    ...versionTuples(name, 0),
  ];
}

export function counterStep(name: string, from: number): Delta {
  return { deletes: versionTuples(name, from), writes: versionTuples(name, from + 1) };
}

function versionTuples(name: string, version: number): readonly TupleKey[] {
  return ['document', 'folder'].map((type) => ({
    user: `user:v${version}`,
    relation: 'version',
    object: `${type}:${name}`,
  }));
}

/** Of `user:v7` or an id `v7`. */
export function versionOf(user: string): number {
  return Number(/v(\d+)$/.exec(user)?.[1] ?? Number.NaN);
}

export function cellKey(name: string): TupleKey {
  return { user: 'user:holder', relation: 'cell', object: `document:${name}` };
}

export function cellTuple(name: string, n: number): Tuple {
  return { ...cellKey(name), condition: { name: 'compare', context: { n } } };
}

export function grant(writer: number, n: number): TupleKey {
  return { user: `user:u${n % 13}`, relation: 'owner', object: `document:g-${writer}-${n}` };
}
