/** Random worlds on both wires, an edge beside the server behind it; more in `fuzz/run-wires.ts` and `fuzz/run-bytes.ts`. */
import { describe, expect, test } from 'vitest';
import { grpcClient } from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';
import { startEdge } from './edge-harness.ts';
import { runBytes } from './fuzz/bytes-campaign.ts';
import { startBytesWorld } from './fuzz/bytes-world.ts';
import { runWiresWorld, WiresTally } from './fuzz/wires-campaign.ts';

const RUN_MS = 6_000;
/** What an edge may grow by in a few seconds of nonsense. */
const MOST_MB = 400;

describe.skipIf(!serversAvailable())('HTTP and gRPC', () => {
  test('give the same answers, codes, words and metadata, an edge and the server itself', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const edge = await startEdge();
    const clients = { near: grpcClient(edge.grpc), far: grpcClient(edge.openfga.grpc) };
    const tally = new WiresTally();
    const found: string[] = [];
    const until = Date.now() + RUN_MS;
    for (let number = 0; number < 2 || Date.now() < until; number++) {
      await runWiresWorld(
        {
          edge: { http: edge.base, grpc: clients.near },
          server: { http: edge.openfga.http, grpc: clients.far },
          seed,
          tally,
          report: (text) => found.push(text),
        },
        number,
      );
    }
    clients.near.close();
    clients.far.close();
    await edge.stop();
    expect(found, `seed ${seed}`).toEqual([]);
    expect(tally.local).toBeGreaterThan(tally.questions / 2);
  });

  test('spoilt messages are answered alike, and spoilt frames harm nobody', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const world = await startBytesWorld();
    const found: string[] = [];
    const report = (text: string) => found.push(text);
    const tally = await runBytes({ ...world, seed, report }, Date.now() + RUN_MS);
    await world.stop();
    expect(found, `seed ${seed}`).toEqual([]);
    expect(tally.messages).toBeGreaterThan(100);
    expect(tally.grownMb).toBeLessThan(MOST_MB);
  });
});
