/**
 * Things that step from version to version while they are asked about.
 *
 * Version v of a thing is two tuples of two object types, `user:<name>-v` owner of its document and member of its group; a
 * step deletes those of v and writes those of v + 1 in one transaction, so exactly one version holds at any time.
 */
import type { Tuple } from '../../src/fga/tuple.ts';
import { expectStatus, write } from './api.ts';
import { modelFrom } from './datasets.ts';

export const STEPPING = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define owner: [user]
    define team: [group]
    define viewer: owner or member from team
type island
  relations
    define keeper: [user]`);

export interface Thing {
  readonly storeId: string;
  readonly name: string;
  /** Who writes it. Through the edge that is asked, its answers are never older than the Writes it passed on. */
  readonly through: 'edge' | 'centre';
  /** `performance.now()` by version: when its Write was sent, and when it was acknowledged. */
  readonly sentMs: number[];
  readonly ackedMs: number[];
}

/** The first version of a thing, written at `base`. */
export async function makeThing(
  base: string,
  { storeId, name, through }: Pick<Thing, 'storeId' | 'name' | 'through'>,
): Promise<Thing> {
  const team = { user: `group:${name}`, relation: 'team', object: `document:${name}` };
  const island = { user: 'user:anne', relation: 'keeper', object: `island:${name}` };
  const now = performance.now();
  const thing = { storeId, name, through, sentMs: [now], ackedMs: [] as number[] };
  await expectStatus(200, write(base, storeId, { writes: [...versionOf(thing, 0), team, island] }));
  thing.ackedMs.push(performance.now());
  return thing;
}

/** The next version. Throws when the Write is refused. */
export async function step(base: string, thing: Thing): Promise<void> {
  const next = thing.sentMs.length;
  thing.sentMs.push(performance.now());
  const delta = { writes: versionOf(thing, next), deletes: versionOf(thing, next - 1) };
  await expectStatus(200, write(base, thing.storeId, delta));
  thing.ackedMs.push(performance.now());
}

function versionOf(thing: Pick<Thing, 'name'>, version: number): Tuple[] {
  return [
    { user: userOf(thing, version), relation: 'owner', object: `document:${thing.name}` },
    { user: userOf(thing, version), relation: 'member', object: `group:${thing.name}` },
  ];
}

export function userOf({ name }: Pick<Thing, 'name'>, version: number): string {
  return `user:${name}-${version}`;
}

/** The newest version that is acknowledged. */
export function newestOf({ ackedMs }: Thing): number {
  return ackedMs.length - 1;
}
