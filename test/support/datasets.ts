/**
 * A company's documents: organizations, nested groups, a tree of folders, documents. Made from a seed, so that a failing
 * test names all of its data with one number.
 */
import { transformer } from '@openfga/syntax-transformer';
import type { AuthorizationModel } from '../../src/fga/model.ts';
import { keyText, type Tuple, type TupleKey } from '../../src/fga/tuple.ts';
import { type Chance, chance } from './chance.ts';

/** A model before the server has given it an id. */
export type ModelBody = Omit<AuthorizationModel, 'id'>;

export interface Dataset {
  readonly model: ModelBody;
  /** Distinct keys, in an order in which an application might have written them. */
  readonly tuples: readonly Tuple[];
  /** `count` Checks, about half of them near a granted path. The same seed asks the same questions. */
  checks(count: number, seed: number): TupleKey[];
}

const COMPANY = `
model
  schema 1.1
type user
type service
type group
  relations
    define member: [user, service, group#member]
type organization
  relations
    define admin: [user]
    define member: [user, group#member] or admin
type folder
  relations
    define organization: [organization]
    define parent: [folder]
    define owner: [user, group#member]
    define editor: [user, service, group#member] or owner or editor from parent
    define viewer: [user, user:*, group#member] or editor or viewer from parent or admin from organization
type document
  relations
    define organization: [organization]
    define parent: [folder]
    define owner: [user]
    define blocked: [user]
    define editor: [user, group#member] or owner or editor from parent
    define viewer: ([user, user:*, group#member] or editor or viewer from parent) but not blocked
    define can_share: editor and member from organization
`;

/** Relations of the company model that an application would ask for. */
const ASKED = [
  ['document', ['viewer', 'editor', 'can_share', 'owner']],
  ['folder', ['viewer', 'editor']],
  ['organization', ['member', 'admin']],
  ['group', ['member']],
] as const;

export function modelFrom(dsl: string): ModelBody {
  // The transformer's JSON is the API's own; its declared type only knows other names for it.
  return transformer.transformDSLToJSONObject(dsl) as unknown as ModelBody;
}

/** At least 1 000 tuples; exactly `size` of them. */
export function companyDataset(size: number, seed: number): Dataset {
  const dice = chance(seed);
  const world = worldOf(size);
  const tuples = new Map<string, Tuple>();
  const add = (user: string, relation: string, object: string) => {
    if (tuples.size >= size) return;
    const tuple = { user, relation, object };
    tuples.set(keyText(tuple), tuple);
  };
  addGroups(world, dice, add);
  addFolders(world, dice, add);
  while (tuples.size < size) addDocument(world, dice, add);
  const listed = [...tuples.values()];
  return {
    model: modelFrom(COMPANY),
    tuples: listed,
    checks: (count, checkSeed) => questions({ world, tuples: listed, count, dice: chance(checkSeed) }),
  };
}

interface World {
  readonly users: number;
  readonly groups: number;
  readonly organizations: number;
  readonly folders: number;
  readonly documents: number;
}

type Add = (user: string, relation: string, object: string) => void;

function worldOf(size: number): World {
  return {
    users: Math.ceil(size / 20),
    groups: Math.ceil(size / 200),
    organizations: 5,
    folders: Math.ceil(size / 40),
    documents: Math.ceil(size / 4),
  };
}

/** Groups nest towards higher numbers only, so there is no cycle. */
function addGroups(world: World, dice: Chance, add: Add): void {
  for (let g = 0; g < world.groups; g++) {
    const group = `group:team-${g}`;
    for (let m = 0; m < 12; m++) add(user(world, dice), 'member', group);
    if (g % 10 === 0) add(`service:ci-${g}`, 'member', group);
    const inner = g + 1 + dice.below(5);
    if (g % 3 === 0 && inner < world.groups) add(`group:team-${inner}#member`, 'member', group);
  }
  for (let o = 0; o < world.organizations; o++) {
    add(user(world, dice), 'admin', `organization:${o}`);
    for (let g = o; g < world.groups; g += world.organizations) {
      add(`group:team-${g}#member`, 'member', `organization:${o}`);
    }
  }
}

function addFolders(world: World, dice: Chance, add: Add): void {
  for (let f = 0; f < world.folders; f++) {
    const folder = `folder:f-${f}`;
    if (f >= 8) add(`folder:f-${Math.floor(f / 8)}`, 'parent', folder);
    else add(`organization:${f % world.organizations}`, 'organization', folder);
    if (f % 2 === 0) add(`group:team-${dice.below(world.groups)}#member`, 'viewer', folder);
    if (f % 3 === 0) add(user(world, dice), 'owner', folder);
    if (f % 50 === 49) add('user:*', 'viewer', folder);
  }
}

function addDocument(world: World, dice: Chance, add: Add): void {
  const document = `document:d-${dice.below(world.documents)}`;
  add(user(world, dice), 'owner', document);
  add(`folder:f-${dice.below(world.folders)}`, 'parent', document);
  if (dice.next() < 0.4) add(`group:team-${dice.below(world.groups)}#member`, 'editor', document);
  if (dice.next() < 0.4) add(user(world, dice), 'viewer', document);
  if (dice.next() < 0.2) add(user(world, dice), 'blocked', document);
  if (dice.next() < 0.3) add(`organization:${dice.below(world.organizations)}`, 'organization', document);
}

function user(world: World, dice: Chance): string {
  return `user:u-${dice.below(world.users)}`;
}

interface Asking {
  readonly world: World;
  readonly tuples: readonly Tuple[];
  readonly count: number;
  readonly dice: Chance;
}

function questions({ world, tuples, count, dice }: Asking): TupleKey[] {
  const asked: TupleKey[] = [];
  while (asked.length < count) {
    const near = dice.pick(tuples);
    const type = near.object.slice(0, near.object.indexOf(':'));
    const relations = ASKED.find(([name]) => name === type)?.[1] ?? ['viewer'];
    const known = near.user.startsWith('user:u-') && dice.next() < 0.5;
    asked.push({
      user: known ? near.user : user(world, dice),
      relation: dice.pick<string>(relations),
      object: near.object,
    });
  }
  return asked;
}
