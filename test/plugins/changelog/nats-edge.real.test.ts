import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NatsChangeLog } from '../../../plugins/changelog/nats.ts';
import type { EdgeHolder } from '../../../src/plugin/edge-channel.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())("an edge's name on NATS", () => {
  let server: Nats;
  let opened: NatsChangeLog[] = [];
  beforeAll(async () => {
    server = await startNats();
  });
  afterEach(async () => {
    for (const log of opened) await log.close();
    opened = [];
  });
  afterAll(() => server.stop());

  interface Holding {
    readonly log: NatsChangeLog;
    readonly held: Promise<void>;
    readonly ended: Promise<EdgeHolder | undefined>;
    stop(): void;
  }

  async function hold(edgeId: string, nodeId: string): Promise<Holding> {
    const log = await openLog(server.url, { edgeId, nodeId });
    opened.push(log);
    const stop = new AbortController();
    let told = () => {};
    const held = new Promise<void>((resolve) => {
      told = resolve;
    });
    const ended = log.edge?.hold(stop.signal, told) ?? Promise.resolve(undefined);
    return { log, held, ended, stop: () => stop.abort() };
  }

  test('is held by the first; a second learns who holds it and never holds it', async () => {
    const first = await hold('paris', 'node-one');
    await first.held;
    const second = await hold('paris', 'node-two');
    expect(await second.ended).toMatchObject({ nodeId: 'node-one' });
    const elsewhere = await hold('rome', 'node-two');
    await elsewhere.held;
  });

  test('of many that start at once, one holds it', async () => {
    const all = await Promise.all([1, 2, 3, 4].map((n) => hold('oslo', `node-${n}`)));
    const outcomes = await Promise.all(
      all.map(({ held, ended }) => Promise.race([held.then(() => 'held'), ended.then(() => 'lost')])),
    );
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(1);
  });

  test('is free at once when its holder is gone without a word', async () => {
    const first = await hold('lima', 'same-node');
    await first.held;
    await first.log.close();
    const again = await hold('lima', 'same-node');
    await again.held;
  });

  test('is asked to copy stores again by a message under it', async () => {
    const { log } = await hold('quito', 'node');
    const seen: unknown[] = [];
    const stop = log.edge?.serveSync((stores) => {
      seen.push(stores);
      return stores ?? ['every'];
    });
    const ask = (text: string) => operatorOf(server.url).ask('rsfga.control.sync.quito', text);
    await expect.poll(() => ask('').catch(() => ''), { timeout: 5_000 }).toBe('{"stores":["every"]}');
    expect(JSON.parse(await ask('{"stores":["one"]}'))).toEqual({ stores: ['one'] });
    expect(seen).toContainEqual(['one']);
    for (const wrong of ['{', '{"stores":"one"}', '{"stores":[1]}'])
      expect(JSON.parse(await ask(wrong))).toHaveProperty('error');
    stop?.();
  });
});
