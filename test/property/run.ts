/**
 * `node test/property/run.ts [--seeds 10000] [--from 1] [--server | --mistakes]`: the property tests of the tiers with more seeds; with
 * `--server` a hot edge's answers are compared with those of the real OpenFGA instead. Ends with 1 at a counterexample.
 * `--mistakes` says by which seed each tier is found that is wrong on purpose; ends with 1 where one is not.
 */
import { parseArgs } from 'node:util';
import { PATIENT, startOpenFga } from '../support/servers.ts';
import { brokenHot, HOT_MISTAKES } from './broken-hot.ts';
import { WARM_MISTAKES } from './broken-warm.ts';
import { tryHot } from './hot.ts';
import { tryHotAgainst } from './hot-server.ts';
import { tryWarm } from './warm.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    server: { type: 'boolean', default: false },
    mistakes: { type: 'boolean', default: false },
  },
});
const from = Number(values.from);
const until = from + Number(values.seeds);

process.exitCode = await run();

function run(): Promise<number> {
  if (values.mistakes) return withMistakes();
  return values.server ? withServer() : withEngine();
}

async function withMistakes(): Promise<number> {
  let missed = 0;
  const tell = (tier: string, mistake: string, seed: number | undefined) => {
    missed += seed === undefined ? 1 : 0;
    console.log(`${seed ?? 'not found'}: a ${tier} tier that ${mistake}`);
  };
  for (const [name, mistake] of Object.entries(HOT_MISTAKES)) {
    const options = { make: brokenHot(mistake), shrink: false };
    tell('hot', name, await firstSeed((seed) => tryHot(seed, { local: 0, declined: 0 }, options)));
  }
  for (const [name, spoil] of Object.entries(WARM_MISTAKES))
    tell('warm', name, await firstSeed((seed) => tryWarm(seed, { cached: 0, forwarded: 0 }, { spoil })));
  return missed > 0 ? 1 : 0;
}

async function firstSeed(attempt: (seed: number) => unknown): Promise<number | undefined> {
  for (let seed = from; seed < until; seed += 1) if ((await attempt(seed)) !== undefined) return seed;
  return undefined;
}

async function withEngine(): Promise<number> {
  const hot = { local: 0, declined: 0 };
  const warm = { cached: 0, forwarded: 0 };
  for (let seed = from; seed < until; seed += 1) {
    const found = tryHot(seed, hot) ?? (await tryWarm(seed, warm));
    if (found) return told(found);
  }
  console.log(
    `seeds ${from} to ${until - 1}: hot ${JSON.stringify(hot)}, warm ${JSON.stringify(warm)}, none wrong`,
  );
  return 0;
}

async function withServer(): Promise<number> {
  const counts = { local: 0, declined: 0, unanswered: 0, unstable: 0 };
  // A cut list would look like a wrong answer.
  const server = await startOpenFga({ args: PATIENT });
  try {
    for (let seed = from; seed < until; seed += 1) {
      const found = await tryHotAgainst(server.http, seed, counts);
      if (found) return told(found);
    }
  } finally {
    await server.stop();
  }
  console.log(`seeds ${from} to ${until - 1} against the server: ${JSON.stringify(counts)}, none wrong`);
  return 0;
}

function told(found: object): number {
  console.log(JSON.stringify(found, undefined, 2));
  return 1;
}
