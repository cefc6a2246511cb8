/** Hand-overs between central sidecars over a real server. */
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import { NotHolderError } from '../../../src/plugin/lease.ts';
import type { RelayMessage } from '../../../src/plugin/relay.ts';
import { tuple } from '../../contract/changelog-chain.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('handing over on NATS', () => {
  let server: Nats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  const head = { epoch: ulid(), revision: 3, commitId: ulid() };

  async function relayOf(more: { publishes: boolean } = { publishes: true }) {
    const log: NatsChangeLog = await openLog(server.url, more);
    onTestFinished(() => log.close());
    return log.sharing?.relay;
  }

  /** A holder that keeps what it was given. */
  async function holder(answer: () => Promise<void> = async () => {}) {
    const got: RelayMessage[] = [];
    const relay = await relayOf();
    const stop = relay?.serve(async (message) => {
      got.push(message);
      await answer();
      return { term: 't', nowMs: 12.5, ...(message.relay === 'write' ? { head } : {}) };
    });
    onTestFinished(() => stop?.());
    const sender = await relayOf();
    if (!sender) throw new Error('a central shares the log');
    // The subscription is on its way to the server.
    await expect.poll(() => sender.send({ relay: 'hello' }, 500).catch(() => 'nobody')).not.toBe('nobody');
    got.length = 0;
    return { got, sender };
  }

  const storeId = ulid();
  const write = (context: string): RelayMessage => ({
    relay: 'write',
    storeId,
    delta: {
      writes: [{ ...tuple('doc:1'), condition: { name: 'c', context: { context, n: 1 } } }, tuple('doc:2')],
      deletes: [tuple('doc:3')],
    },
    began: { term: 't', ms: 1.25 },
    exclusive: true,
    mayBeIgnored: false,
  });

  it('brings a Write, a model and a walk as they were given, and the reply back', async () => {
    const { got, sender } = await holder();
    const all: RelayMessage[] = [
      write('small'),
      { relay: 'model', storeId, modelId: ulid() },
      { relay: 'walk', storeId },
    ];
    expect(await sender.send(all[0] as RelayMessage, 5_000)).toEqual({ term: 't', nowMs: 12.5, head });
    for (const message of all.slice(1)) await sender.send(message, 5_000);
    expect(got).toEqual(all);
  });

  it('brings the keys alone of what is larger than a message, to be read again', async () => {
    const { got, sender } = await holder();
    await sender.send(write('x'.repeat(1_100_000)), 5_000);
    const delta = { writes: [tuple('doc:1'), tuple('doc:2')], deletes: [tuple('doc:3')] };
    expect(got).toEqual([{ ...write(''), delta, exclusive: false }]);
  });

  it('says that nobody publishes when nobody does, or no longer', async () => {
    const sender = await relayOf();
    await expect(sender?.send({ relay: 'hello' }, 1_000)).rejects.toThrow(NotHolderError);
    const { sender: other } = await holder(async () => {
      if (asked++ > 0) throw new NotHolderError();
    });
    await expect(other.send({ relay: 'hello' }, 1_000)).rejects.toThrow(NotHolderError);
  });
  let asked = 0;

  it('refuses what is no hand-over', async () => {
    const { got } = await holder();
    for (const text of [
      '',
      '[]',
      '{"relay":"write"}',
      '{"relay":"model","storeId":"s"}',
      '{"relay":"x","storeId":"s"}',
    ])
      expect(await operatorOf(server.url).ask('rsfga.control.capture', text)).not.toBe('');
    expect(got).toEqual([]);
  });

  it('is not there for a sidecar that does not publish', async () => {
    expect(await relayOf({ publishes: false })).toBeUndefined();
  });
});

describe.skipIf(!serversAvailable())('the lease on NATS', () => {
  it('is one holder’s, is handed over when that one stops, and outlives a server that comes back', async () => {
    let server = await startNats();
    const { port, storeDir } = server;
    const logs = await Promise.all(
      ['a', 'b'].map((nodeId) => openLog(server.url, { nodeId, leaseTtlMs: 2_000 })),
    );
    const stops = logs.map(() => new AbortController());
    const held: string[] = [];
    const done = logs.map((log, n) =>
      log.sharing?.lease.run(stops[n]?.signal ?? expect.unreachable(), async (term) => {
        held.push(['a', 'b'][n] ?? '');
        const ends = [term.over, stops[n]?.signal ?? term.over];
        await new Promise((resolve) => AbortSignal.any(ends).addEventListener('abort', resolve));
      }),
    );
    onTestFinished(async () => {
      for (const stop of stops) stop.abort();
      await Promise.all([...done, ...logs.map((log) => log.close())]);
      server.kill();
    });
    const state = (n: number) => logs[n]?.sharing?.lease.state().lease;
    const states = () => [state(0), state(1)].sort();
    await expect.poll(states, { timeout: 20_000 }).toEqual(['elsewhere', 'held']);
    server.kill();
    await expect.poll(states, { timeout: 20_000 }).not.toContain('held');
    server = await startNats({ port, storeDir });
    await expect.poll(states, { timeout: 20_000 }).toEqual(['elsewhere', 'held']);
    const first = state(0) === 'held' ? 0 : 1;
    stops[first]?.abort();
    await expect.poll(() => state(1 - first), { timeout: 20_000 }).toBe('held');
    expect(held.at(-1)).toBe(['b', 'a'][first]);
  });
});
