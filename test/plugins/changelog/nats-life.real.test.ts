/** A follower and a publisher through what happens to a server: restarts, silence, absence, replacement. */
import { ulid } from 'ulid';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import type { Delivered } from '../../../src/plugin/changelog.ts';
import { type Chain, commitsOf, createChain, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { freePort } from '../../support/children.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('NATS comes and goes', () => {
  it('opens while the server is away, and works when it is there', async () => {
    const port = await freePort();
    const log = await openLog(`nats://127.0.0.1:${port}`, { openTimeoutMs: 300 });
    onTestFinished(() => log.close());
    expect(log.link()).toMatchObject({ link: 'disconnected', error: expect.stringMatching(/refused/) });
    expect(log.writer.reachable()).toBe(false);
    await expect(log.reader.state()).rejects.toThrow('not connected to NATS');
    const chain = createChain(ulid());
    await expect(log.writer.append(chain.anchor(), '')).rejects.toThrow('not connected to NATS');
    await started({ port });
    await until(() => log.writer.reachable());
    await chain.append(log.writer, { writes: [tuple('doc:1')] });
    expect(log.link()).toEqual({ link: 'connected' });
  });

  it('loses nothing and doubles nothing while the server is killed and started again', async () => {
    let server = await started();
    const { port, storeDir } = server;
    const central = await openLog(server.url);
    const edge = await openLog(server.url, { publishes: false });
    onTestFinished(() => Promise.all([central.close(), edge.close()]).then(() => {}));
    const chain = createChain(ulid());
    const total = 100;
    const reading = follow(edge, chain, total);
    const writing = (async () => {
      for (let at = 0; at < total; at += 1) await insist(central, chain, at);
    })();
    for (let kill = 0; kill < 3; kill += 1) {
      await pause(150);
      server.kill();
      await pause(300);
      server = await started({ port, storeDir });
    }
    await writing;
    const all = await reading;
    expect(commitsOf(all).map((commit) => commit.revision)).toEqual(
      Array.from({ length: total }, (_, at) => at + 1),
    );
    await until(() => [edge, central].every((log) => log.link().link === 'connected'));
    expect(await edge.reader.state()).toEqual(await central.reader.state());
  });

  it('notices a server that falls silent, and goes on when it speaks again', async () => {
    const server = await started();
    const log = await openLog(server.url);
    onTestFinished(() => log.close());
    const chain = createChain(ulid());
    await chain.append(log.writer, { writes: [tuple('doc:0')] });
    const reading = follow(log, chain, 2);
    await pause(500);
    process.kill(server.pid, 'SIGSTOP');
    const began = performance.now();
    await until(() => log.link().link === 'disconnected');
    expect(performance.now() - began).toBeLessThan(9_000);
    expect(log.link()).toMatchObject({ error: expect.stringMatching(/heartbeats|pings|no answer|timeout/i) });
    process.kill(server.pid, 'SIGCONT');
    await until(() => log.link().link === 'connected');
    await insist(log, chain, 1);
    expect(commitsOf(await reading)).toHaveLength(2);
  });

  it('stops reading when the server comes back without its data', async () => {
    const server = await started();
    const log = await openLog(server.url);
    onTestFinished(() => log.close());
    const chain = createChain(ulid());
    await chain.append(log.writer, { writes: [tuple('doc:0')] });
    const before = await log.reader.state();
    const reading = expect(follow(log, chain, 1_000)).rejects.toThrow('the change log was replaced');
    await pause(200);
    server.kill();
    await pause(100);
    await started({ port: server.port });
    await reading;
    const after = await log.reader.state();
    expect(after.logId).not.toBe(before.logId);
    expect(await log.reader.head(chain.storeId)).toBeUndefined();
  });

  it('ends its reading with an error when it is closed', async () => {
    const server = await started();
    const log = await openLog(server.url);
    const chain = createChain(ulid());
    const reading = expect(follow(log, chain, 1)).rejects.toThrow('closed');
    await pause(200);
    await log.close();
    await reading;
  });
});

async function started(options: Parameters<typeof startNats>[0] = {}): Promise<Nats> {
  const server = await startNats(options);
  onTestFinished(() => {
    server.kill();
  });
  return server;
}

function follow(log: NatsChangeLog, chain: Chain, transactions: number): Promise<readonly Delivered[]> {
  const filters = [{ storeId: chain.storeId }];
  return readUntil(log, { after: '', filters }, (all) => commitsOf(all).length >= transactions, 60_000);
}

/** As a sequencer does: the same entry with the same fence until the log says what became of it. */
async function insist(log: NatsChangeLog, chain: Chain, at: number): Promise<void> {
  const entry = chain.next({ writes: [tuple(`doc:${at}`)] });
  for (;;) {
    try {
      const outcome = await log.writer.append(entry, chain.fence());
      if ('refused' in outcome) throw new Refused();
      return chain.moved(entry.commit, outcome.appended.fence);
    } catch (error) {
      if (error instanceof Refused) throw error;
      await pause(50);
    }
  }
}

class Refused extends Error {}

async function until(holds: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`did not come to hold in ${timeoutMs} ms`);
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
