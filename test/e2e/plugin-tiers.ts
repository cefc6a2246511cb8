/** Tiers from outside as their authors would write them: one in a file, one in a package, one that fails. */

import { modelFrom } from '../support/datasets.ts';

export const MODEL = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user]
type document
  relations
    define owner: [user]
    define blocked: [group#member]
    define viewer: owner but not blocked`);

/** Like `hot`, but for Checks alone. */
const OWN = `
const types = (value) => {
  if (!Array.isArray(value)) throw new Error('a list of object types, such as [ document ]');
  return value;
};
export default {
  options: { object_types: types },
  open: ({ object_types }, { evaluate, reach }) => ({
    keeps: { objectTypes: object_types },
    answer(query, { view }) {
      const held = view?.state.objectTypes ?? object_types;
      if (!view || !object_types.every((type) => held.includes(type))) return { declined: 'syncing' };
      if (query.method !== 'Check') return { declined: 'method' };
      const reads = reach(query, view);
      if (!reads) return { declined: 'model' };
      const missing = [...reads.types].filter((type) => !object_types.includes(type));
      if (missing.length > 0) return { declined: 'reach', detail: missing.join() + ' is not kept' };
      return evaluate(query, view);
    },
  }),
};
`;

/** Keeps no tuple; remembers what the upstream said to a Check until anything of the store changes. */
const MEMORY = `
export const tier = {
  options: {},
  async open(_, { events }) {
    const stores = new Map();
    const of = (storeId) => stores.get(storeId) ?? stores.set(storeId, new Map()).get(storeId);
    return {
      keeps: { objectTypes: [] },
      async answer(query, { view }) {
        if (!view || query.method !== 'Check' || query.consistency === 'higher_consistency')
          return { declined: 'method' };
        const modelId = query.modelId ?? view.latestModelId();
        const memory = of(query.storeId);
        const key = JSON.stringify([query, modelId]);
        if (memory.has(key)) {
          events.hit();
          return { answer: memory.get(key), modelId, cached: true };
        }
        events.miss();
        const remember = (said) => {
          if (said?.modelId === modelId && stores.get(query.storeId) === memory) memory.set(key, said.answer);
        };
        return { declined: 'miss', remember };
      },
      changing({ storeId }) { stores.delete(storeId); },
      forget(storeId) { stores.delete(storeId); },
      invalidate(key) { stores.delete(key); },
      async close() { stores.clear(); },
    };
  },
};
`;

/** What it does depends on the user that is asked about. */
const FAULTY = `
const deeds = {
  'user:throws': () => { throw new Error('it broke'); },
  'user:rejects': () => Promise.reject(new Error('it broke later')),
  'user:garbage': () => ({ allowed: true }),
  'user:yes': () => ({ answer: { method: 'Check', allowed: 'yes' } }),
  'user:hangs': () => new Promise(() => undefined),
};
export default {
  open: (_, { evaluate }) => ({
    keeps: 'everything',
    answer: (query, { view }) => deeds[query.tupleKey?.user]?.() ?? evaluate(query, view),
  }),
};
`;

/** Answers whatever it is asked from the documents alone. */
const BOLD = `
export default {
  open: (_, { evaluate }) => ({
    keeps: { objectTypes: ['document'] },
    answer: (query, { view }) => (view ? evaluate(query, view) : { declined: 'syncing' }),
  }),
};
`;

export const PLUGINS = {
  tier: {
    own: './own.js',
    memory: '@acme/memory-tier',
    faulty: './tiers/faulty.mjs',
    bold: './tiers/bold.mjs',
  },
};

export const FILES = {
  'own.js': OWN,
  'tiers/faulty.mjs': FAULTY,
  'tiers/bold.mjs': BOLD,
  'node_modules/@acme/memory-tier/package.json': JSON.stringify({
    name: '@acme/memory-tier',
    version: '1.0.0',
    type: 'module',
    exports: { import: './memory.js' },
  }),
  'node_modules/@acme/memory-tier/memory.js': MEMORY,
};

/** Both are `<epoch>.<revision>`. */
export function isPast(seen: string, wanted: string): boolean {
  const [epoch, revision] = seen.split('.');
  const [wantedEpoch, least] = wanted.split('.');
  return epoch === wantedEpoch && Number(revision) >= Number(least);
}
