/** What a tier did in random worlds, and what of it breaks a promise. Found once; each promise of the suite asks for its own. */
import { isDeepStrictEqual } from 'node:util';
import { createEngine } from '../../src/engine/evaluate.ts';
import type { Query } from '../../src/fga/query.ts';
import type { Remember, TierContext, TierOutcome } from '../../src/plugin/tier.ts';
import type { PluginTier } from '../../src/plugin/tier-plugin.ts';
import { isPromise, outcomeProblem } from '../../src/plugin/tier-shape.ts';
import { turnView } from '../../src/plugin/turn-view.ts';
import type { Mix } from '../conformance/fuzz/queries.ts';
import { saidOfOutcome } from '../conformance/said.ts';
import { STORE } from '../property/world.ts';
import { apply, commit, openScene, type Scene, shareOf, wholeOf } from './tier-scene.ts';

/**
 * wrong: an answer that all tuples would not give. model: not the model that decided. form: no outcome. late: the view was read
 * after its turn. threw: anything that threw. memory: HIGHER_CONSISTENCY answered from memory. never: a question without an end.
 */
export type Breach = 'wrong' | 'model' | 'form' | 'late' | 'threw' | 'memory' | 'never';

export interface Finding {
  readonly breach: Breach;
  readonly seed: number;
  readonly what: string;
}

export interface Findings {
  readonly found: Finding[];
  /** Answers, from the copy and from memory. */
  answered: number;
  asked: number;
}

export interface TrialParts {
  readonly seeds: number;
  open(objectTypes: readonly string[]): Promise<PluginTier>;
  /** Lets this much time pass on the tier's clock. */
  pass(ms: number): Promise<void>;
}

/** About 25 questions of each world on every method, a batch of 50 among them. */
const STILL: Mix = { batches: 1, checks: 12, listObjects: 5, streams: 1, listUsers: 4, expands: 2 };
const MOVING: Mix = { batches: 0, checks: 4, listObjects: 1, streams: 0, listUsers: 1, expands: 1 };
const STEPS = 100;
/** A busy machine must not turn answers into declines. */
const PATIENT = { budget: { millis: 60_000 } };
/** All that a tier may wait for has happened by then. */
const SETTLE_MS = 2_000;
/** Longer than a tier may wait for the forward of somebody else. */
const FORWARD_MS = 10_000;

/** Every question of every world once, over a store that stands still. */
export async function stillWorlds(parts: TrialParts): Promise<Findings> {
  const findings: Findings = { found: [], answered: 0, asked: 0 };
  for (let seed = 0; seed < parts.seeds; seed += 1) {
    const scene = await openScene({ ...parts, seed, mix: STILL, filled: true });
    const asker = createAsker(scene, findings);
    for (const query of scene.queries) await asker.ask(query);
    await asker.end(parts);
  }
  return findings;
}

/** Questions, changes, their deliveries and the upstream's answers in any order. */
export async function movingWorlds(parts: TrialParts): Promise<Findings> {
  const findings: Findings = { found: [], answered: 0, asked: 0 };
  for (let seed = 0; seed < parts.seeds; seed += 1) {
    const scene = await openScene({ ...parts, seed, mix: MOVING, filled: seed % 2 === 0 });
    if (scene.queries.length === 0) continue;
    const asker = createAsker(scene, findings);
    for (let step = 0; step < STEPS; step += 1) await move(scene, asker, parts);
    await asker.end(parts);
  }
  return findings;
}

async function move(scene: Scene, asker: Asker, { pass }: TrialParts): Promise<void> {
  const { dice, tier } = scene;
  const action = dice.next();
  if (action < 0.12) commit(scene);
  else if (action < 0.22) asker.attempt('changing', () => apply(scene));
  else if (action < 0.45) asker.land();
  else if (action < 0.46) asker.attempt('forget', () => tier.forget?.(STORE));
  else if (action < 0.47) await pass(dice.below(1_000));
  else {
    const query = dice.pick(scene.queries);
    await asker.ask(dice.next() < 0.05 ? { ...query, consistency: 'higher_consistency' } : query);
  }
}

export interface Asker {
  /** Waits to the end of the turn; what is not settled then is judged when it is. */
  ask(query: Query): Promise<TierOutcome | undefined>;
  /** The upstream answers one of the queries that were forwarded to it. */
  land(): void;
  attempt(what: string, hook: () => void): void;
  /** Nobody answers any more; everything has to settle. */
  end(parts: Pick<TrialParts, 'pass'>): Promise<void>;
}

