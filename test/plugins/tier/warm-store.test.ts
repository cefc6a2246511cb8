/** Answers kept in a store that a module brings: how it is loaded, and what it may do without an answer becoming wrong. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEntries } from '../../../plugins/tier/warm-entries.ts';
import { temporaryFolder } from '../../support/children.ts';
import { handClock } from '../../support/hand-clock.ts';
import { check, MODEL, NO, warming, YES } from './warming.ts';

const HIT = { answer: YES, modelId: MODEL.id, cached: true };
const MISS = { declined: 'miss' };

/** A module whose store is this process's `globalThis[name]`, so that a test can reach into it. */
function moduleOf(code: string) {
  const folder = temporaryFolder('warm-store');
  const module = join(folder, 'cache.mjs');
  writeFileSync(module, code);
  return { module, folder };
}

const SMALL = `{
  values: new Map(),
  async get(key) { return this.values.get(key); },
  async set(key, value) { this.values.set(key, value); },
  async delete(key) { return this.values.delete(key); },
  async clear() { this.values.clear(); },
}`;

interface Small {
  readonly values: Map<string, string>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  disconnect?(): Promise<unknown>;
}

let made = 0;

/** A tier with such a store, and the store. */
async function withStore() {
  made += 1;
  const name = `warmStore${made}`;
  const place = moduleOf(`export default globalThis.${name} = ${SMALL}`);
  const warm = await warming({ place });
  return { ...warm, store: Reflect.get(globalThis, name) as Small };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a store is brought by a module', () => {
  test.each([
    ['an adapter', `export default ${SMALL}`],
    [
      'a class',
      `class Small { constructor() { Object.assign(this, ${SMALL}) } get(k) {} set() {} delete() {} clear() {} }
      export default Small`,
    ],
    ['a function', `export default async (uri) => (${SMALL})`],
  ])('that exports %s', async (_, code) => {
    const { ask, learn } = await warming({ place: { ...moduleOf(code), uri: 'x://y' } });
    await learn();
    await settled();
    expect(await ask()).toEqual(HIT);
  });

  test('with what it is given', async () => {
    const place = moduleOf(`export default (uri) => { globalThis.warmGiven = uri; return ${SMALL}; }`);
    await warming({ place: { ...place, uri: 'db://secret' } });
    expect(Reflect.get(globalThis, 'warmGiven')).toBe('db://secret');
  });

  test.each([
    ['is not there', undefined, /cannot be loaded: Cannot find/],
    ['has a mistake', 'export default {', /cannot be loaded: /],
    ['fails', 'throw new Error("no disk")', /cannot be loaded: no disk/],
    ['exports nothing', 'export const a = 1', /does not bring a store: its default export is to be a Keyv/],
    ['exports something else', 'export default { get() {} }', /does not bring a store/],
    ['makes nothing', 'export default () => undefined', /does not bring a store/],
    [
      'makes what Keyv does not take',
      `export default { ...${SMALL}, iterator() {}, opts: {} }`,
      /is not taken by Keyv/,
    ],
    ['cannot make it', 'export default () => { throw new Error("no login") }', /could not be made: no login/],
  ])('which %s: the start ends with these words', async (_, code, words) => {
    const place = code === undefined ? { module: '/nowhere/cache.js', folder: '/' } : moduleOf(code);
    await expect(warming({ place })).rejects.toThrow(words);
    await expect(warming({ place })).rejects.toThrow(place.module);
  });
});

