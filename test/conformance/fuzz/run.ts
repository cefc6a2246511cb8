/**
 * Differential fuzz: random models, tuples and questions, asked of the engine and of the real server.
 *
 *     node test/conformance/fuzz/run.ts --minutes 5 --seed 7
 *
 * Prints one line: seed, comparisons, mismatches, declines by reason, rate. A mismatch is made small and kept under
 * `test/conformance/regressions/`; the exit code is then 1, as it is when nothing could be compared. `--comparisons N` ends after so many, `--world N` runs one
 * world of the seed again, `--kind graph` or `cel` makes only worlds of that kind, `--only Check` asks
 * nothing else of a graph, `--into DIR` keeps the mismatches elsewhere, `--repros N`
 * at most so many, `--report FILE` appends them as text.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createEngine } from '../../../src/engine/evaluate.ts';
import { PATIENT, startOpenFga } from '../../support/servers.ts';
import { type Campaign, runWorld } from './campaign.ts';
import type { Mix } from './queries.ts';
import { REGRESSIONS } from './repro.ts';
import { Tally } from './tally.ts';

/** A world's questions; about 1,000 comparisons. */
const MIX: Mix = { batches: 16, checks: 40, listObjects: 60, streams: 20, listUsers: 60, expands: 20 };
const SAY_EVERY_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    comparisons: { type: 'string' },
    world: { type: 'string' },
    only: { type: 'string' },
    kind: { type: 'string', default: 'both' },
    into: { type: 'string', default: REGRESSIONS },
    repros: { type: 'string', default: '10' },
    report: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
let server = await startOpenFga({ args: PATIENT });
const tally = new Tally();
const campaign: Campaign = {
  get base() {
    return server.http;
  },
  engine: createEngine(),
  seed,
  kind: kindOf(values.kind),
  mix: values.only === undefined ? MIX : only(values.only),
  tally,
  foreign: [],
  into: values.into,
  repros: { left: Number(values.repros) },
  report: (text) => {
    console.log(text);
    if (values.report !== undefined) appendFileSync(values.report, `${text}\n`);
  },
  renew: async () => {
    server.kill();
    server = await startOpenFga({ args: PATIENT });
  },
};

const until = Date.now() + Number(values.minutes) * 60_000;
const enough = Number(values.comparisons ?? Number.POSITIVE_INFINITY);
let said = Date.now();
let number = Number(values.world ?? 0);
do {
  await runWorld(campaign, number++);
  if (Date.now() - said < SAY_EVERY_MS) continue;
  said = Date.now();
  console.log(`… ${tally.line(seed)}`);
} while (values.world === undefined && Date.now() < until && tally.comparisons < enough);
for (const line of tally.kinds()) console.log(line);
console.log(tally.line(seed));
await server.stop();
// The words of an error inside CEL are cel-go's own: they are counted and shown. Answers and codes decide.
process.exit(tally.count('wrong') > 0 || tally.comparisons === 0 ? 1 : 0);

/** As many of one method as there are questions in the whole mix. */
function only(method: string): Mix {
  const none: Mix = { batches: 0, checks: 0, listObjects: 0, streams: 0, listUsers: 0, expands: 0 };
  const counts: Readonly<Record<string, Mix>> = {
    BatchCheck: { ...none, batches: 40 },
    Check: { ...none, checks: 300 },
    ListObjects: { ...none, listObjects: 300 },
    StreamedListObjects: { ...none, streams: 300 },
    ListUsers: { ...none, listUsers: 300 },
    Expand: { ...none, expands: 300 },
  };
  const chosen = counts[method];
  if (chosen === undefined) throw new Error(`--only takes one of ${Object.keys(counts).join(', ')}`);
  return chosen;
}

function kindOf(text: string): Campaign['kind'] {
  if (text === 'graph' || text === 'cel' || text === 'both') return text;
  throw new Error('--kind takes one of graph, cel, both');
}
