/** What a store is, beside its tuples: its number in the keys, its state, its models; and the log position. */
import type { AuthorizationModel } from '../../src/fga/model.ts';
import type { LogPosition, StoreState } from '../../src/plugin/store.ts';
import type { Db, Put } from './lmdb-db.ts';
import { type Bytes, bytesOf, textOf } from './lmdb-key.ts';

export interface StoreRecord {
  /** Stands for the store id in the keys; never used again, so that what is left of a dropped store is invisible. */
  readonly number: number;
  /** Undefined until a commit brought one: until then nothing of the store is shown. */
  readonly state?: StoreState;
  readonly count: number;
  readonly latestModelId?: string;
}

const COMMIT = 'commit';
const LOG = 'log';
const NEXT_NUMBER = 'next';
const STORES = 'store/';
const DROPPING = 'dropping/';
const MODELS = 'model/';

/**
 * Reads are of lmdb's present snapshot. A cached record is only used with the commit that it was read at, so state and
 * tuples never disagree, whoever committed.
 */
export class Records {
  readonly #meta: Db;
  readonly #stores = new Map<string, StoreRecord | undefined>();
  /** Parsed once: the engine keys its compiled models by them. Models are never changed. */
  readonly #models = new Map<Bytes, AuthorizationModel>();
  #cachedAt = -1;

  constructor(meta: Db) {
    this.#meta = meta;
  }

  /** Rises with every commit. */
  commitNumber(): number {
    return this.#meta.getBinaryFast(COMMIT)?.readDoubleLE(0) ?? 0;
  }

  store(storeId: string): StoreRecord | undefined {
    const commit = this.commitNumber();
    if (commit !== this.#cachedAt) {
      this.#stores.clear();
      this.#cachedAt = commit;
    }
    if (this.#stores.has(storeId)) return this.#stores.get(storeId);
    const record = this.#json<StoreRecord>(storeKey(storeId));
    this.#stores.set(storeId, record);
    return record;
  }

  storeIds(): string[] {
    return this.#namesUnder(STORES);
  }

  /** Numbers of stores whose removal was begun and not finished. */
  dropping(): number[] {
    return this.#namesUnder(DROPPING).map(Number);
  }

  logPosition(): LogPosition | undefined {
    return this.#json<LogPosition>(LOG);
  }

  nextNumber(): number {
    return this.#json<number>(NEXT_NUMBER) ?? 1;
  }

  model(number: number, modelId: string): AuthorizationModel | undefined {
    const key = modelKey(number, modelId);
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const model = this.#json<AuthorizationModel>(key);
    if (model !== undefined) this.#models.set(key, model);
    return model;
  }

  /** Every model of the store, oldest first. */
  models(number: number): readonly AuthorizationModel[] {
    const prefix = `${MODELS}${number}/`;
    return this.#namesUnder(prefix).flatMap((modelId) => this.model(number, modelId) ?? []);
  }

  putCommit(commit: number): Put {
    const value = Buffer.alloc(8);
    value.writeDoubleLE(commit);
    return { db: this.#meta, key: COMMIT, value };
  }

  putStore(storeId: string, record: StoreRecord): Put {
    return this.#put(storeKey(storeId), record);
  }

  putModel(number: number, model: AuthorizationModel): Put {
    return this.#put(modelKey(number, model.id), model);
  }

  putLog(log: LogPosition): Put {
    return this.#put(LOG, log);
  }

  putNextNumber(number: number): Put {
    return this.#put(NEXT_NUMBER, number);
  }

  /** The store is gone at once; `dropping` remembers that its keys are still there. */
  putDropping(storeId: string, number: number): Put[] {
    const value = undefined;
    this.#models.clear();
    const models = this.#keysUnder(`${MODELS}${number}/`);
    return [
      this.#put(`${DROPPING}${number}`, true),
      { db: this.#meta, key: storeKey(storeId), value },
      ...models.map((key) => ({ db: this.#meta, key, value })),
    ];
  }

  putDropped(number: number): Put {
    return { db: this.#meta, key: `${DROPPING}${number}`, value: undefined };
  }

  #put(key: Bytes, json: unknown): Put {
    return { db: this.#meta, key, value: Buffer.from(JSON.stringify(json)) };
  }

  #json<T>(key: Bytes): T | undefined {
    const value = this.#meta.getBinary(key);
    return value === undefined ? undefined : (JSON.parse(value.toString()) as T);
  }

  #keysUnder(prefix: Bytes): Bytes[] {
    return [...this.#meta.getKeys({ start: prefix, end: `${prefix}\u00ff` })];
  }

  #namesUnder(prefix: Bytes): string[] {
    return this.#keysUnder(prefix).map((key) => textOf(key.slice(prefix.length)));
  }
}

function storeKey(storeId: string): Bytes {
  return `${STORES}${bytesOf(storeId)}`;
}

function modelKey(number: number, modelId: string): Bytes {
  return `${MODELS}${number}/${bytesOf(modelId)}`;
}
