/**
 * `node bench/wires.ts [--quick] [--record]`: the same Check over HTTP and over gRPC, with and without credentials and TLS: answered by an edge,
 * forwarded by it, by OpenFGA itself, and by a bare server of the same wire. Every target in turn, round after round. Under five minutes.
 */
import { parseArgs } from 'node:util';
import { CheckRequestSchema } from '../proto/gen/openfga/v1/openfga_service_pb.ts';
import { call, describe } from '../test/support/api.ts';
import { grpcClient } from '../test/support/grpc.ts';
import { grpcLoadedBy } from './grpc-loaded.ts';
import { type Load, startLoad } from './load.ts';
import { inTurns, type Loaded, loadedBy, type Plan, type RowResult, summarize } from './measure.ts';
import { publish, rowTable } from './report.ts';
import { KEYS, openWires, type WireTarget } from './wires-setup.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, record: { type: 'boolean', default: false } },
});
/** On gRPC these are 10 connections with 10 calls at once on each. */
const CONNECTIONS = 50;
const PLAN: Plan = flags.quick
  ? { rounds: 1, measureMs: 300, warmUpMs: 300, connections: CONNECTIONS }
  : { rounds: 5, measureMs: 1_200, warmUpMs: 1_200, connections: CONNECTIONS };
const ROW = {
  id: 'http',
  says: 'Check of a direct relation, half of them denied',
  path: '/check',
  bodies: () => KEYS.map((tuple_key) => ({ tuple_key })),
};
const SIZES = { tuples: 0, largeGroup: 0, manyDocuments: 0 };

const load = startLoad();
const wires = await openWires();
try {
  const rows = [await httpRow(wires.targets, load), await grpcRow(wires.targets)];
  const lines = [
    `Medians of ${PLAN.rounds} interleaved rounds; ${CONNECTIONS} HTTP connections, 10 × 10 gRPC calls at once; the load in a process of its own.`,
    '*none*, *preshared*, *oidc*: `auth` of the edge and of the OpenFGA behind it; *TLS*: none, and TLS from the client to the edge and from there to OpenFGA. Edges with `changelog: upstream`, tier `critical`.',
    '',
    ...rowTable(rows),
  ];
  publish({ name: 'wires', quick: flags.quick, results: { plan: PLAN, rows }, lines }, flags.record);
} finally {
  load.stop();
  await wires.stop();
}

async function httpRow(targets: readonly WireTarget[], from: Load): Promise<RowResult> {
  const asked = { row: ROW, sizes: SIZES, connections: CONNECTIONS };
  const loaded = targets.map((target) => loadedBy(from, target, asked));
  return measured('http', loaded, await Promise.all(targets.map(answeredByHttp)));
}

async function grpcRow(targets: readonly WireTarget[]): Promise<RowResult> {
  return measured('grpc', targets.map(grpcLoadedBy), await Promise.all(targets.map(answeredByGrpc)));
}

async function measured(id: string, loaded: readonly Loaded[], answeredBy: string[]): Promise<RowResult> {
  const summary = summarize(loaded, await inTurns(loaded, PLAN));
  const notes = loaded.map(({ name }, n) => `${name}: ${answeredBy[n]}`);
  return { id, says: ROW.says, setting: 'OpenFGA on memory', tuples: KEYS.length, ...summary, notes };
}

/** Who answers, and is it right? Throws when it is not, or comes from elsewhere than the row says. */
async function answeredByHttp(target: WireTarget): Promise<string> {
  const headers = target.authorization === undefined ? {} : { authorization: target.authorization };
  for (const [n, tuple_key] of KEYS.slice(0, 4).entries()) {
    const path = `/stores/${target.storeId}/check`;
    const dispatcher = target.secure && { dispatcher: target.secure.dispatcher };
    const reply = await call(target.http, path, { body: { tuple_key }, headers, ...dispatcher });
    const { allowed } = reply.body as { allowed?: boolean };
    const isRight = allowed === isAllowed(n);
    judge(target, { by: reply.headers['rsfga-served-by'], isRight, said: describe(reply) });
  }
  return target.servedBy ?? 'itself';
}

async function answeredByGrpc(target: WireTarget): Promise<string> {
  const client = grpcClient(target.address, target.secure && { ca: target.secure.ca });
  const metadata = target.authorization === undefined ? {} : { authorization: target.authorization };
  try {
    for (const [n, tupleKey] of KEYS.slice(0, 4).entries()) {
      const init = { storeId: target.storeId, tupleKey };
      const reply = await client.call('Check', CheckRequestSchema, init, metadata);
      // Of `CheckResponse` only `allowed` is set, and not when it is false.
      const allowed = reply.messages[0]?.[1] === 1;
      const isRight = reply.status === 0 && allowed === isAllowed(n);
      judge(target, {
        by: reply.metadata['rsfga-served-by'],
        isRight,
        said: `${reply.status} ${reply.message}`,
      });
    }
  } finally {
    client.close();
  }
  return target.servedBy ?? 'itself';
}

interface Heard {
  readonly by: string | undefined;
  readonly isRight: boolean;
  readonly said: string;
}

function judge({ name, isBare, servedBy }: WireTarget, { by, isRight, said }: Heard): void {
  if (isBare) return;
  if (!isRight) throw new Error(`${name} gave a wrong answer: ${said}`);
  if (by !== servedBy) throw new Error(`${name} was answered by ${by}, not by ${servedBy}`);
}

/** Those with an even number are granted. */
function isAllowed(n: number): boolean {
  return n % 2 === 0;
}
