/** Where remembered answers lie: in this process, in a Redis, or in a Keyv store that a module brings. */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Keyv, { type KeyvStoreAdapter } from 'keyv';

/** Absent: in this process. */
export type Place = { readonly url: string } | StoreModule;

/** A Keyv storage adapter: a module's default export is one, or a class or function that makes one. */
export interface StoreModule {
  /** An absolute path, or the name of an npm package. */
  readonly module: string;
  /** Where packages are looked for first. */
  readonly folder: string;
  /** What the class or function is given. */
  readonly uri?: string;
}

const CONNECT_MS = 2_000;
/** A Redis that takes commands and does not answer them must not make this process grow. */
const MAX_COMMANDS = 10_000;
/** Keys begin with it, beside other users of the same store. */
const NAMESPACE = 'rsfga-edge';

/** Bounded by a number of entries. No copies are made: entries are never changed. */
export function inProcess<Value>(maxEntries: number): Keyv<Value> {
  return new Keyv<Value>({
    store: new LeastRecentlyUsed(maxEntries),
    serialize: undefined,
    deserialize: undefined,
    useKeyPrefix: false,
  } as unknown as ConstructorParameters<typeof Keyv>[0]);
}

/** Whatever it holds and says, it can lose, change and delay. Rejects when a module brings no store. */
export async function outside(place: Place): Promise<Keyv<string>> {
  const store = 'url' in place ? await redis(place.url) : await brought(place);
  try {
    return new Keyv<string>(store, { useKeyPrefix: false, namespace: NAMESPACE, throwOnErrors: true });
  } catch (cause) {
    const what = 'url' in place ? 'the Redis' : place.module;
    throw new Error(`the warm tier's store ${what} is not taken by Keyv: ${cause}`, { cause });
  }
}

async function redis(url: string): Promise<KeyvStoreAdapter> {
  const { default: KeyvRedis } = await import('@keyv/redis');
  // Commands that wait for a connection would hold queries; misses are better.
  const waitsForNothing = { disableOfflineQueue: true, commandsQueueMaxLength: MAX_COMMANDS };
  return new KeyvRedis(
    { url, ...waitsForNothing, socket: { connectTimeout: CONNECT_MS } },
    {
      namespace: NAMESPACE,
      throwOnConnectError: false,
      throwOnErrors: true,
      connectionTimeout: CONNECT_MS,
    },
  );
}

/** What a module brings; nothing is made of it, or connected. Rejects when it cannot be loaded or brings no store. */
export async function loadStore({ module, folder }: StoreModule): Promise<object> {
  const why = whatOf(module);
  let exported: unknown;
  try {
    exported = ((await import(hrefOf(module, folder))) as { default?: unknown }).default;
  } catch (cause) {
    const [reason] = `${cause instanceof Error ? cause.message : cause}`.split('\n');
    throw new Error(`${why} cannot be loaded: ${reason}`, { cause });
  }
  if (typeof exported === 'function' || isAdapter(exported)) return exported;
  throw noStore(why);
}

async function brought(place: StoreModule): Promise<KeyvStoreAdapter> {
  const exported = await loadStore(place);
  const why = whatOf(place.module);
  const store = typeof exported === 'function' ? await made(exported, place.uri, why) : exported;
  if (isAdapter(store)) return store;
  throw noStore(why);
}

function whatOf(module: string): string {
  return `the warm tier's store ${module}`;
}

function noStore(why: string): Error {
  const wanted = 'a Keyv storage adapter (get, set, delete, clear), or a class or function that makes one';
  return new Error(`${why} does not bring a store: its default export is to be ${wanted}`);
}

/** A class is constructed, a function called, as the adapters of Keyv are classes and small ones need not be. */
async function made(exported: object, uri: string | undefined, why: string): Promise<unknown> {
  const given = uri === undefined ? [] : [uri];
  const isClass = /^class\b/.test(Function.prototype.toString.call(exported));
  try {
    return isClass
      ? Reflect.construct(exported as new () => unknown, given)
      : await Reflect.apply(exported as () => unknown, undefined, given);
  } catch (cause) {
    throw new Error(`${why} could not be made: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function isAdapter(store: unknown): store is KeyvStoreAdapter {
  if (typeof store !== 'object' || store === null) return false;
  return ['get', 'set', 'delete', 'clear'].every((name) => typeof Reflect.get(store, name) === 'function');
}

/** Packages are found from the folder first, then beside this program. */
function hrefOf(module: string, folder: string): string {
  if (isAbsolute(module)) return pathToFileURL(module).href;
  try {
    return pathToFileURL(createRequire(join(folder, 'here.js')).resolve(module)).href;
  } catch {
    return import.meta.resolve(module);
  }
}

/** Keyv takes a Map and never bounds it. */
class LeastRecentlyUsed extends Map<string, unknown> {
  readonly #most: number;

  constructor(most: number) {
    super();
    this.#most = most;
  }

  override get(key: string): unknown {
    const value = super.get(key);
    if (value === undefined) return undefined;
    super.delete(key);
    super.set(key, value);
    return value;
  }

  override set(key: string, value: unknown): this {
    super.delete(key);
    super.set(key, value);
    if (this.size > this.#most) {
      const oldest = super.keys().next();
      if (!oldest.done) super.delete(oldest.value);
    }
    return this;
  }
}
