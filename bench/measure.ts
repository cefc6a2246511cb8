/** One row: the same requests against each target in turn, round after round, so that a noisy minute hits all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../test/support/api.ts';
import { cpuSeconds } from './cpu.ts';
import type { Sizes } from './dataset.ts';
import type { Load } from './load.ts';
import { type Measured, quantile } from './load-worker.ts';
import type { Row } from './rows.ts';

const QUIET_MS = 200;

export interface Target {
  readonly name: string;
  /** `http://host:port`, or `https://…` */
  readonly http: string;
  readonly storeId: string;
  readonly pids: readonly number[];
  /** Value of the header, where callers have to say who they are. */
  readonly authorization?: string;
}

export interface Plan {
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
  readonly connections: number;
}

export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds of CPU in the server's processes per request; undefined where it cannot be read. */
  readonly cpuUs?: number;
  readonly refused: number;
  /** Share of one core that the load process used: near 1 means that it was the limit. */
  readonly loadShare: number;
}

export interface RowResult {
  readonly id: string;
  readonly says: string;
  readonly setting: string;
  readonly tuples: number;
  /** By target name; medians over the rounds. */
  readonly figures: Readonly<Record<string, Figures>>;
  /** `edge / openfga`: medians of the ratios of requests/s within a round. */
  readonly ratios: Readonly<Record<string, number>>;
  /** What the edge said of the first answers, and whether they were OpenFGA's. */
  readonly notes: readonly string[];
}

export interface Measurement {
  readonly row: Row;
  readonly targets: readonly Target[];
  readonly sizes: Sizes;
  readonly plan: Plan;
  readonly load: Load;
}

/** Something that can be put under load for a while. */
export interface Loaded {
  readonly name: string;
  /** Whose CPU is counted. */
  readonly pids: readonly number[];
  run(measureMs: number): Promise<Measured>;
}

/** Rounds of every target; the first one only warms up. */
export function measureRounds({ row, targets, sizes, plan, load }: Measurement): Promise<Figures[][]> {
  return inTurns(
    targets.map((target) => loadedBy(load, target, { row, sizes, connections: plan.connections })),
    plan,
  );
}

/** A target that the load process asks over HTTP. */
export function loadedBy(
  load: Load,
  { name, pids, http, storeId, authorization }: Target,
  { row, sizes, connections }: { row: Row; sizes: Sizes; connections: number },
): Loaded {
  const bodies = row.bodies(sizes).map((body) => JSON.stringify(body));
  const { protocol, hostname: host, port } = new URL(http);
  const path = `/stores/${storeId}${row.path}`;
  const where = { host, port: Number(port), secure: protocol === 'https:' };
  const job = { ...where, path, bodies, connections: row.connections ?? connections };
  const login = authorization === undefined ? {} : { authorization };
  return { name, pids, run: (measureMs) => load.run({ ...job, ...login, measureMs }) };
}

/** One after the other, round after round; figures by round and target. */
export async function inTurns(
  targets: readonly Loaded[],
  plan: Pick<Plan, 'rounds' | 'measureMs' | 'warmUpMs'>,
): Promise<Figures[][]> {
  const rounds: Figures[][] = [];
  for (let round = -1; round < plan.rounds; round++) {
    const measureMs = round < 0 ? plan.warmUpMs : plan.measureMs;
    const figures: Figures[] = [];
    for (const target of targets) {
      const before = cpuSeconds(target.pids);
      const measured = await target.run(measureMs);
      figures.push(figuresOf(measured, before, cpuSeconds(target.pids)));
      await quiet(target.pids);
    }
    if (round >= 0) rounds.push(figures);
  }
  return rounds;
}

/** Medians per target, and of the ratios to the targets named. */
export function summarize(targets: readonly { readonly name: string }[], rounds: readonly Figures[][]) {
  const figures = Object.fromEntries(
    targets.map(({ name }, t) => [
      name,
      medians(rounds.map((round) => round[t]).filter((f) => f !== undefined)),
    ]),
  );
  const subject = targets.length - 1;
  const ratios = Object.fromEntries(
    targets
      .slice(0, subject)
      .map(({ name }, t) => [
        `${targets[subject]?.name} / ${name}`,
        median(
          rounds.map(
            (round) => (round[subject]?.requestsPerSecond ?? 0) / (round[t]?.requestsPerSecond ?? 1),
          ),
        ),
      ]),
  );
  return { figures, ratios };
}

/** Asks the first few questions once: who answered at the edge, and did it say what OpenFGA says? */
export async function compareAnswers(
  row: Row,
  sizes: Sizes,
  openfga: Target,
  edge: Target,
): Promise<string[]> {
  const by = new Map<string, number>();
  let different = 0;
  for (const body of row.bodies(sizes).slice(0, 20)) {
    const [there, here] = await Promise.all([
      call(openfga.http, `/stores/${openfga.storeId}${row.path}`, { body, headers: loginOf(openfga) }),
      call(edge.http, `/stores/${edge.storeId}${row.path}`, { body, headers: loginOf(edge) }),
    ]);
    if (sorted(there.body) !== sorted(here.body) || there.status !== here.status) different++;
    const declined = here.headers['rsfga-declined'];
    const who = `${here.headers['rsfga-served-by']}${declined ? ` (${declined})` : ''}`;
    by.set(who, (by.get(who) ?? 0) + 1);
  }
  const notes = [...by].map(([who, count]) => `${count} answered by ${who}`);
  return different > 0 ? [...notes, `${different} ANSWERS DIFFER`] : notes;
}

function loginOf({ authorization }: Target): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** What a slow server still works on after the load has gone must not be charged to the next one. At most 5 s. */
async function quiet(pids: readonly number[]): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += QUIET_MS) {
    const before = cpuSeconds(pids);
    await sleep(QUIET_MS);
    const after = cpuSeconds(pids);
    if (before === undefined || after === undefined || after - before < (QUIET_MS / 1000) * 0.1) return;
  }
}

function figuresOf(measured: Measured, before?: number, after?: number): Figures {
  const cpu = before !== undefined && after !== undefined ? after - before : undefined;
  return {
    requestsPerSecond: measured.requests / measured.seconds,
    p50Ms: measured.p50Ms,
    p99Ms: measured.p99Ms,
    ...(cpu !== undefined && { cpuUs: (cpu / measured.requests) * 1e6 }),
    refused: measured.refused,
    loadShare: measured.cpuSeconds / measured.seconds,
  };
}

function medians(rounds: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number) => median(rounds.map(pick));
  const cpus = rounds.map(({ cpuUs }) => cpuUs).filter((cpuUs) => cpuUs !== undefined);
  return {
    requestsPerSecond: of((f) => f.requestsPerSecond),
    p50Ms: of((f) => f.p50Ms),
    p99Ms: of((f) => f.p99Ms),
    ...(cpus.length > 0 && { cpuUs: median(cpus) }),
    refused: rounds.reduce((sum, f) => sum + f.refused, 0),
    loadShare: of((f) => f.loadShare),
  };
}

/** Lists of OpenFGA come in no promised order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    Array.isArray(item) ? item.map((entry) => JSON.stringify(entry)).sort() : sortedKeys(item),
  );
}

function sortedKeys(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
}
