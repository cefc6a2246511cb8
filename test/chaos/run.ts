/**
 * Chaos for as long as one likes: random scenarios on fresh worlds, one after the other.
 *
 *     npm run chaos -- --seed 7 --minutes 10
 *
 * Prints a line for each scenario played and a table at the end; the exit code is 1 when anything was not as promised, 3 when
 * the run itself broke (a world that does not start, say) and so has shown nothing. The seed
 * chooses worlds, scenarios, rounds, data and the moments of the faults; what the machine does in between is its own.
 * `--only TEXT` plays only scenarios whose name holds the text, `--rounds N` fixes how often each does its fault,
 * `--times N` plays so many and ends, `--datastore memory|postgres` and `--centrals 1|2` fix the world. With `--again` what was
 * not as promised is shown, played once more with the same seed on a fresh world, and counts only when it fails there too.
 */
import { parseArgs } from 'node:util';
import { type Chance, chance } from '../support/chance.ts';
import { postgresAvailable } from '../support/servers.ts';
import { type Outcome, play, type Scenario } from './scenario.ts';
import { ALL } from './scenarios/all.ts';
import { sameOnDisk } from './suite-end.ts';
import { table } from './table.ts';
import { BROKEN_RUN } from './verdict.ts';
import { startWorld, type WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    times: { type: 'string' },
    datastore: { type: 'string' },
    centrals: { type: 'string' },
    again: { type: 'boolean', default: false },
  },
});

/** Scenarios on one world: its edges keep the stores of all of them. */
const PER_WORLD = 8;
const MOST_ROUNDS = 4;

const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const luck = chance(seed);
const until = Date.now() + Number(values.minutes) * 60_000;
const times = Number(values.times ?? Number.POSITIVE_INFINITY);
const scenarios = ALL.filter(({ name }) => name.includes(values.only));
if (scenarios.length === 0) throw new Error(`no scenario is called "${values.only}"`);

process.on('uncaughtException', broke);

const outcomes: Outcome[] = [];
const faults: string[] = [];
console.log(`chaos, seed ${seed}, ${values.minutes} min`);
while (Date.now() < until && outcomes.length + faults.length < times) await playWorld(optionsOf(luck));
console.log(`\n${table(outcomes)}`);
for (const fault of faults) console.log(`\nFAULT ${fault}`);
console.log(`\nseed ${seed}: ${outcomes.length} scenarios as promised, ${faults.length} not`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Also what a top-level `await` rejects with, and rejections that nobody hears. */
function broke(error: unknown): never {
  console.log(`BROKE seed ${seed}:`, error);
  process.exit(BROKEN_RUN);
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** Eight processes on a busy machine: a world that does not come up has shown nothing, and is tried once more. */
function freshWorld(options: WorldOptions): Promise<World> {
  return startWorld(options).catch((error: unknown) => {
    console.log(`a world (${options.datastore}, ${options.centrals} centrals) did not start: ${error}`);
    return startWorld(options);
  });
}

async function playWorld(options: WorldOptions): Promise<void> {
  const world = await freshWorld(options);
  const title = `${options.datastore}, ${options.centrals} centrals`;
  try {
    for (let n = 0; n < PER_WORLD && Date.now() < until && outcomes.length + faults.length < times; n += 1) {
      const scenario = luck.pick(scenarios);
      const rounds = Number(values.rounds ?? 1 + luck.below(MOST_ROUNDS));
      if (!(await playOne(scenario, { rounds, title, world, options }))) return;
    }
    await sameOnDisk(world);
  } catch (error) {
    faults.push(`at the end of a world (${title}): ${error}`);
  } finally {
    await world.stop();
  }
}

/** False when the world is of no use any more. */
async function playOne(
  scenario: Scenario,
  how: { rounds: number; title: string; world: World; options: WorldOptions },
): Promise<boolean> {
  const own = luck.below(2 ** 31);
  try {
    const outcome = await play(how.world, scenario, { seed: own, rounds: how.rounds });
    outcomes.push(outcome);
    console.log(`${new Date().toISOString()} ${how.title}: ${JSON.stringify(outcome)}`);
    return true;
  } catch (error) {
    const fault = `${scenario.name} (${how.title}, seed ${own}, ${how.rounds} rounds): ${error}`;
    console.log(`FAULT ${fault}`);
    if (!(values.again && (await passesAgain(scenario, own, how)))) faults.push(fault);
    return false;
  }
}

async function passesAgain(
  scenario: Scenario,
  own: number,
  { rounds, options }: { rounds: number; options: WorldOptions },
): Promise<boolean> {
  const world = await freshWorld(options);
  try {
    outcomes.push(await play(world, scenario, { seed: own, rounds }));
    console.log('played again: as promised');
    return true;
  } catch (error) {
    console.log(`played again: ${error}`);
    return false;
  } finally {
    await world.stop();
  }
}

function optionsOf(source: Chance): WorldOptions {
  const random = source.below(2);
  const datastore = values.datastore ?? (random === 0 && postgresAvailable() ? 'postgres' : 'memory');
  if (datastore !== 'memory' && datastore !== 'postgres') throw new Error('--datastore memory or postgres');
  return { datastore, centrals: values.centrals === '1' ? 1 : 2 };
}
