/** Asks about things while they step on, and judges what is said of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, describe, type Reply } from './api.ts';
import { QUESTIONS, type Said } from './step-questions.ts';
import { step, type Thing } from './stepping.ts';

export interface Interview {
  /** Wrong answers and errors so far, in words. */
  readonly faults: readonly string[];
  /** By `<store id> <method> <Rsfga-Served-By>`. */
  readonly judged: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Steps of one thing follow each other after this. */
const STEP_PAUSE_MS = 40;

/** Asks about the things on `connections` connections, and lets each step on, until it is stopped. */
export function startInterview(
  bases: { readonly edge: string; readonly centre: string },
  things: readonly Thing[],
  connections: number,
): Interview {
  const faults: string[] = [];
  const judged = new Map<string, number>();
  let stopped = false;
  const guard = (running: Promise<void>) =>
    running.catch((error: unknown) => void faults.push(String(error)));

  function note({ storeId }: Thing, method: string, by: string | undefined): void {
    const name = `${storeId} ${method} ${by}`;
    judged.set(name, (judged.get(name) ?? 0) + 1);
  }

  async function asker(first: number): Promise<void> {
    for (let turn = first; !stopped; turn += connections) {
      const thing = things[turn % things.length];
      const question = QUESTIONS[Math.floor(turn / things.length) % QUESTIONS.length];
      if (!thing || !question) return;
      const sentMs = performance.now();
      const asked = question.ask(thing);
      const reply = await call(bases.edge, `/stores/${thing.storeId}/${question.path}`, { body: asked.body });
      const heard = { thing, sentMs, answeredMs: performance.now(), reply };
      const fault = reply.status === 200 ? faultIn(heard, asked.said(reply)) : describe(reply);
      note(thing, question.path, reply.headers['rsfga-served-by']);
      if (fault !== undefined) faults.push(`${question.path} of ${thing.name}: ${fault}`);
    }
  }

  async function writer(thing: Thing): Promise<void> {
    while (!stopped) {
      await step(bases[thing.through], thing);
      await sleep(STEP_PAUSE_MS);
    }
  }

  const running = [
    ...Array.from({ length: connections }, (_, n) => guard(asker(n))),
    ...things.map((thing) => guard(writer(thing))),
  ];
  return {
    faults,
    judged,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}

interface Heard {
  readonly thing: Thing;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly reply: Reply;
}

/** Undefined when the answer is that of some moment that it may be of. */
function faultIn(heard: Heard, { versions, oneMoment, wrong }: Said): string | undefined {
  if (wrong !== undefined) return wrong;
  const { thing, reply } = heard;
  const oldest = lastBefore(thing.ackedMs, floorMs(heard));
  const newest = lastBefore(thing.sentMs, heard.answeredMs);
  const by = `${reply.headers['rsfga-served-by']} at ${reply.headers['rsfga-revision']}, ${reply.headers['rsfga-staleness-ms']} ms old`;
  const place = `(versions ${oldest} to ${newest} may hold; ${by})`;
  for (const { version, holds } of versions) {
    const mayHold = version >= oldest && version <= newest;
    if (holds && !mayHold) return `version ${version} holds ${place}`;
    if (!holds && mayHold && oldest === newest) return `version ${version} does not hold ${place}`;
  }
  const holding = versions.filter(({ holds }) => holds).length;
  return oneMoment && holding > 1 ? `${holding} versions hold at once ${place}` : undefined;
}

/**
 * What was acknowledged before this moment must be seen: the sending itself where the upstream was asked, or where the edge
 * passed the Writes on; else as long before as the answer admits.
 */
function floorMs({ thing, sentMs, reply }: Heard): number {
  const by = reply.headers['rsfga-served-by'];
  if (thing.through === 'edge' || by === 'upstream') return sentMs;
  const ageMs = Number(reply.headers['rsfga-staleness-ms'] ?? Number.NaN);
  if (Number.isNaN(ageMs)) throw new Error(`an answer by ${by} does not say how old it is`);
  return sentMs - ageMs;
}

function lastBefore(times: readonly number[], ms: number): number {
  return times.findLastIndex((at) => at <= ms);
}
