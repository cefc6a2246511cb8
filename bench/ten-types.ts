/**
 * Ten object types as a company's application has them, for what `hot` saves: few tuples say who belongs where, many are
 * content. The shares are an assumption, written here and in the report, never a result.
 */
import type { Tuple } from '../src/fga/tuple.ts';
import type { Chance } from '../test/support/chance.ts';
import { type ModelBody, modelFrom } from '../test/support/datasets.ts';

export const TEN_TYPES: ModelBody = modelFrom(`
model
  schema 1.1
type user
type organization
  relations
    define admin: [user]
    define member: [user] or admin
type group
  relations
    define member: [user, group#member]
type project
  relations
    define organization: [organization]
    define viewer: [user, group#member] or admin from organization
type folder
  relations
    define project: [project]
    define viewer: [user, group#member] or viewer from project
type document
  relations
    define folder: [folder]
    define editor: [user, group#member]
    define viewer: editor or viewer from folder
type comment
  relations
    define document: [document]
    define author: [user]
    define viewer: author or viewer from document
type attachment
  relations
    define document: [document]
    define viewer: viewer from document
type task
  relations
    define project: [project]
    define assignee: [user]
    define viewer: assignee or viewer from project
type event
  relations
    define project: [project]
    define guest: [user]
    define viewer: guest or viewer from project
type invoice
  relations
    define organization: [organization]
    define reader: [user]
    define viewer: reader or admin from organization
`);

/** Tuples of each type in a thousand, and changes as well. */
export const SHARES = {
  organization: 10,
  group: 60,
  project: 20,
  folder: 40,
  document: 170,
  comment: 300,
  attachment: 180,
  task: 140,
  event: 50,
  invoice: 30,
} as const;

export type ObjectType = keyof typeof SHARES;

/** What decides most questions about structure, and the same with the documents. */
export const STRUCTURE: readonly ObjectType[] = ['organization', 'group', 'project', 'folder'];
export const WITH_DOCUMENTS: readonly ObjectType[] = [...STRUCTURE, 'document'];

/** A transaction touches a second type this often: a comment and its attachment. */
const SECOND_TYPE = 0.2;
/** Tuples of a type in a transaction. */
const MOST_OF_A_TYPE = 4;

export function sharesText(): string {
  return Object.entries(SHARES)
    .map(([type, share]) => `${type} ${share / 10} %`)
    .join(', ');
}

/** `count` tuples in these shares, with distinct keys. */
export function tenTypesTuples(count: number): Tuple[] {
  return typeNames().flatMap((type) =>
    Array.from({ length: Math.round((count * SHARES[type]) / 1000) }, (_, n) => tupleOf(type, n)),
  );
}

/** Transactions of new tuples, together `changes` of them or a few more. */
export function tenTypesTransactions(changes: number, chance: Chance): Tuple[][] {
  const next = new Map(typeNames().map((type) => [type, FIRST_NEW]));
  const transactions: Tuple[][] = [];
  for (let made = 0; made < changes; ) {
    const types = [anyType(chance), ...(chance.next() < SECOND_TYPE ? [anyType(chance)] : [])];
    const tuples = types.flatMap((type) =>
      Array.from({ length: 1 + chance.below(MOST_OF_A_TYPE) }, () => {
        const n = next.get(type) ?? FIRST_NEW;
        next.set(type, n + 1);
        return tupleOf(type, n);
      }),
    );
    transactions.push(tuples);
    made += tuples.length;
  }
  return transactions;
}

/** Objects of changes are none of those that were there before. */
const FIRST_NEW = 10_000_000;
const USERS = 2_000;
const PER_PARENT = 20;

function typeNames(): ObjectType[] {
  return Object.keys(SHARES) as ObjectType[];
}

function anyType(chance: Chance): ObjectType {
  let left = chance.below(1000);
  for (const type of typeNames()) {
    left -= SHARES[type];
    if (left < 0) return type;
  }
  return 'comment';
}

/** By turns the object's place and a person at it, so that objects have about two tuples. */
const PARENT: Readonly<Record<ObjectType, { type: string; relation: string } | undefined>> = {
  organization: undefined,
  group: undefined,
  project: { type: 'organization', relation: 'organization' },
  folder: { type: 'project', relation: 'project' },
  document: { type: 'folder', relation: 'folder' },
  comment: { type: 'document', relation: 'document' },
  attachment: { type: 'document', relation: 'document' },
  task: { type: 'project', relation: 'project' },
  event: { type: 'project', relation: 'project' },
  invoice: { type: 'organization', relation: 'organization' },
};

const PERSON: Readonly<Record<ObjectType, string | undefined>> = {
  organization: 'admin',
  group: 'member',
  project: 'viewer',
  folder: 'viewer',
  document: 'editor',
  comment: 'author',
  attachment: undefined,
  task: 'assignee',
  event: 'guest',
  invoice: 'reader',
};

function tupleOf(type: ObjectType, n: number): Tuple {
  const parent = PARENT[type];
  const person = PERSON[type];
  const object = `${type}:${parent && person ? n >> 1 : n}`;
  if (parent && (n % 2 === 0 || !person))
    return { user: `${parent.type}:${Math.floor(n / PER_PARENT)}`, relation: parent.relation, object };
  return { user: `user:u-${(n * 7_919) % USERS}`, relation: person ?? '', object };
}
