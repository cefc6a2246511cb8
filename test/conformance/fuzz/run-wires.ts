/**
 * The same random worlds on both wires: an edge over HTTP and gRPC, and the server behind it over both.
 *
 *     node test/conformance/fuzz/run-wires.ts --minutes 5 --seed 7
 *
 * `--world N` runs one world of the seed again. The exit code is 1 when any two of the four answers differ for good.
 */
import { parseArgs } from 'node:util';
import { grpcClient } from '../../support/grpc.ts';
import { startEdge } from '../edge-harness.ts';
import { runWiresWorld, type WiresCampaign, WiresTally } from './wires-campaign.ts';

const SAY_EVERY_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    world: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const edge = await startEdge();
const tally = new WiresTally();
const campaign: WiresCampaign = {
  edge: { http: edge.base, grpc: grpcClient(edge.grpc) },
  server: { http: edge.openfga.http, grpc: grpcClient(edge.openfga.grpc) },
  seed,
  tally,
  report: (text) => console.log(text),
};

const until = Date.now() + Number(values.minutes) * 60_000;
let said = Date.now();
let number = Number(values.world ?? 0);
do {
  await runWiresWorld(campaign, number++);
  if (Date.now() - said < SAY_EVERY_MS) continue;
  said = Date.now();
  console.log(`… ${tally.line(seed)}`);
} while (values.world === undefined && Date.now() < until);
console.log(tally.line(seed));
await edge.stop();
process.exit(tally.mismatches > 0 ? 1 : 0);
