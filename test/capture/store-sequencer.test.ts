import { describe, expect, test } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { keyText } from '../../src/fga/tuple.ts';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';
import { anne, bob, captured, commits, everything, folded, sequencer } from './one-store.ts';

describe('captured Writes', () => {
  test('take contiguous revisions, each naming the commit before it', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    const first = await one.handOver(captured(upstream, { writes: [anne] }));
    const second = await one.handOver(captured(upstream, { writes: [bob], deletes: [anne] }));
    expect([first.revision, second.revision]).toEqual([1, 2]);
    const [a, b] = await commits(log);
    expect(b?.previousCommitId).toBe(a?.commitId);
    expect(b?.parts).toEqual([
      { operation: 'delete', objectType: 'document', count: 1 },
      { operation: 'write', objectType: 'document', count: 1 },
    ]);
    expect(b?.touched).toEqual([{ type: 'document', relation: 'viewer' }]);
    expect(await folded(log)).toEqual([keyText(bob)]);
  });

  test('are not published again by the walk behind them', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.handOver(captured(upstream, { writes: [anne] }));
    await one.handOver(captured(upstream, { deletes: [anne] }));
    await one.barrier();
    expect(one.found).toEqual([]);
    expect((await commits(log)).map((commit) => commit.origin)).toEqual(['capture', 'capture']);
  });
});

describe('what nobody handed over', () => {
  test('a Write that bypassed the sidecar is found by the next walk', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    upstream.commit({ writes: [anne, bob] });
    const head = await one.barrier('marker-1');
    expect(head.revision).toBe(1);
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
    expect((await everything(log)).at(-1)).toMatchObject({
      kind: 'marker',
      markerId: 'marker-1',
      revision: 1,
    });
  });

  test('is published as the present state: a right that was revoked meanwhile does not flicker back', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    upstream.commit({ writes: [anne] });
    upstream.commit({ deletes: [anne] });
    await one.barrier();
    const parts = (await everything(log)).filter((message) => message.kind === 'part');
    expect(parts.map((part) => part.operation)).toEqual(['delete']);
  });

  test('a crash between commit and publish: the next sequencer goes on at the checkpoint and finds it', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const before = sequencer(upstream, log);
    await before.handOver(captured(upstream, { writes: [anne] }));
    await before.barrier();
    upstream.commit({ writes: [bob] }); // committed, and the process dies here
    const after = sequencer(upstream, log);
    await after.barrier();
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
    const epochs = new Set((await everything(log)).map((message) => message.epoch));
    expect(epochs.size).toBe(1);
  });

  test('an entry that becomes visible after later ones is found by the overlap', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    const show = upstream.commitLate({ writes: [anne] });
    upstream.commit({ writes: [bob] });
    await one.barrier();
    show();
    await one.barrier();
    expect(await folded(log)).toEqual([keyText(anne), keyText(bob)]);
  });
});

test('a log that went back to an earlier epoch is another history: what was published meanwhile is not in it', async () => {
  const upstream = createOrderedUpstream();
  const [first, second] = [createMemoryChangeLog(), createMemoryChangeLog()];
  let now = first;
  const log: ChangeLog = {
    ...first,
    reader: { ...first.reader, head: (storeId) => now.reader.head(storeId) },
    writer: { ...first.writer, append: (entry, fence) => now.writer.append(entry, fence) },
  };
  const one = sequencer(upstream, log);
  const { epoch } = await one.handOver(captured(upstream, { writes: [anne] }));
  now = second; // restarted empty
  const { epoch: later } = await one.handOver(captured(upstream, { deletes: [anne] }));
  expect(later > epoch).toBe(true);
  await one.barrier('so that its fences are others');
  now = first; // an old copy of its data was put back
  const last = await one.handOver(captured(upstream, { writes: [bob] }));
  expect(last.epoch > later).toBe(true);
});

describe('doubtful keys', () => {
  test('a hand-over older than a re-read of its key does not overwrite what was read', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    await one.barrier();
    const slow = captured(upstream, { writes: [anne] }); // its hand-over is late
    upstream.commit({ deletes: [anne] }); // a Write past the sidecar revokes it
    await one.barrier(); // the walk publishes the state: gone
    await one.handOver(slow);
    expect(await folded(log)).toEqual([]);
  });

  test('keys that were not held alone are re-read', async () => {
    const upstream = createOrderedUpstream();
    const log = createMemoryChangeLog();
    const one = sequencer(upstream, log);
    const write = captured(upstream, { writes: [anne] });
    upstream.commit({ deletes: [anne] });
    await one.handOver({ ...write, exclusive: false });
    expect(await folded(log)).toEqual([]);
  });
});

test('a model written at the upstream itself is published once', async () => {
  const upstream = createOrderedUpstream();
  const log = createMemoryChangeLog();
  const one = sequencer(upstream, log);
  const ids = ['01J00000000000000000000001', '01J00000000000000000000002'];
  for (const id of ids) {
    upstream.addModel({ id, schema_version: '1.1', type_definitions: [] });
    await one.barrier();
  }
  await one.barrier();
  const models = (await everything(log)).filter((message) => message.kind === 'model');
  expect(models.map((model) => model.modelId)).toEqual(ids);
});
