/** Odd calls, frame by frame: an edge answers only what OpenFGA answers, and with OpenFGA's status and words. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore, write } from '../support/api.ts';
import { createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type GrpcReply, SERVICE } from '../support/grpc.ts';
import { END_HEADERS, END_STREAM, fields, grpcFields, h2Frame, TYPE } from '../support/h2-frames.ts';
import { tamperedCall } from '../support/h2-tamper.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { checkMessage, KEY, MODEL, type Victim } from './grpc-hostile.ts';
import { ODD_CALLS, type OddCall } from './grpc-odd-calls.ts';

describe.skipIf(!serversAvailable())('an odd gRPC call', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let edge: Sidecar;
  let victim: Victim;

  beforeAll(async () => {
    openfga = await startOpenFga();
    fleet = createFleet();
    const { storeId } = await createStore(openfga.http, 'odd', MODEL);
    await write(openfga.http, storeId, { writes: [KEY] });
    edge = await fleet.start('odd', {
      role: 'edge',
      upstream: { http: openfga.http, grpc: openfga.grpc },
      changelog: 'upstream',
      products: [{ id: 'all', stores: ['*'], tier: 'critical' }],
    });
    victim = { grpc: edge.grpc, storeId, key: KEY };
    await eventually(
      () => outcome(edge.grpc, { name: '' }),
      ({ metadata }) => metadata['rsfga-served-by'] === 'local',
      30_000,
    );
  });
  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  function outcome(address: string, { path, more, all, bytes, trailers }: OddCall) {
    const message = checkMessage(victim).subarray(5);
    const head = all ?? grpcFields(path ?? `${SERVICE}Check`, more);
    const body = bytes ? bytes(message) : checkMessage(victim);
    return tamperedCall(address, [
      h2Frame(TYPE.headers, END_HEADERS, 1, fields(head)),
      ...dataFrames(body, !trailers),
      ...(trailers ? [h2Frame(TYPE.headers, END_HEADERS | END_STREAM, 1, fields(trailers))] : []),
    ]);
  }

  test.each(ODD_CALLS)('$name', async (odd) => {
    const [there, here] = await Promise.all([outcome(openfga.grpc, odd), outcome(edge.grpc, odd)]);
    const known = [odd.differs ?? 'none', ...(odd.byChance ? ['none'] : [])];
    expect(known).toContain(differenceOf(said(here), said(there)));
    // Whatever it was, the next caller is served.
    expect(said(await outcome(edge.grpc, { name: '' }))).toEqual(ALLOWED);
  });
});

const ALLOWED = { status: 0, message: '', messages: ['0801'], http: '200' };
/** The connection ended, or the call was reset: there is no status. */
const NO_STATUS = -1;

type Said = ReturnType<typeof said>;

function differenceOf(here: Said, there: Said): unknown {
  if (isDeepStrictEqual(here, there)) return 'none';
  if (isDeepStrictEqual(here, ALLOWED)) return 'taken here';
  // What is no HTTP/2 is refused by each side in its own way, with a status or without.
  if (here.status === NO_STATUS) return there.status === 0 ? 'refused here' : 'none';
  if (there.status === NO_STATUS) return 'none';
  return { here, there };
}

function said({ status, message, messages, metadata }: GrpcReply) {
  return {
    status,
    // Go prints some messages with one space or two, or with a no-break space, by the build.
    message: message.replaceAll('\u00a0', ' '),
    messages: messages.map((m) => Buffer.from(m).toString('hex')),
    http: metadata[':status'],
  };
}

function dataFrames(body: Buffer, ends: boolean): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < body.length; at += 16_384) {
    const last = ends && at + 16_384 >= body.length;
    frames.push(h2Frame(TYPE.data, last ? END_STREAM : 0, 1, body.subarray(at, at + 16_384)));
  }
  return frames;
}
