/**
 * What every change log promises to those who read it. Run by each plugin's own test file:
 *
 *     changeLogReaderContract('memory', async () => ({ log, change, another, close }))
 */
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeLog } from '../../src/plugin/changelog.ts';
import {
  applied,
  commitsOf,
  partsIn,
  type ReaderFixture,
  readUntil,
  sizeOf,
  touchedObjects,
  tuple,
} from './changelog-chain.ts';
import { changeLogLifeContract } from './changelog-life.ts';

export function changeLogReaderContract(name: string, open: () => Promise<ReaderFixture>): void {
  changeLogLifeContract(name, open);
  describe(`${name}: reading`, () => {
    let fixture: ReaderFixture;
    let log: ChangeLog;
    let storeId: string;

    beforeEach(async () => {
      fixture = await open();
      log = fixture.log;
      storeId = ulid();
    });
    afterEach(() => fixture.close());

    /** Where a follower of the store would begin. */
    async function begin(...stores: readonly string[]): Promise<string> {
      for (const store of stores) await fixture.attach?.(store);
      return (await log.reader.state()).last;
    }
    const whole = (store = storeId) => [{ storeId: store }];
    const commits = (count: number) => (all: Parameters<typeof commitsOf>[0]) =>
      commitsOf(all).length >= count;

    it('delivers each transaction whole, in order, as a chain', async () => {
      const after = await begin(storeId);
      for (let at = 0; at < 20; at += 1) {
        await fixture.change(storeId, { writes: [tuple(`doc:${at}`), tuple(`folder:${at}`)] });
        if (at % 5 === 4) await settled(log, storeId, after, at + 1);
      }
      const all = await readUntil(log, { after, filters: whole() }, (seen) => applied(seen).size === 40);
      let previous: string | undefined;
      for (const commit of commitsOf(all)) {
        if (previous !== undefined) expect(commit.previousCommitId).toBe(previous);
        previous = commit.commitId;
        const parts = partsIn(all).filter((part) => part.commitId === commit.commitId);
        expect(parts.map((part) => part.tuples.length)).toEqual(commit.parts.map((part) => part.count));
      }
      const revisions = commitsOf(all).map((commit) => commit.revision);
      expect(revisions).toEqual(revisions.map((_, at) => (revisions[0] ?? 0) + at));
      const positions = all.map(({ position }) => position);
      for (let at = 1; at < positions.length; at += 1)
        expect(log.reader.isBefore(positions[at - 1] ?? '', positions[at] ?? '')).toBe(true);
    });

    it('delivers exactly what comes after a position', async () => {
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const first = await readUntil(log, { after, filters: whole() }, commits(1));
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      await fixture.change(storeId, { deletes: [tuple('doc:1')] });
      const resumed = first.at(-1)?.position ?? '';
      const rest = await readUntil(log, { after: resumed, filters: whole() }, (all) => sizeOf(all) === 2);
      expect(touchedObjects(rest)).toEqual(['doc:2', 'doc:1']);
      const again = await readUntil(log, { after, filters: whole() }, (all) => sizeOf(all) === 3);
      expect([...applied(again).keys()]).toEqual(['doc:2#viewer@user:anne']);
    });

    it('delivers what is there and then what comes, without waiting for a batch to fill', async () => {
      const after = await begin(storeId);
      const reading = readUntil(log, { after, filters: whole() }, (all) => applied(all).size === 2);
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      await new Promise((resolve) => setTimeout(resolve, 50));
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      expect(applied(await reading).size).toBe(2);
    });

    it('delivers the stores that are asked for and no others', async () => {
      const other = ulid();
      const after = await begin(storeId, other);
      await fixture.change(other, { writes: [tuple('doc:other')] });
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const all = await readUntil(log, { after, filters: whole() }, commits(1));
      expect(new Set(all.map(({ message }) => message.storeId))).toEqual(new Set([storeId]));
      const both = [{ storeId }, { storeId: other }];
      expect(applied(await readUntil(log, { after, filters: both }, commits(2))).size).toBe(2);
    });

    it('delivers the parts of the types that are asked for, and every commit with its list of parts', async () => {
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: [tuple('doc:1'), tuple('folder:1'), tuple('group:1')] });
      const filters = [{ storeId, objectTypes: ['doc', 'group'] }];
      const all = await readUntil(log, { after, filters }, commits(1));
      expect(partsIn(all).map((part) => part.objectType)).toEqual(['doc', 'group']);
      expect(commitsOf(all)[0]?.parts.map((part) => part.objectType)).toEqual(['doc', 'folder', 'group']);
      const none = await readUntil(log, { after, filters: [{ storeId, objectTypes: [] }] }, commits(1));
      expect(partsIn(none)).toEqual([]);
    });

    it('carries type names that a broker would misread', async () => {
      const names = ['a.b', '*', '>', 'a>b', 'wéird', '名前', 'a%2Eb', 'x'.repeat(254), '🙂'.repeat(254)];
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: names.map((type) => tuple(`${type}:1`)) });
      const all = await readUntil(
        log,
        { after, filters: whole() },
        (seen) => applied(seen).size === names.length,
      );
      expect(partsIn(all).map((part) => part.objectType)).toEqual(names);
      for (const type of names) {
        const one = await readUntil(log, { after, filters: [{ storeId, objectTypes: [type] }] }, commits(1));
        expect(partsIn(one).map((part) => part.objectType)).toEqual([type]);
      }
    });

    it('keeps conditions and their context', async () => {
      const context = { ip: '10.0.0.1', list: ['one', '🙂'], number: 1.5, nested: { deep: true } };
      const conditioned = { ...tuple('doc:1'), condition: { name: 'in_office', context } };
      const bare = { ...tuple('doc:2'), condition: { name: 'always' } };
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: [conditioned, bare] });
      const all = await readUntil(log, { after, filters: whole() }, commits(1));
      expect(partsIn(all)[0]?.tuples).toEqual([conditioned, bare]);
    });

    it('delivers nothing when nothing is asked for, and ends when told to', async () => {
      const after = await begin(storeId);
      const stop = new AbortController();
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const batch of log.reader.read({ after, filters: [], signal: stop.signal }))
          seen.push(batch);
      })();
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      await new Promise((resolve) => setTimeout(resolve, 100));
      stop.abort();
      await reading;
      expect(seen).toEqual([]);
    });

    it('ends a waiting reader when told to, and one that is told to before it begins', async () => {
      const after = await begin(storeId);
      const stop = new AbortController();
      const reading = (async () => {
        for await (const _ of log.reader.read({ after, filters: whole(), signal: stop.signal }));
        return 'ended';
      })();
      await new Promise((resolve) => setTimeout(resolve, 50));
      stop.abort();
      expect(await reading).toBe('ended');
      for await (const _ of log.reader.read({ after, filters: whole(), signal: stop.signal }))
        expect.unreachable();
    });

    it('ends a reader that is told to at any moment of its beginning', async () => {
      const after = await begin(storeId);
      for (let turns = 0; turns < 40; turns += 1) {
        const stop = new AbortController();
        const reading = (async () => {
          for await (const _ of log.reader.read({ after, filters: whole(), signal: stop.signal }));
        })();
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        stop.abort();
        // A reader that did not hear of it waits for a message that never comes: the test's own time limit shows it.
        await reading;
      }
    });

    it('loses nothing when the filters change between two readings', async () => {
      const other = ulid();
      const after = await begin(storeId, other);
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const first = await readUntil(log, { after, filters: whole() }, commits(1));
      log.reader.applied(first.at(-1)?.position ?? '');
      await fixture.change(other, { writes: [tuple('doc:other')] });
      await fixture.change(storeId, { writes: [tuple('doc:2')] });
      const both = [{ storeId }, { storeId: other }];
      const rest = await readUntil(
        log,
        { after: first.at(-1)?.position ?? '', filters: both },
        (all) => sizeOf(all) >= 2,
      );
      expect(touchedObjects(rest).sort()).toEqual(['doc:2', 'doc:other']);
    });

    it('names the head of a store and where it was said', async () => {
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const all = await readUntil(log, { after, filters: whole() }, commits(1));
      const commit = commitsOf(all)[0];
      const logged = await log.reader.head(storeId);
      expect(logged?.head).toEqual({
        epoch: commit?.epoch,
        revision: commit?.revision,
        commitId: commit?.commitId,
      });
      // A log that walks by itself may stand further on than its last message.
      if (log.writer) expect(logged?.checkpoint).toBe(commit?.checkpoint);
      expect(logged?.position).toBe(all.at(-1)?.position);
    });

    it('knows the order of positions and that the last one moves', async () => {
      const after = await begin(storeId);
      await fixture.change(storeId, { writes: [tuple('doc:1')] });
      const all = await readUntil(log, { after, filters: whole() }, commits(1));
      const state = await log.reader.state();
      expect(log.reader.isBefore(after, state.last)).toBe(true);
      expect(log.reader.isBefore('', state.last)).toBe(true);
      expect(log.reader.isBefore(state.last, '')).toBe(false);
      expect(log.reader.isBefore(state.last, state.last)).toBe(false);
      expect(log.reader.isBefore(state.last, all.at(-1)?.position ?? '')).toBe(false);
      expect((await log.reader.state()).logId).toBe(state.logId);
    });
  });
}

/** Waits until the log holds this many changes of the store. */
async function settled(log: ChangeLog, storeId: string, after: string, changes: number): Promise<void> {
  await readUntil(log, { after, filters: [{ storeId }] }, (all) => applied(all).size === 2 * changes);
}
