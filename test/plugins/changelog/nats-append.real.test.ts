/** Appending when something is in the way. */
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealEntry } from '../../../src/plugin/envelope.ts';
import { parseTouched } from '../../../src/plugin/subject.ts';
import { commitsOf, createChain, partsIn, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf, WAYS_TO_APPEND } from './nats-fixture.ts';

const CHAINS = [{ atomicBatches: false }, {}];

describe.skipIf(!serversAvailable())('appending to NATS', () => {
  let server: Nats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  describe.each(Object.entries(WAYS_TO_APPEND))('%s', (_how, options) => {
    it('begins a store on whose subjects lies nothing but garbage', async () => {
      const log = await openLog(server.url, options);
      const chain = createChain(ulid());
      await operatorOf(server.url).putGarbage(chain.storeId);
      expect(await log.reader.head(chain.storeId)).toBeUndefined();
      await chain.append(log.writer, { writes: [tuple('doc:1')] });
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
      await log.close();
    });

    it('goes on after garbage on the store’s subjects', async () => {
      const log = await openLog(server.url, options);
      const chain = createChain(ulid());
      await chain.append(log.writer, { writes: [tuple('doc:1')] });
      await operatorOf(server.url).putGarbage(chain.storeId);
      const logged = await log.reader.head(chain.storeId);
      expect(logged?.head).toEqual(chain.head());
      chain.moved(chain.head(), logged?.fence ?? '');
      await chain.append(log.writer, { writes: [tuple('doc:2')] });
      expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
      await log.close();
    });

    it('takes the entries of several writers, each once, however they race', async () => {
      const logs = await Promise.all([1, 2, 3].map(() => openLog(server.url, options)));
      const chain = createChain(ulid());
      let appended = 0;
      await Promise.all(
        logs.map(async ({ reader, writer }) => {
          while (appended < 60) {
            const logged = await reader.head(chain.storeId);
            const own = createChain(chain.storeId);
            own.moved(logged?.head ?? chain.head(), logged?.fence ?? '');
            const outcome = await writer.append(own.next({ writes: [tuple('doc:1')] }), own.fence());
            if ('appended' in outcome) appended += 1;
          }
        }),
      );
      const all = await readUntil(
        logs[0] ?? expect.unreachable(),
        { after: '', filters: [{ storeId: chain.storeId }] },
        (seen) => commitsOf(seen).length >= appended,
      );
      const revisions = commitsOf(all).map((commit) => commit.revision);
      expect(revisions).toEqual(revisions.map((_, at) => at + 1));
      for (const log of logs) await log.close();
    });
  });

  it.each(CHAINS)('takes a broken chain up where it broke: %j', async (options) => {
    const log = await openLog(server.url, options);
    const chain = createChain(ulid());
    await chain.append(log.writer, { writes: [tuple('doc:0')] });
    const { last } = await log.reader.state();
    const entry = chain.next({ writes: [tuple('doc:1'), tuple('folder:1')] });
    const [first] = sealEntry(entry, 1_000_000);
    if (!first) throw new Error('an entry without a message');
    await operatorOf(server.url).publish(first);
    // Another store's messages in between do not matter.
    await createChain(ulid()).append(log.writer, { writes: [tuple('doc:other')] });
    expect(await log.writer.append(entry, chain.fence())).toHaveProperty('appended');
    const all = await readUntil(
      log,
      { after: last, filters: [{ storeId: chain.storeId }] },
      (seen) => seen.length === 3,
    );
    expect(all.map(({ message }) => message)).toEqual([...entry.parts, entry.commit]);
    await log.close();
  });

  it.each(CHAINS)('leaves a broken chain void when another writer went on: %j', async (options) => {
    const log = await openLog(server.url, options);
    const chain = createChain(ulid());
    await chain.append(log.writer, { writes: [tuple('doc:0')] });
    const entry = chain.next({ writes: [tuple('doc:1'), tuple('folder:1')] });
    const [first] = sealEntry(entry, 1_000_000);
    if (!first) throw new Error('an entry without a message');
    const oldFence = chain.fence();
    await operatorOf(server.url).publish(first);
    const logged = await log.reader.head(chain.storeId);
    expect(logged?.head).toEqual(chain.head());
    chain.moved(chain.head(), logged?.fence ?? '');
    await chain.append(log.writer, { writes: [tuple('doc:2')] });
    expect(await log.writer.append(entry, oldFence)).toEqual({ refused: 'fence' });
    const all = await readUntil(
      log,
      { after: '', filters: [{ storeId: chain.storeId }] },
      (seen) => commitsOf(seen).length === 2,
    );
    const orphans = partsIn(all).filter((part) => part.commitId === entry.commit.commitId);
    expect(orphans).toHaveLength(1);
    await log.close();
  });

  it('says so when an entry cannot fit, and can still be reached', async () => {
    const log = await openLog(server.url);
    const chain = createChain(ulid());
    const context = { text: 'x'.repeat(2_000_000) };
    const huge = chain.next({ writes: [{ ...tuple('doc:1'), condition: { name: 'c', context } }] });
    await expect(log.writer.append(huge, '')).rejects.toThrow(/over the limit/);
    expect(log.writer.reachable()).toBe(true);
    await log.close();
  });

  it('names what a commit touched in a header, for followers that keep no tuples', async () => {
    const log = await openLog(server.url);
    const chain = createChain(ulid());
    const entry = chain.next({ writes: [tuple('a.b:1')] });
    const commit = { ...entry.commit, touched: [{ type: 'a.b', relation: 'viewer' }] };
    await log.writer.append({ ...entry, commit }, '');
    const header = await operatorOf(server.url).lastHeader(chain.storeId, 'Rsfga-Touched');
    expect(parseTouched(header)).toEqual(commit.touched);
    await log.close();
  });
});
