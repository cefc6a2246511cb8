/**
 * Catching up: `nice node bench/catch-up.ts [transactions] [tuples per transaction]`. A stream on a real nats-server is filled; then a bare
 * consumer, a follower with the memory store and one with LMDB read it from the beginning. Seconds on the wall and of this process's CPU.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { type NatsChangeLog, openNatsChangeLog } from '../plugins/changelog/nats.ts';
import { openLmdbStore } from '../plugins/store/lmdb.ts';
import { openMemoryStore } from '../plugins/store/memory.ts';
import type { Tuple } from '../src/fga/tuple.ts';
import { systemClock } from '../src/plugin/clock.ts';
import { silentLog } from '../src/plugin/log.ts';
import type { TupleStore } from '../src/plugin/store.ts';
import { followOnce } from '../src/replica/follow.ts';
import { createLedger } from '../src/replica/ledger.ts';
import { createTrack, restore } from '../src/replica/track.ts';
import { createChain } from '../test/contract/changelog-chain.ts';
import { startNats } from '../test/support/servers.ts';

const [transactions = 4_000, each = 20] = process.argv.slice(2).map(Number);
const changes = transactions * each;
const storeId = '01J0000000000000000000000A';
const chain = createChain(storeId);
const nats = await startNats();
const folder = mkdtempSync(join(tmpdir(), 'catch-up-'));

try {
  const begun = await fill();
  await measured('bare consumer', bare);
  await measured('follower, memory store', async () => follow(await openMemoryStore(), begun));
  await measured('follower, LMDB', async () => follow(await openLmdbStore({ path: folder }), begun));
} finally {
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
}

interface Begun {
  readonly position: string;
  readonly logId: string;
  readonly head: ReturnType<typeof chain.head>;
}

function open(): Promise<NatsChangeLog> {
  return openNatsChangeLog({
    ...{
      servers: [nats.url],
      stream: 'RSFGA_CHANGES',
      replicas: 1,
      edgeId: `bench-${ulid()}`,
      nodeId: 'bench',
    },
    ...{ publishes: true, clock: systemClock, log: silentLog, atomicBatches: false },
  });
}

/** Documents of many users; every tenth transaction deletes what an earlier one wrote. */
async function fill(): Promise<Begun> {
  const log = await open();
  const anchored = await log.writer.append(chain.anchor(), '');
  if (!('appended' in anchored)) throw new Error('the anchor was refused');
  const { position, fence } = anchored.appended;
  const head = chain.head();
  chain.moved(head, fence);
  for (let n = 0; n < transactions; n += 1) {
    const deletes = n % 10 === 9 ? written(n - 5) : [];
    await chain.append(log.writer, deletes.length > 0 ? { deletes } : { writes: written(n) });
  }
  const { logId } = await log.reader.state();
  await log.close();
  return { position, logId, head };
}

function written(n: number): Tuple[] {
  return Array.from({ length: each }, (_, i) => ({
    user: `user:${(n * 7_919 + i * 104_729) % 50_000}`,
    relation: 'viewer',
    object: `document:${n * each + i}`,
  }));
}

async function bare(): Promise<void> {
  const log = await open();
  const stop = new AbortController();
  let commits = 0;
  for await (const batch of log.reader.read({ after: '', filters: [{ storeId }], signal: stop.signal })) {
    commits += batch.filter(({ message }) => message.kind === 'commit').length;
    log.reader.applied(batch.at(-1)?.position ?? '');
    if (commits >= transactions) break;
  }
  stop.abort();
  await log.close();
}

async function follow(store: TupleStore, { position, logId, head }: Begun): Promise<void> {
  const log = await open();
  const state = { head, phase: 'complete', position, checkpoint: '', freshAtMs: 0 } as const;
  await store.commit([{ storeId, state }], { logId, position });
  const ledger = createLedger(store, systemClock);
  const track = createTrack(storeId);
  restore(track, state);
  ledger.tracks.set(storeId, track);
  const stop = new AbortController();
  ledger.onChange(() => track.head.revision >= transactions && stop.abort());
  const resync = (_: unknown, reason: string) => {
    throw new Error(`the stream does not fit: ${reason}`);
  };
  await followOnce(
    {
      log,
      store,
      ledger,
      resync,
      applying() {},
      applied() {},
      connected() {},
      readModel: async () => undefined,
    },
    stop.signal,
  );
  await log.close();
  await store.close();
}

async function measured(what: string, run: () => Promise<void>): Promise<void> {
  const from = performance.now();
  const cpu = process.cpuUsage();
  await run();
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const used = (user + system) / 1e6;
  const row = [
    what,
    Math.round(changes / seconds),
    Math.round(changes / used),
    Math.round(transactions / seconds),
  ];
  console.log(`| ${row.join(' | ')} |`);
}