interface Flight {
  readonly query: Query;
  readonly remember: Remember;
  readonly readAt: number;
}

export function createAsker(scene: Scene, findings: Findings): Asker {
  const { tier, states, seed } = scene;
  const reference = createEngine(PATIENT);
  const flights: Flight[] = [];
  const pending = new Set<Promise<unknown>>();

  const breach = (kind: Breach, what: string) => void findings.found.push({ breach: kind, seed, what });

  function attempt(what: string, hook: () => void): void {
    try {
      hook();
    } catch (error) {
      breach('threw', `${what}: ${String(error)}`);
    }
  }

  async function ask(query: Query): Promise<TierOutcome | undefined> {
    const view = shareOf(scene);
    if (!view) return undefined;
    const from = scene.applied;
    const turn = turnView(view, () => breach('late', text(query)));
    findings.asked += 1;
    const answer = answerOf(query, { view: turn.view });
    const settled = answer.then((outcome) => outcome && record(outcome, query, from));
    pending.add(settled);
    void settled.finally(() => pending.delete(settled));
    const turnEnds = new Promise<undefined>((resolve) => setImmediate(resolve, undefined));
    const first = await Promise.race([settled, turnEnds]);
    turn.end();
    return first;
  }

  async function answerOf(query: Query, context: TierContext): Promise<TierOutcome | undefined> {
    try {
      const given: unknown = tier.answer(query, context);
      const outcome = isPromise(given) ? await given : given;
      const problem = outcomeProblem(outcome, query);
      if (problem === undefined) return outcome as TierOutcome;
      breach('form', `${problem}: ${text(query)}`);
    } catch (error) {
      breach('threw', `answer: ${String(error)}: ${text(query)}`);
    }
    return undefined;
  }

  function record(outcome: TierOutcome, query: Query, from: number): TierOutcome {
    if ('declined' in outcome) {
      const { remember } = outcome;
      if (remember) flights.push({ query, remember, readAt: states.length - 1 });
      return outcome;
    }
    findings.answered += 1;
    if (outcome.cached && query.consistency === 'higher_consistency') breach('memory', text(query));
    judge(outcome, query, from);
    return outcome;
  }

  /** From memory it may be newer than the copy; what is worked out here is exactly as old as the view. */
  function judge(outcome: TierOutcome, query: Query, from: number): void {
    const until = outcome.cached ? states.length : from + 1;
    const expected = Array.from({ length: until - from }, (_, i) =>
      reference.answer(query, wholeOf(scene, from + i)),
    );
    if (expected.some((one) => 'declined' in one && one.declined === 'budget')) return;
    const said = saidOfOutcome(query.method, outcome);
    const same = expected.filter((one) => isDeepStrictEqual(saidOfOutcome(query.method, one), said));
    const should = expected.map((one) => JSON.stringify(saidOfOutcome(query.method, one))).join(' or ');
    if (same.length === 0) breach('wrong', `${JSON.stringify(said)} instead of ${should}: ${text(query)}`);
    else if (same.every(({ modelId }) => modelId !== outcome.modelId))
      breach('model', `${outcome.modelId} instead of ${same[0]?.modelId}: ${text(query)}`);
  }

  /** The upstream read at any moment since it was asked. */
  function land(): void {
    const [flight] = flights.splice(scene.dice.below(Math.max(1, flights.length)), 1);
    if (!flight) return;
    const readAt = flight.readAt + scene.dice.below(states.length - flight.readAt);
    const said = reference.answer(flight.query, wholeOf(scene, readAt));
    const heard = 'answer' in said ? { answer: said.answer, modelId: said.modelId } : undefined;
    attempt('remember', () => flight.remember(heard));
    // The street may tell it again, with nothing.
    attempt('remember, again', () => flight.remember(undefined));
  }

  return {
    ask,
    land,
    attempt,
    async end({ pass }) {
      for (const { remember } of flights) attempt('remember', () => remember(undefined));
      await pass(FORWARD_MS);
      if (pending.size > 0 && !(await inTime(Promise.all(pending))))
        breach('never', 'a question was left open');
      attempt(
        'close',
        () => void tier.close?.()?.catch((error) => breach('threw', `close: ${String(error)}`)),
      );
    },
  };
}

async function inTime(all: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, SETTLE_MS, false);
  });
  try {
    return await Promise.race([all.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function text(query: Query): string {
  return JSON.stringify(query);
}
