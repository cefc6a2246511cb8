import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import {
  createMemoryChangeLog,
  createMemoryHub,
  type MemoryChangeLog,
  type MemoryHub,
} from '../../../plugins/changelog/memory.ts';
import { type Chain, createChain, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { changeLogControlContract, serveHeads } from '../../contract/changelog-control.ts';
import { changeLogReaderContract } from '../../contract/changelog-reader.ts';
import { changeLogWriterContract } from '../../contract/changelog-writer.ts';

const RETENTION = 1_000;

changeLogReaderContract('memory', async () => {
  const hub = createMemoryHub({ retention: RETENTION });
  const log = hub.open();
  const chains = new Map<string, Chain>();
  return {
    log,
    change: async (storeId, delta) => {
      const chain = chains.get(storeId) ?? createChain(storeId);
      chains.set(storeId, chain);
      await chain.append(log.writer, delta);
    },
    another: async () => hub.open(),
    trim: () => overflow(log),
    replace: async () => hub.replace(),
    close: () => log.close(),
  };
});

changeLogWriterContract('memory', async () => {
  const hub = createMemoryHub();
  const log = hub.open();
  return { log, another: async () => hub.open(), close: () => log.close() };
});

changeLogControlContract('memory', async () => {
  const { log, server } = twoHandles(createMemoryHub());
  return {
    log,
    server,
    sequencer: () => serveHeads(server),
    store: () => storeIn(server),
    close: async () => {},
  };
});

describe('memory', () => {
  it('holds no more than its retention', async () => {
    const log = createMemoryChangeLog(createMemoryHub({ retention: 100 }));
    const chain = createChain(ulid());
    for (let at = 0; at < 300; at += 1) await chain.append(log.writer, { writes: [tuple(`doc:${at}`)] });
    expect(log.figures().streamMessages).toBeLessThanOrEqual(110);
    const { last, trimmedTo } = await log.reader.state();
    expect(Number(last) - Number(trimmedTo)).toBe(log.figures().streamMessages);
    expect((await log.reader.head(chain.storeId))?.head).toEqual(chain.head());
  });

  it('shows its handles that it is cut off, and goes on when it is back', async () => {
    const hub = createMemoryHub();
    const { log, server } = twoHandles(hub);
    const chain = createChain(ulid());
    await chain.append(server.writer, { writes: [tuple('doc:1')] });
    hub.cut('pulled the plug');
    expect(log.link()).toMatchObject({ link: 'disconnected', error: 'pulled the plug' });
    expect(server.writer.reachable()).toBe(false);
    await expect(server.writer.append(chain.anchor(), chain.fence())).rejects.toThrow('out of reach');
    await expect(log.reader.head(chain.storeId)).rejects.toThrow('out of reach');
    hub.cut(undefined);
    await chain.append(server.writer, { writes: [tuple('doc:2')] });
    const all = await readUntil(
      log,
      { after: '', filters: [{ storeId: chain.storeId }] },
      (seen) => seen.length === 4,
    );
    expect(all).toHaveLength(4);
  });

  it('counts the messages that a reader has not had yet', async () => {
    const { log, server } = twoHandles(createMemoryHub());
    const chain = createChain(ulid());
    await chain.append(server.writer, { writes: [tuple('doc:1')] });
    await readUntil(log, { after: '', filters: [{ storeId: chain.storeId }] }, (seen) => seen.length === 2);
    expect(log.figures()).toMatchObject({ received: 2, pending: 0, consumerLag: 0 });
    await chain.append(server.writer, { writes: [tuple('doc:2')] });
    expect(log.figures()).toMatchObject({ received: 2, pending: 2, streamMessages: 4 });
  });
});

function twoHandles(hub: MemoryHub): { log: MemoryChangeLog; server: MemoryChangeLog } {
  return { log: hub.open(), server: hub.open() };
}

async function storeIn(log: MemoryChangeLog): Promise<string> {
  const chain = createChain(ulid());
  await chain.append(log.writer, { writes: [tuple('doc:1')] });
  return chain.storeId;
}

/** Pushes everything out that the log holds. */
async function overflow(log: MemoryChangeLog): Promise<void> {
  const filler = createChain(ulid());
  for (let at = 0; at < RETENTION; at += 1) await filler.append(log.writer, { writes: [tuple(`doc:${at}`)] });
}
