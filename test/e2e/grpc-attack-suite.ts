/** Hostile gRPC clients at a real edge: it lives, its memory stays bounded, and others are answered meanwhile. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { createStore, writeAll } from '../support/api.ts';
import { createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type GrpcClient, grpcClient } from '../support/grpc.ts';
import { type RawH2, rawH2 } from '../support/h2-frames.ts';
import { type OpenFga, startOpenFga } from '../support/servers.ts';
import { ATTACKS } from './grpc-attacks.ts';
import { KEY, MODEL, type Victim } from './grpc-hostile.ts';

/** Answers of half a megabyte, so that those who do not take them are felt. */
const DOCUMENTS = 1_000;
const LONG_NAME = 'x'.repeat(200);
const REQUEST_MS = 4_000;
const LIMITS = {
  header_timeout: '1s',
  request_timeout: `${REQUEST_MS}ms`,
  stall_timeout: `${REQUEST_MS}ms`,
  idle_timeout: '6s',
};
/** What a sidecar may grow by in all of this: what it may keep for clients (256 MiB) and what V8 lets lie. */
const MOST_MB = 600;
const IDLE = 2_000;

/** `patient`: also what holds on for as long as the limits let it. */
export function attackSuite({ patient, available }: AttackRun): void {
  describe.skipIf(!available)('an edge under attack over gRPC', () => suite(patient));
}

export interface AttackRun {
  readonly patient: boolean;
  readonly available: boolean;
}

function suite(patient: boolean): void {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  let victim: Victim;
  let other: GrpcClient;
  let before = 0;

  beforeAll(async () => {
    openfga = await startOpenFga();
    fleet = createFleet();
    const { storeId } = await createStore(openfga.http, 'attacked', MODEL);
    const tuples = Array.from({ length: DOCUMENTS }, (_, i) => ({
      ...KEY,
      object: `document:${LONG_NAME}${i}`,
    }));
    await writeAll(openfga.http, storeId, [KEY, ...tuples.slice(1)]);
    edge = await fleet.start('attacked', {
      role: 'edge',
      upstream: { http: openfga.http, grpc: openfga.grpc },
      changelog: 'upstream',
      products: [{ id: 'all', stores: ['*'], tier: 'critical' }],
      limits: LIMITS,
    });
    victim = { grpc: edge.grpc, storeId, key: KEY };
    other = grpcClient(edge.grpc);
    await eventually(ask, (reply) => reply.metadata['rsfga-served-by'] === 'local', 30_000);
    before = residentMb(edge);
  });
  afterAll(async () => {
    other?.close();
    await fleet?.stop();
    await openfga?.stop();
  });

  /** On its own connection, as another application. One that was idle too long has been closed in order. */
  function ask() {
    if (other.session.closed || other.session.destroyed) other = grpcClient(edge.grpc);
    const { storeId } = victim;
    return other.call('Check', CheckRequestSchema, { storeId, tupleKey: KEY });
  }

  async function expectAlive(): Promise<void> {
    const reply = await eventually(ask, ({ status }) => status === 0, 10_000);
    expect(reply.messages).toEqual([Buffer.from([8, 1])]);
    expect(reply.metadata['rsfga-served-by']).toBe('local');
    expect(residentMb(edge) - before).toBeLessThan(MOST_MB);
  }

  test.each(ATTACKS.filter(({ holds }) => patient || !holds))('$name', async ({ attack, isEnded }) => {
    const { connections } = await attack(victim);
    await expectAlive();
    if (isEnded) await Promise.all(connections.map(({ closed }) => within(closed, 10_000)));
    for (const connection of connections) connection.destroy();
    await expectAlive();
  });

  test.runIf(patient)(
    `calls that wait for their client are ended within ${REQUEST_MS} ms, whatever they wait for`,
    async () => {
      const holders = ATTACKS.filter(({ name }) => /^900 (?!.*unknown)/.test(name));
      expect(holders).toHaveLength(4);
      for (const { attack } of holders) {
        const [raw] = (await attack(victim)).connections;
        const cut = (one: RawH2) => one.came.filter(({ type }) => type === 3).length;
        await eventually(
          async () => (raw === undefined ? 0 : cut(raw)),
          (resets) => resets === 900 || (raw?.isClosed() ?? false),
          REQUEST_MS + 15_000,
        );
        raw?.destroy();
      }
      await expectAlive();
    },
  );

  test.runIf(patient)(
    `${IDLE} idle connections cost little and are ended, as are the silent calls of a stream`,
    async () => {
      const start = residentMb(edge);
      const idle: RawH2[] = [];
      for (let at = 0; at < IDLE; at += 100)
        idle.push(...(await Promise.all(Array.from({ length: 100 }, () => rawH2(edge.grpc)))));
      await expectAlive();
      expect(residentMb(edge) - start).toBeLessThan(200);
      await within(Promise.all(idle.map(({ closed }) => closed)), 40_000);
      await expectAlive();
    },
  );
}

function residentMb(sidecar: Sidecar): number {
  const status = readFileSync(`/proc/${sidecar.pid()}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

async function within(pending: Promise<unknown>, ms: number): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const timeout = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`not ended within ${ms} ms`)), ms);
  });
  await Promise.race([pending, timeout]).finally(() => clearTimeout(late));
}
