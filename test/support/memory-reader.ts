/** Tuples and models in maps: what the engine reads in tests and in the fuzz. Ordered as `src/fga/reader.ts` promises. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { ModelReader, TupleReader } from '../../src/fga/reader.ts';
import { type Tuple, type TupleKey, typeOf, userKind } from '../../src/fga/tuple.ts';

export class MemoryReader implements TupleReader, ModelReader {
  readonly #byObject = new Index();
  readonly #byUser = new Index();
  readonly #byType = new Index();
  readonly #models = new Map<string, AuthorizationModel>();

  constructor(models: readonly AuthorizationModel[] = [], tuples: readonly Tuple[] = []) {
    for (const model of models) this.addModel(model);
    for (const tuple of tuples) this.write(tuple);
  }

  addModel(model: AuthorizationModel): void {
    this.#models.set(model.id, model);
  }

  write(tuple: Tuple): void {
    this.#byObject.set(`${tuple.object}#${tuple.relation}`, `${rank(tuple)} ${tuple.user}`, tuple);
    this.#byUser.set(`${tuple.user} ${tuple.relation} ${typeOf(tuple.object)}`, tuple.object, tuple);
    this.#byType.set(`${typeOf(tuple.object)} ${tuple.relation}`, `${tuple.object} ${tuple.user}`, tuple);
  }

  delete(key: TupleKey): void {
    this.#byObject.delete(`${key.object}#${key.relation}`, `${rank(key)} ${key.user}`);
    this.#byUser.delete(`${key.user} ${key.relation} ${typeOf(key.object)}`, key.object);
    this.#byType.delete(`${typeOf(key.object)} ${key.relation}`, `${key.object} ${key.user}`);
  }

  tuple(object: string, relation: string, user: string): Tuple | undefined {
    return this.#byObject.get(`${object}#${relation}`, `${rank({ user })} ${user}`);
  }

  usersets(object: string, relation: string): Iterable<Tuple> {
    return this.tuples(object, relation).filter((tuple) => userKind(tuple.user) === 'userset');
  }

  tuples(object: string, relation: string): readonly Tuple[] {
    return this.#byObject.list(`${object}#${relation}`);
  }

  byUser(user: string, relation: string, objectType: string): Iterable<Tuple> {
    return this.#byUser.list(`${user} ${relation} ${objectType}`);
  }

  byType(objectType: string, relation: string): Iterable<Tuple> {
    return this.#byType.list(`${objectType} ${relation}`);
  }

  model(modelId: string): AuthorizationModel | undefined {
    return this.#models.get(modelId);
  }

  latestModelId(): string | undefined {
    return [...this.#models.keys()].sort().at(-1);
  }
}

/** Plain users, then wildcards, then usersets. */
function rank({ user }: { readonly user: string }): string {
  return { object: '0', wildcard: '1', userset: '2' }[userKind(user)];
}

/** Key → ordered entries. A list is sorted when it is first read after a change. */
class Index {
  readonly #entries = new Map<string, Map<string, Tuple>>();
  readonly #sorted = new Map<string, readonly Tuple[]>();

  set(key: string, entry: string, tuple: Tuple): void {
    const entries = this.#entries.get(key);
    if (entries) entries.set(entry, tuple);
    else this.#entries.set(key, new Map([[entry, tuple]]));
    this.#sorted.delete(key);
  }

  delete(key: string, entry: string): void {
    this.#entries.get(key)?.delete(entry);
    this.#sorted.delete(key);
  }

  get(key: string, entry: string): Tuple | undefined {
    return this.#entries.get(key)?.get(entry);
  }

  list(key: string): readonly Tuple[] {
    const known = this.#sorted.get(key);
    if (known) return known;
    const entries = [...(this.#entries.get(key) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const list = entries.map(([, tuple]) => tuple);
    this.#sorted.set(key, list);
    return list;
  }
}
