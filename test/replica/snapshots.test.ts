import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import type { SnapshotPlace } from '../../src/plugin/snapshots.ts';
import {
  complete,
  edge,
  STORE,
  same,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { conditional, take, world } from './snapshot-world.ts';

afterEach(stopAll);

/** A log whose snapshots arrive as `change` makes them. */
function altered(
  log: ChangeLog,
  change: (name: string, bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
) {
  const place = log.snapshots as SnapshotPlace;
  return {
    ...log,
    snapshots: {
      ...place,
      get: (name: string, signal: AbortSignal) => change(name, place.get(name, signal)),
    },
  };
}

describe('a new edge', () => {
  test('starts from the snapshot without reading the primary, and then holds what the upstream holds', async () => {
    const { upstream, hub, sequencer, first } = await world();
    await take(hub.open(), first);
    await writeThrough(sequencer, upstream, { writes: [tuple(5_000)], deletes: [tuple(3)] });
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, hub.open());
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).not.toHaveBeenCalled();
    expect(second.store.view(STORE)?.tuple(conditional.object, 'viewer', conditional.user)).toEqual(
      conditional,
    );
    expect(second.store.view(STORE)?.latestModelId()).toBe('01J00000000000000000000M01');
    await writeThrough(sequencer, upstream, { deletes: [conditional] });
    await until(() => same(second, upstream), 'changes go on arriving');
    expect(second.resyncs).toEqual(['new']);
  });

  test('refuses a corrupt one by name and starts from the older one', async () => {
    const { upstream, hub, sequencer, first } = await world();
    const log = hub.open();
    await take(log, first);
    await writeThrough(sequencer, upstream, { writes: [tuple(6_000)] });
    await until(() => same(first, upstream), 'the first edge has it');
    const newest = await take(log, first);
    if (!('written' in newest)) throw new Error('no second snapshot');
    const damaged = altered(hub.open(), async function* (name, bytes) {
      let at = 0;
      for await (const piece of bytes) {
        const copy = Uint8Array.from(piece);
        if (name === newest.written.name && at === 2)
          copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
        at += 1;
        yield copy;
      }
    });
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, damaged);
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).not.toHaveBeenCalled();
    expect([...(second.replica.track(STORE)?.refusedSnapshots ?? [])][0]).toContain(newest.written.name);
  });

  test.each([
    ['cut short', (all: readonly Uint8Array[]) => all.slice(0, -1)],
    ['without an entry', (all: readonly Uint8Array[]) => [...all.slice(0, 2), ...all.slice(3)]],
    ['empty', () => []],
    ['garbage', () => [Buffer.from('no snapshot at all, but long enough to look at')]],
  ])('reads the primary where the only one is %s', async (_what, change) => {
    const { upstream, hub, first } = await world();
    await take(hub.open(), first);
    const log = altered(hub.open(), async function* (_name, bytes) {
      const all: Uint8Array[] = [];
      for await (const piece of bytes) all.push(piece);
      yield* change(all);
    });
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, log);
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).toHaveBeenCalled();
  });

  test('begins an interrupted one again', async () => {
    const { upstream, hub, first } = await world();
    await take(hub.open(), first);
    let interruptions = 2;
    const log = altered(hub.open(), async function* (_name, bytes) {
      let at = 0;
      for await (const piece of bytes) {
        at += 1;
        if (at === 3 && interruptions-- > 0) throw new Error('the connection was lost');
        yield piece;
      }
    });
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, log);
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).not.toHaveBeenCalled();
  });

  test('reads the primary when the log no longer holds what follows the snapshot', async () => {
    const { upstream, hub, sequencer, first } = await world(20);
    await take(hub.open(), first);
    for (let n = 0; n < 40; n += 1) await writeThrough(sequencer, upstream, { writes: [tuple(7_000 + n)] });
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, hub.open());
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).toHaveBeenCalled();
    expect(second.resyncs).toEqual(['new']);
  });

  test('does not start from a snapshot of another log or epoch', async () => {
    const { upstream, hub, first } = await world();
    await take(hub.open(), first);
    hub.replace();
    await until(() => first.resyncs.length > 1 && complete(first), 'the first edge has copied again');
    const read = vi.spyOn(upstream, 'readTuples');
    const second = await edge(upstream, hub.open());
    await until(() => complete(second) && same(second, upstream), 'equal');
    expect(read).toHaveBeenCalled();
  });

  test('of some object types takes them out of a whole snapshot; a whole edge does not start from a part', async () => {
    const { upstream, hub, first } = await world();
    upstream.commit({ writes: [tuple(1, { object: 'folder:f' })] });
    await until(() => same(first, upstream), 'the folder is there');
    await take(hub.open(), first);
    const folders = await edge(upstream, hub.open());
    folders.replica.want([{ storeId: STORE, objectTypes: ['folder'] }]);
    await until(() => complete(folders) && folders.store.count(STORE) === 1, 'the folder alone');
    const log = hub.open();
    for (const { name } of (await log.snapshots?.list()) ?? []) await log.snapshots?.remove(name);
    expect(await take(log, folders)).toHaveProperty('written.objectTypes', ['folder']);
    const whole = await edge(upstream, hub.open());
    await until(() => complete(whole) && same(whole, upstream), 'equal');
  });
});

test('a store that an audit has copied again is read from the primary: snapshots were made of what differed', async () => {
  const { upstream, hub, first } = await world();
  const extra = Array.from({ length: 1_100 }, (_, n) => tuple(20_000 + n));
  await first.store.commit([{ storeId: STORE, writes: extra }]);
  await take(hub.open(), first);
  const report = await first.replica.audit(STORE, { repair: true, signal: new AbortController().signal });
  expect(report?.outcome).toBe('copied');
  await until(() => complete(first), 'complete again', 10_000);
  expect(same(first, upstream)).toBe(true);
}, 60_000);
