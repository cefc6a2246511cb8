/** One store as a query reads it: lmdb's snapshot of this turn of the event loop. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { Tuple } from '../../src/fga/tuple.ts';
import type { StoreState, StoreView } from '../../src/plugin/store.ts';
import type { Db } from './lmdb-db.ts';
import { type Half, isOverlong, PLAIN, USERSETS } from './lmdb-key.ts';
import type { Records, StoreRecord } from './lmdb-records.ts';
import type { Member } from './lmdb-row.ts';
import type { Rows } from './lmdb-rows.ts';
import { scanPair } from './lmdb-scan.ts';
import { tupleOf } from './lmdb-tuple.ts';

/** What the views of one environment share. */
export interface Reading {
  readonly records: Records;
  readonly objects: Rows;
  readonly users: Rows;
  readonly objectsDb: Db;
  /** Number of commits that resolved here: a view from before one must not read after it. */
  commits: number;
}

export class LmdbView implements StoreView {
  readonly state: StoreState;
  readonly #reading: Reading;
  readonly #record: StoreRecord;
  readonly #number: number;
  readonly #commits: number;

  constructor(reading: Reading, record: StoreRecord, state: StoreState) {
    this.state = state;
    this.#reading = reading;
    this.#record = record;
    this.#number = record.number;
    this.#commits = reading.commits;
  }

  tuple(object: string, relation: string, user: string): Tuple | undefined {
    const rows = this.#now().objects;
    if (isOverlong(object, relation, user)) return undefined;
    if (!rows.ofObject(this.#number, object, relation)) return undefined;
    const payload = rows.find(user.includes('#') ? USERSETS : PLAIN, user);
    return payload === undefined ? undefined : tupleOf(user, relation, object, payload);
  }

  usersets(object: string, relation: string): Iterable<Tuple> {
    return this.#half(object, relation, USERSETS);
  }

  *tuples(object: string, relation: string): Iterable<Tuple> {
    yield* this.#half(object, relation, USERSETS);
    yield* this.#half(object, relation, PLAIN);
  }

  byUser(user: string, relation: string, objectType: string): Iterable<Tuple> {
    const rows = this.#now().users;
    if (!rows.ofUser(this.#number, user, relation, objectType)) return [];
    return tuplesOf(user, relation, objectType, rows.texts(PLAIN));
  }

  byType(objectType: string, relation: string): Iterable<Tuple> {
    return scanPair(this.#now().objectsDb, this.#number, { type: objectType, relation });
  }

  model(modelId: string): AuthorizationModel | undefined {
    return this.#now().records.model(this.#number, modelId);
  }

  latestModelId(): string | undefined {
    return this.#record.latestModelId;
  }

  #half(object: string, relation: string, half: Half): Iterable<Tuple> {
    const rows = this.#now().objects;
    if (!rows.ofObject(this.#number, object, relation)) return [];
    return mapped(rows.members(half), ({ name, payload }) => tupleOf(name, relation, object, payload));
  }

  #now(): Reading {
    if (this.#reading.commits === this.#commits) return this.#reading;
    throw new Error('a view of the store was used after its turn of the event loop: ask for a new one');
  }
}

/** From names of objects and payloads in turn. */
function* tuplesOf(
  user: string,
  relation: string,
  objectType: string,
  pieces: Iterable<readonly string[]>,
): Generator<Tuple> {
  for (const texts of pieces) {
    for (let i = 0; i + 1 < texts.length; i += 2) {
      yield tupleOf(user, relation, `${objectType}:${texts[i]}`, texts[i + 1] ?? '');
    }
  }
}

/** Lists stay lists; what is read as it is asked for stays so. */
function mapped(members: Iterable<Member>, tuple: (member: Member) => Tuple): Iterable<Tuple> {
  return Array.isArray(members) ? (members as Member[]).map(tuple) : lazily(members, tuple);
}

function* lazily(members: Iterable<Member>, tuple: (member: Member) => Tuple): Generator<Tuple> {
  for (const member of members) yield tuple(member);
}
