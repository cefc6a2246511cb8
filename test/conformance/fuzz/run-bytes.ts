/**
 * Spoilt protobuf messages, answered alike by an edge and the server behind it, and spoilt HTTP/2 frames, which harm nobody.
 *
 *     node test/conformance/fuzz/run-bytes.ts --minutes 5 --seed 7
 */
import { parseArgs } from 'node:util';
import { runBytes } from './bytes-campaign.ts';
import { startBytesWorld } from './bytes-world.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const world = await startBytesWorld();
const report = (text: string) => console.log(text);
const tally = await runBytes({ ...world, seed, report }, Date.now() + Number(values.minutes) * 60_000);
await world.stop();
const { messages, local, sound, mismatches, conversations, grownMb } = tally;
console.log(
  `bytes, seed ${seed}: ${messages} spoilt messages (${local} answered by the edge itself, ${sound} still sound), ${mismatches} mismatches; ${conversations} spoilt conversations, the edge grew by ${Math.round(grownMb)} MB at most`,
);
process.exit(mismatches > 0 ? 1 : 0);
