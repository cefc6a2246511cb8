/**
 * The data behind each row of the bench: small enough shapes to say in one line what a query costs, in a store filled up
 * to a stated number of tuples. All ids come from counters, so two runs ask the same questions.
 */
import type { Tuple } from '../src/fga/tuple.ts';
import { type ModelBody, modelFrom } from '../test/support/datasets.ts';

export interface BenchData {
  readonly model: ModelBody;
  readonly tuples: readonly Tuple[];
  readonly sizes: Sizes;
}

/** How large each shape is. */
export interface Sizes {
  /** Tuples in the whole store. */
  readonly tuples: number;
  /** Members of `group:large`. */
  readonly largeGroup: number;
  /** Documents that `user:many` may read; `user:few` may read 10 of them. */
  readonly manyDocuments: number;
}

export const SMALL: Sizes = { tuples: 10_000, largeGroup: 2_000, manyDocuments: 1_000 };
export const LARGE: Sizes = { tuples: 220_000, largeGroup: 100_000, manyDocuments: 1_000 };

/** In place of `LARGE` with `--quick`. */
export const MIDDLE: Sizes = { tuples: 40_000, largeGroup: 20_000, manyDocuments: 1_000 };

const MODEL = modelFrom(`
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define reader: [user]
    define approved: [user, group#member]
    define timed: [user with not_expired]
    define viewer: [user, group#member] or viewer from parent
    define cleared: reader and approved
condition not_expired(now: timestamp, until: timestamp) {
  now < until
}
`);

/** Numbers that the rows use to ask about what is there. */
export const SHAPE = { documents: 400, teams: 20, teamSize: 20, chain: 10 } as const;

export function benchData(sizes: Sizes): BenchData {
  const tuples = [...shapes(sizes)];
  for (let n = 0; tuples.length < sizes.tuples; n++) {
    tuples.push({ user: `user:u-${n % 5_000}`, relation: 'reader', object: `document:filler-${n}` });
  }
  return { model: MODEL, tuples, sizes };
}

function* shapes(sizes: Sizes): Generator<Tuple> {
  yield* teams();
  yield* documents();
  yield* chain();
  for (let n = 0; n < sizes.manyDocuments; n++) {
    yield tuple('user:many', 'reader', `document:many-${n}`);
    if (n % (sizes.manyDocuments / 10) === 0) {
      yield tuple('user:few', 'reader', `document:many-${n}`);
      yield tuple('user:many', 'approved', `document:many-${n}`);
    }
  }
  for (let n = 0; n < sizes.largeGroup; n++) yield tuple(`user:member-${n}`, 'member', 'group:large');
  yield tuple('group:large#member', 'viewer', 'document:for-the-large-group');
}

/** Teams of 20, in one division each: `user → team → division`. */
function* teams(): Generator<Tuple> {
  for (let team = 0; team < SHAPE.teams; team++) {
    yield tuple(`group:team-${team}#member`, 'member', `group:division-${team}`);
    for (let n = 0; n < SHAPE.teamSize; n++)
      yield tuple(`user:t-${team}-${n}`, 'member', `group:team-${team}`);
  }
}

/** Documents in folders that a division may view: three levels between the document and the user. */
function* documents(): Generator<Tuple> {
  for (let n = 0; n < SHAPE.documents; n++) {
    const team = n % SHAPE.teams;
    if (n < SHAPE.teams) yield tuple(`group:division-${team}#member`, 'viewer', `folder:of-${team}`);
    yield tuple(`folder:of-${team}`, 'parent', `document:d-${n}`);
    yield tuple(`user:t-${team}-${n % SHAPE.teamSize}`, 'reader', `document:d-${n}`);
    const condition = { name: 'not_expired', context: { until: '2100-01-01T00:00:00Z' } };
    yield { ...tuple(`user:t-${team}-0`, 'timed', `document:d-${n}`), condition };
  }
}

/** `folder:chain-0` … `folder:chain-10`, each the parent of the one before; the viewer is at the far end. */
function* chain(): Generator<Tuple> {
  for (let n = 0; n < SHAPE.chain; n++) yield tuple(`folder:chain-${n + 1}`, 'parent', `folder:chain-${n}`);
  yield tuple('user:deep', 'viewer', `folder:chain-${SHAPE.chain}`);
}

function tuple(user: string, relation: string, object: string): Tuple {
  return { user, relation, object };
}
