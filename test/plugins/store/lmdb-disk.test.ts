/** What the store on disk promises beyond the suite: crashes, restarts, and folders that are not its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLmdbStore } from '../../../plugins/store/lmdb.ts';
import { openEnv } from '../../../plugins/store/lmdb-env.ts';
import { Records } from '../../../plugins/store/lmdb-records.ts';
import { byKey } from '../../../src/fga/tuple.ts';
import { STORE, stateAt, tuple, viewOf } from '../../contract/store-data.ts';
import { chance } from '../../support/chance.ts';
import { temporaryFolder } from '../../support/children.ts';
import { generation, STORES } from './lmdb-generations.ts';

/** A small file system of one's own takes root. */
const mayMount = platform() === 'linux' && process.getuid?.() === 0 && canMount();

describe('the store on disk', () => {
  let path: string;
  beforeEach(() => {
    path = temporaryFolder('store');
  });
  afterEach(() => rmSync(path, { recursive: true, force: true }));

  it('has everything after it was closed and opened again', async () => {
    const model = { id: '01J1', schema_version: '1.1', type_definitions: [{ type: 'user' }] };
    const writes = Array.from({ length: 100 }, (_, i) => tuple(`user:${i}`, 'doc:1'));
    const first = await openLmdbStore({ path });
    await first.commit([{ storeId: STORE, writes, models: [model], state: stateAt(5) }], LOG);
    await first.close();
    const again = await openLmdbStore({ path });
    expect([...again.all(STORE)]).toEqual([...writes].sort(byKey));
    expect(again.state(STORE)).toEqual(stateAt(5));
    expect(again.logPosition()).toEqual(LOG);
    expect(viewOf(again).model('01J1')).toEqual(model);
    expect(again.count(STORE)).toBe(100);
    expect(again.bytes()).toBeGreaterThan(0);
    await again.close();
  });

  it('holds whole commits only, and each acknowledged one, when the writer is killed again and again', async () => {
    const random = chance(3);
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const acknowledged = await killedWriter(path, 20 + random.below(120));
      const store = await openLmdbStore({ path });
      const revision = store.state(STORE)?.head.revision ?? 0;
      expect(revision).toBeGreaterThanOrEqual(acknowledged);
      expect(revision).toBeGreaterThan(last);
      expect(store.logPosition()).toEqual({ logId: 'log', position: `${revision}` });
      const wanted = generation(revision).sort(byKey);
      for (const storeId of STORES) {
        expect(store.state(storeId)).toEqual(stateAt(revision));
        expect([...store.all(storeId)]).toEqual(wanted);
        expect(store.count(storeId)).toBe(wanted.length);
        for (const one of wanted) {
          const view = store.view(storeId);
          expect([...(view?.byUser(one.user, 'viewer', 'doc') ?? [])]).toHaveLength(3);
        }
      }
      last = revision;
      await store.close();
    }
  }, 60_000);

  it('is not opened while another process, or this one, has it open', async () => {
    const store = await openLmdbStore({ path });
    await expect(openLmdbStore({ path })).rejects.toThrow(`in use by process ${process.pid}`);
    await store.close();
    const child = await startWriter(path);
    await expect(openLmdbStore({ path })).rejects.toThrow(`in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await openLmdbStore({ path })).close();
  });

  it('is opened by one of several that start at once after a crash', async () => {
    await killedWriter(path, 10);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => openLmdbStore({ path })));
    const opened = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(opened).toHaveLength(1);
    for (const store of opened) await store.close();
  });

  it('may lie in a folder whose path is longer than a socket address', async () => {
    const deep = join(path, 'x'.repeat(100), 'y'.repeat(100));
    const store = await openLmdbStore({ path: deep });
    await expect(openLmdbStore({ path: deep })).rejects.toThrow('in use');
    await store.close();
  });

  it('refuses data of another layout, naming the folder and what to do', async () => {
    await (await openLmdbStore({ path })).close();
    const raw = open({ path, noSubdir: false, encoding: 'binary', keyEncoding: 'binary' });
    await raw.put(Buffer.from('layout'), Buffer.from('rsfga-edge 99'));
    await raw.close();
    const refusal = openLmdbStore({ path });
    await expect(refusal).rejects.toThrow(/"rsfga-edge 99".*remove the folder/);
    await expect(refusal).rejects.toThrow(path);
  });

  it('refuses the database of another program, a file that is none, and a path that is a file', async () => {
    const raw = open({ path, noSubdir: false, encoding: 'binary', keyEncoding: 'binary' });
    await raw.put(Buffer.from('accounts'), Buffer.from('x'));
    await raw.close();
    await expect(openLmdbStore({ path })).rejects.toThrow(/another program/);
    const garbage = join(path, 'garbage');
    mkdirSync(garbage);
    writeFileSync(join(garbage, 'data.mdb'), Buffer.alloc(20_000, 'no database'));
    await expect(openLmdbStore({ path: garbage })).rejects.toThrow(
      /garbage cannot be opened.*remove the folder/,
    );
    await expect(openLmdbStore({ path: join(garbage, 'data.mdb') })).rejects.toThrow(/cannot be made/);
  });

  it.runIf(platform() === 'linux')('refuses a folder where none can be made', () => {
    const module = new URL('../../../plugins/store/lmdb-folder.ts', import.meta.url).href;
    const script = `import { prepareFolder } from '${module}'; prepareFolder('/proc/rsfga/data');`;
    // In a process of its own: what never returns cannot be given up from within.
    const patience = { timeout: 10_000, killSignal: 'SIGKILL' } as const;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], patience);
    expect(run.signal).toBeNull();
    expect(run.stderr.toString()).toContain('/proc/rsfga/data of the store cannot be made');
  });

  it('refuses a tuple that no OpenFGA can hold, and writes nothing of that commit', async () => {
    const store = await openLmdbStore({ path });
    const good = tuple('user:a', 'doc:1');
    for (const bad of [
      tuple('user:a', 'nocolon'),
      tuple('user:\0', 'doc:1'),
      tuple(`user:${'x'.repeat(3000)}`, 'doc:1'),
    ]) {
      const edit = { storeId: STORE, writes: [good, bad], state: stateAt(1) };
      await expect(store.commit([edit], LOG)).rejects.toThrow(/no store can hold/);
    }
    expect(store.stores()).toEqual([]);
    expect(store.logPosition()).toBeUndefined();
    await store.commit([{ storeId: STORE, deletes: [tuple('user:a', 'nocolon')], state: stateAt(1) }]);
    expect(store.count(STORE)).toBe(0);
    await store.close();
  });

  it('takes commits of other stores while it removes a large one', async () => {
    const store = await openLmdbStore({ path });
    const [large = '', other = ''] = STORES;
    const writes = Array.from({ length: 20_000 }, (_, i) => tuple(`user:${i}`, `doc:${i}`));
    await store.commit([{ storeId: large, writes, state: stateAt(1) }]);
    let removed = false;
    const removing = store.drop(large).then(() => {
      removed = true;
    });
    await store.commit([{ storeId: other, state: stateAt(2) }]);
    expect(removed).toBe(false);
    expect(store.stores()).toEqual([other]);
    await removing;
    await store.commit([{ storeId: large, state: stateAt(3) }]);
    expect([store.count(large), ...store.all(large)]).toEqual([0]);
    await store.close();
  });

  it('finishes a removal that a crash cut short', async () => {
    const writes = Array.from({ length: 6000 }, (_, i) => tuple(`user:${i}`, `doc:${i}`));
    const store = await openLmdbStore({ path });
    await store.commit([{ storeId: STORE, writes, state: stateAt(1) }]);
    await store.close();
    const cut = await openEnv({ path });
    const records = new Records(cut.meta);
    await cut.write(records.putDropping(STORE, records.store(STORE)?.number ?? 0), () => false);
    await cut.close();
    const again = await openLmdbStore({ path });
    expect(again.stores()).toEqual([]);
    await again.close();
    const left = await openEnv({ path });
    const everything = { start: '\0', end: '\u00ff' };
    expect([...left.objects.getKeys(everything), ...left.users.getKeys(everything)]).toEqual([]);
    expect(new Records(left.meta).dropping()).toEqual([]);
    await left.close();
  });

  it.skipIf(!mayMount)(
    'refuses a commit on a full disk, keeps what it has, and goes on when there is room',
    async () => {
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', path]);
      try {
        let store = await openLmdbStore({ path });
        const batch = (round: number) =>
          Array.from({ length: 500 }, (_, i) => tuple(`user:${i}`, `doc:${i}-${round}`));
        let kept = 0;
        const fill = async () => {
          for (; kept < 100; kept++) {
            await store.commit([{ storeId: STORE, writes: batch(kept), state: stateAt(kept + 1) }]);
          }
        };
        await expect(fill()).rejects.toThrow(/could not commit/);
        expect(store.state(STORE)).toEqual(stateAt(kept));
        expect([...store.all(STORE)]).toHaveLength(kept * 500);
        spawnSync('mount', ['-o', 'remount,size=30m', path]);
        await store.commit([{ storeId: STORE, writes: batch(kept), state: stateAt(kept + 1) }]);
        await store.close();
        store = await openLmdbStore({ path });
        expect(store.state(STORE)).toEqual(stateAt(kept + 1));
        expect(store.count(STORE)).toBe((kept + 1) * 500);
        await store.close();
      } finally {
        spawnSync('umount', [path]);
      }
    },
  );

  it('refuses commits once it is closed', async () => {
    const store = await openLmdbStore({ path });
    await Promise.all([store.close(), store.close()]);
    await expect(store.commit([{ storeId: STORE, state: stateAt(1) }])).rejects.toThrow('closed');
  });
});

const LOG = { logId: 'log', position: '9' };

function canMount(): boolean {
  const folder = temporaryFolder('mount');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}

/** Starts a writer, waits for its first commit, kills it after some milliseconds; the last generation that it said was stored. */
async function killedWriter(path: string, afterMs: number): Promise<number> {
  const child = await startWriter(path);
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await setTimeout(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
  return Number(said.split('\n').slice(0, -1).at(-1) ?? 0);
}

async function startWriter(path: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'lmdb-generations.ts');
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  return child;
}