describe('a store that lies is a miss', () => {
  const OTHER = check('island:1#owner@user:anne');

  test.each<[string, (values: Map<string, string>) => void]>([
    ['garbage', (values) => values.forEach((_, key) => void values.set(key, 'garbage'))],
    [
      'an answer that it made up',
      (values) => values.forEach((text, key) => void values.set(key, forged(text))),
    ],
    ['the answer to another question', (values) => swap(values)],
    ['nothing', (values) => values.clear()],
  ])('that gives %s', async (_, lie) => {
    const { ask, learn, store, told } = await withStore();
    await learn(NO);
    await learn(YES, OTHER);
    await settled();
    expect(await ask()).toMatchObject({ answer: NO });
    lie(store.values);
    expect(await ask()).toMatchObject(MISS);
    expect(await ask(OTHER)).toMatchObject(MISS);
    expect(told.filter((word) => word === 'hit')).toHaveLength(1);
  });

  test('that brings back an answer from before a change', async () => {
    const { ask, learn, change, store } = await withStore();
    await learn(YES);
    await settled();
    const before = new Map(store.values);
    change('document#viewer');
    await learn(NO);
    await settled();
    for (const [key, text] of before) store.values.set(key, text);
    expect(await ask()).toMatchObject(MISS);
  });

  test('that keeps an answer longer than its time, and whatever the wall clock says', async () => {
    const { ask, learn, clock } = await withStore();
    await learn(YES);
    await settled();
    clock.setWall(0);
    expect(await ask()).toEqual(HIT);
    await clock.pass(60_000);
    expect(await ask()).toMatchObject(MISS);
  });

  test('that does not take out what an operator dropped', async () => {
    const { ask, learn, tier, store, clock } = await withStore();
    await learn(YES);
    await settled();
    store.delete = async () => {
      throw new Error('read only');
    };
    const key = [...store.values.keys()][0]?.split('.').at(-1) ?? '';
    expect(key).toMatch(/^[0-9A-Z]{26}_/);
    expect(await ask()).toEqual(HIT);
    tier.invalidate?.(key);
    await settled();
    await clock.pass(1_000);
    await learn(NO);
    await settled();
    expect(await ask()).toMatchObject({ answer: NO });
  });
});

describe('a store in trouble', () => {
  async function opened(store: Partial<Small>) {
    made += 1;
    const name = `warmTrouble${made}`;
    const place = moduleOf(`export default globalThis.${name} = ${SMALL}`);
    const clock = handClock();
    const failures: string[] = [];
    const failed = (error: unknown) => void failures.push(String(error));
    const entries = await openEntries({ maxEntries: 1, place, clock, failed });
    const inner = Reflect.get(globalThis, name) as Small;
    return { entries, clock, failures, inner: Object.assign(inner, store) };
  }
  const never = () => new Promise<never>(() => {});

  test('is waited for once, then left alone for a second', async () => {
    let asked = 0;
    const { entries, clock, failures } = await opened({
      get: () => {
        asked += 1;
        return never();
      },
    });
    const first = entries.get('a');
    await clock.pass(100);
    expect(await first).toBeUndefined();
    expect(failures.join()).toContain('did not answer within 100 ms');
    expect(await entries.get('b')).toBeUndefined();
    expect(asked).toBe(1);
    await clock.pass(1_000);
    const second = entries.get('c');
    expect(await entries.get('d')).toBeUndefined();
    await clock.pass(100);
    expect(await second).toBeUndefined();
    expect(asked).toBe(2);
  });

  test('that throws is told once a failure, and used again when it is well', async () => {
    const { entries, clock, failures, inner } = await opened({
      get: async () => {
        throw new Error('cut');
      },
    });
    expect(await entries.get('a')).toBeUndefined();
    expect(failures).toEqual(['Error: cut']);
    inner.get = async (key) => inner.values.get(key);
    await clock.pass(1_000);
    await entries.get('a');
    entries.set('a', { answer: YES, modelId: 'm', stamp: 1 }, 1_000);
    await settled();
    expect(inner.values.size).toBe(1);
    expect(await entries.get('a')).toEqual({ answer: YES, modelId: 'm', stamp: 1 });
  });

  test('that never ends a write does not make the process grow', async () => {
    let writes = 0;
    const { entries } = await opened({
      set: () => {
        writes += 1;
        return never();
      },
    });
    for (let n = 0; n < 5_000; n += 1) entries.set(`${n}`, { answer: YES, modelId: 'm', stamp: 1 }, 60_000);
    await settled();
    expect(writes).toBe(1_000);
    expect(await entries.get('999')).toBeDefined();
    expect(await entries.get('1000')).toBeUndefined();
  });

  test('that does not end does not keep the process from ending', async () => {
    const { entries, clock } = await opened({ disconnect: never });
    const closing = entries.close();
    await clock.pass(1_000);
    await closing;
  });
});

function forged(text: string): string {
  const made = text.replace(/(allowed\\":)(true|false)/, (_, before, said) => before + (said !== 'true'));
  if (made === text) throw new Error(`nothing to forge in ${text}`);
  return made;
}

function swap(values: Map<string, string>): void {
  const [[a, atA] = ['', ''], [b, atB] = ['', '']] = [...values];
  values.set(a, atB).set(b, atA);
}
