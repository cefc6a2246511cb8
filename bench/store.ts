/**
 * What a local store does in a second, on one core: `node bench/store.ts [lmdb|memory] [tuples]`.
 * Data: documents with two viewers each, one of them often a group; groups of 40; one group of a hundred thousand.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore } from '../plugins/store/lmdb.ts';
import { openMemoryStore } from '../plugins/store/memory.ts';
import type { Tuple } from '../src/fga/tuple.ts';
import type { StoreState, StoreView, TupleStore } from '../src/plugin/store.ts';

const STORE = '01J0000000000000000000000A';
const STATE: StoreState = {
  head: { epoch: 'e', revision: 1, commitId: 'c' },
  phase: 'complete',
  position: '1',
  freshAtMs: 0,
  checkpoint: '',
};
const BIG_GROUP = 100_000;

const [kind = 'lmdb', size = '1000000'] = process.argv.slice(2);
const total = Number(size);
const folder = mkdtempSync(join(tmpdir(), 'store-bench-'));
const open = (): Promise<TupleStore> =>
  kind === 'memory' ? openMemoryStore() : openLmdbStore({ path: folder });

const random = createRandom(7);
const tuples = shuffled(dataset(total));
let store = await open();

await loaded();
if (kind === 'lmdb') await reopened();
reads();
await changes(1);
await changes(100);
await changes(1000);
await store.close();
rmSync(folder, { recursive: true, force: true });

async function loaded(): Promise<void> {
  const started = performance.now();
  const chunk = 20_000;
  for (let at = 0; at < tuples.length; at += chunk) {
    await store.commit([{ storeId: STORE, writes: tuples.slice(at, at + chunk), state: STATE }]);
  }
  const seconds = (performance.now() - started) / 1000;
  report('load, unsorted, 20 000 a commit', tuples.length / seconds);
  const rss = Math.round(process.memoryUsage().rss / 1e6);
  console.log(`  ${tuples.length} tuples, ${Math.round(store.bytes() / 1e6)} MB stored, ${rss} MB resident`);
}

async function reopened(): Promise<void> {
  await store.close();
  const started = performance.now();
  store = await open();
  const first = viewOf(store).tuple('document:1', 'viewer', 'user:1');
  console.log(`  reopened in ${(performance.now() - started).toFixed(1)} ms (${first ? 'hit' : 'miss'})`);
}

function reads(): void {
  const documents = Math.floor(total / 2);
  const document = () => `document:${Math.floor(random() * documents)}`;
  measure('view', 300_000, () => viewOf(store));
  const view = viewOf(store);
  const sample = Array.from(
    { length: 65_536 },
    () => tuples[Math.floor(random() * tuples.length)] ?? first(),
  );
  measure('exact, hit', 500_000, (i) => {
    const key = sample[i & 65_535] ?? first();
    return view.tuple(key.object, key.relation, key.user);
  });
  measure('exact, miss', 500_000, (i) => {
    const key = sample[i & 65_535] ?? first();
    return view.tuple(key.object, key.relation, 'user:nobody');
  });
  measure('exact in the large group', 300_000, () =>
    view.tuple('group:big', 'member', `user:${Math.floor(random() * BIG_GROUP)}`),
  );
  measure('usersets', 300_000, () => length(view.usersets(document(), 'viewer')));
  measure('usersets of nothing', 300_000, () => length(view.usersets(document(), 'owner')));
  measure('exact + wildcard + usersets of one row', 300_000, () => {
    const object = document();
    view.tuple(object, 'viewer', 'user:1');
    view.tuple(object, 'viewer', 'user:*');
    return length(view.usersets(object, 'viewer'));
  });
  measure('tuples of a group of 40', 50_000, () =>
    length(view.tuples(`group:${Math.floor(random() * 5000)}`, 'member')),
  );
  measure('tuples of the large group', 5, () => length(view.tuples('group:big', 'member')));
  measure('byUser', 50_000, () =>
    length(view.byUser(`user:${Math.floor(random() * 50_000)}`, 'viewer', 'document')),
  );
}

async function changes(perCommit: number): Promise<void> {
  const rounds = Math.min(400, Math.ceil(20_000 / perCommit));
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round++) {
    const writes = Array.from({ length: perCommit }, (_, i) => ({
      user: `user:${Math.floor(random() * 50_000)}`,
      relation: 'viewer',
      object: `document:new-${round}-${i}`,
    }));
    await store.commit([{ storeId: STORE, writes, state: STATE }], { logId: 'l', position: `${round}` });
  }
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  report(`changes, ${perCommit} a commit`, (rounds * perCommit) / seconds);
  console.log(`  ${((used.user + used.system) / rounds / perCommit).toFixed(1)} µs of CPU each`);
}

function dataset(count: number): Tuple[] {
  const list: Tuple[] = [];
  for (let i = 0; i < Math.min(BIG_GROUP, count / 10); i++) {
    list.push({ user: `user:${i}`, relation: 'member', object: 'group:big' });
  }
  for (let i = 0; i < count / 5; i++) {
    list.push({ user: `user:${i % 50_000}`, relation: 'member', object: `group:${Math.floor(i / 40)}` });
  }
  for (let i = 0; list.length < count; i++) {
    list.push({ user: `user:${Math.floor(random() * 50_000)}`, relation: 'viewer', object: `document:${i}` });
    const group = `group:${Math.floor(random() * 5000)}#member`;
    list.push({ user: group, relation: 'viewer', object: `document:${i}` });
  }
  return list;
}

function measure(name: string, times: number, read: (i: number) => unknown): void {
  for (let i = 0; i < times / 10; i++) read(i);
  const started = performance.now();
  for (let i = 0; i < times; i++) read(i);
  report(name, (times * 1000) / (performance.now() - started));
}

function report(name: string, perSecond: number): void {
  console.log(`${name.padEnd(42)} ${Math.round(perSecond).toLocaleString('en').padStart(12)} /s`);
}

function viewOf(from: TupleStore): StoreView {
  const view = from.view(STORE);
  if (view === undefined) throw new Error('nothing was loaded');
  return view;
}

function length(list: Iterable<unknown>): number {
  let count = 0;
  for (const _ of list) count += 1;
  return count;
}

function first(): Tuple {
  const [tuple] = tuples;
  if (tuple === undefined) throw new Error('no data');
  return tuple;
}

function shuffled<T>(list: T[]): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [list[i], list[j]] as [T, T];
    list[i] = b;
    list[j] = a;
  }
  return list;
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
