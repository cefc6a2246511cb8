/** What every change log that can be published to promises to its writers. */
import { ulid } from 'ulid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelUpdated } from '../../src/fga/change.ts';
import type { ChangeLog, ChangeLogWriter } from '../../src/plugin/changelog.ts';
import { applied, type Chain, commitsOf, createChain, partsIn, readUntil, tuple } from './changelog-chain.ts';

export interface WriterFixture {
  readonly log: ChangeLog & { readonly writer: ChangeLogWriter };
  /** Another process that writes to the same log. */
  another(): Promise<ChangeLog & { readonly writer: ChangeLogWriter }>;
  close(): Promise<void>;
}

export function changeLogWriterContract(name: string, open: () => Promise<WriterFixture>): void {
  describe(`${name}: writing`, () => {
    let fixture: WriterFixture;
    let log: WriterFixture['log'];
    let chain: Chain;

    beforeEach(async () => {
      fixture = await open();
      log = fixture.log;
      chain = createChain(ulid());
    });
    afterEach(() => fixture.close());

    const filters = () => [{ storeId: chain.storeId }];
    const count = (wanted: number) => (all: readonly unknown[]) => all.length >= wanted;

    it('gives readers what was appended, field for field', async () => {
      const { last } = await log.reader.state();
      const conditioned = { ...tuple('doc:1'), condition: { name: 'c', context: { a: [1, { b: null }] } } };
      const made = await chain.append(log.writer, { writes: [conditioned], deletes: [tuple('doc:2')] });
      const all = await readUntil(log, { after: last, filters: filters() }, count(3));
      expect(all.map(({ message }) => message)).toEqual([...made.parts, made.commit]);
    });

    it('carries a model with its JSON, an anchor and a marker', async () => {
      const { last } = await log.reader.state();
      const message = modelOf(chain);
      const outcome = await log.writer.append(message, '');
      expect(outcome).toHaveProperty('appended');
      if ('appended' in outcome) chain.moved(message, outcome.appended.fence);
      for (const entry of [chain.anchor(), chain.marker(ulid())]) {
        const next = await log.writer.append(entry, chain.fence());
        expect(next).toHaveProperty('appended');
        if ('appended' in next) chain.moved(chain.head(), next.appended.fence);
      }
      const all = await readUntil(log, { after: last, filters: filters() }, count(3));
      expect(all.map((one) => one.message.kind)).toEqual(['model', 'anchor', 'marker']);
      expect(all[0]?.message).toEqual(message);
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
      expect((await log.reader.head(chain.storeId))?.fence).toBe(chain.fence());
    });

    it('knows nothing of a store that nobody wrote about', async () => {
      expect(await log.reader.head(chain.storeId)).toBeUndefined();
    });

    it('refuses an old fence and stores nothing of the entry', async () => {
      await chain.append(log.writer, { writes: [tuple('doc:1')] });
      const fence = chain.fence();
      const { position } = (await log.reader.head(chain.storeId)) ?? {};
      const stale = chain.next({ writes: [tuple('doc:lost'), tuple('folder:lost')] });
      await chain.append(log.writer, { writes: [tuple('doc:2')] });
      expect(await log.writer.append(stale, fence)).toEqual({ refused: 'fence' });
      expect(await log.writer.append(stale, '')).toEqual({ refused: 'fence' });
      expect(await log.writer.append(chain.anchor(), fence)).toEqual({ refused: 'fence' });
      const rest = await readUntil(log, { after: position ?? '', filters: filters() }, count(2));
      expect(partsIn(rest).flatMap((part) => part.tuples)).toEqual([tuple('doc:2')]);
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
    });

    it('stores an entry once when it is appended again with the same fence', async () => {
      await chain.append(log.writer, { writes: [tuple('doc:0')] });
      const { last } = await log.reader.state();
      const entry = chain.next({ writes: [tuple('doc:1'), tuple('folder:1')] });
      const first = await log.writer.append(entry, chain.fence());
      const again = await log.writer.append(entry, chain.fence());
      expect(first).toHaveProperty('appended');
      expect(again).toEqual(first);
      if ('appended' in first) chain.moved(entry.commit, first.appended.fence);
      const marker = chain.marker(ulid());
      const once = await log.writer.append(marker, chain.fence());
      expect(await log.writer.append(marker, chain.fence())).toEqual(once);
      const all = await readUntil(log, { after: last, filters: filters() }, (seen) =>
        seen.some(({ message }) => message.kind === 'marker'),
      );
      expect(all).toHaveLength(4);
    });

    it('lets one of two writers win and tells the other', async () => {
      await chain.append(log.writer, { writes: [tuple('doc:0')] });
      const other = await fixture.another();
      const { fence } = (await other.reader.head(chain.storeId)) ?? { fence: '?' };
      const rounds = await Promise.all([
        log.writer.append(chain.next({ writes: [tuple('doc:1')] }), fence),
        other.writer.append(chain.next({ writes: [tuple('doc:2')] }), fence),
      ]);
      expect(rounds.filter((outcome) => 'appended' in outcome)).toHaveLength(1);
      expect(rounds.filter((outcome) => 'refused' in outcome)).toHaveLength(1);
      await other.close();
    });

    it('fences each store for itself', async () => {
      const other = createChain(ulid());
      await Promise.all(
        [chain, other].map(async (one) => {
          for (let at = 0; at < 5; at += 1) await one.append(log.writer, { writes: [tuple(`doc:${at}`)] });
        }),
      );
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
      expect((await log.reader.head(other.storeId))?.head).toEqual(other.head());
    });

    it('carries a transaction of 3 MiB, whole', async () => {
      const { last } = await log.reader.state();
      const context = { text: 'x'.repeat(32_000) };
      const writes = Array.from({ length: 100 }, (_, at) => ({
        ...tuple(`doc:${at}`),
        condition: { name: 'large', context },
      }));
      await chain.append(log.writer, { writes });
      const all = await readUntil(
        log,
        { after: last, filters: filters() },
        (seen) => commitsOf(seen).length === 1,
      );
      expect(applied(all).size).toBe(100);
      const [commit] = commitsOf(all);
      const parts = partsIn(all);
      expect(parts.map((part) => part.index)).toEqual(parts.map((_, at) => at));
      expect(commit?.parts.map((part) => part.count)).toEqual(parts.map((part) => part.tuples.length));
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
      const next = await chain.append(log.writer, { writes: [tuple('doc:after')] });
      expect(next.commit.previousCommitId).toBe(commit?.commitId);
    });

    it('says that it can be reached, and counts what it published', async () => {
      const before = log.figures().published;
      await chain.append(log.writer, { writes: [tuple('doc:1')] });
      expect(log.writer.reachable()).toBe(true);
      expect(log.figures().published - before).toBe(2);
      expect(log.link()).toEqual({ link: 'connected' });
    });
  });
}

function modelOf(chain: Chain): ModelUpdated {
  const modelId = ulid();
  return {
    kind: 'model',
    storeId: chain.storeId,
    epoch: chain.head().epoch,
    revision: chain.head().revision + 1,
    commitId: ulid(),
    previousCommitId: chain.head().commitId,
    modelId,
    model: { id: modelId, schema_version: '1.1', type_definitions: [{ type: 'user' }] },
    committedAtMs: Date.now(),
    publisher: 'suite',
    checkpoint: '',
  };
}
