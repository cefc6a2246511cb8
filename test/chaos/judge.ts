/**
 * The end of every scenario: each edge holds exactly what the upstream's Read gives, no tuple less and none more, and says
 * so itself, from its own store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tuple } from '../../src/fga/tuple.ts';
import { call, expectStatus, fieldOf, readAll } from '../support/api.ts';
import { type Sidecar, storeStatus } from '../support/fleet.ts';

/** Checks in one BatchCheck: OpenFGA's limit. */
const BATCH = 50;
const PAUSE_MS = 50;

/** Resolves with how long it took, ms. Rejects after `withinMs` with what is still different. */
export async function untilEqual(
  edge: Sidecar,
  { storeId, openfga, withinMs }: { storeId: string; openfga: string; withinMs: number },
): Promise<number> {
  const began = performance.now();
  const wanted = await readAll(openfga, storeId);
  for (;;) {
    const fault = await difference(edge, storeId, wanted).catch((error: unknown) => String(error));
    if (fault === undefined) return performance.now() - began;
    if (performance.now() - began > withinMs)
      throw new Error(`${edge.name} differs from OpenFGA after ${withinMs} ms: ${fault}`);
    await sleep(PAUSE_MS);
  }
}

/** As many tuples as the upstream has, and each of the upstream's: then they are the same. */
async function difference(
  edge: Sidecar,
  storeId: string,
  wanted: readonly Tuple[],
): Promise<string | undefined> {
  const status = storeStatus(await edge.status(), storeId);
  if (status?.phase !== 'complete') return `it is ${status?.phase}: ${status?.lastError ?? ''}`;
  if (status.tuples !== wanted.length) return `it holds ${status.tuples} tuples instead of ${wanted.length}`;
  for (let at = 0; at < wanted.length; at += BATCH) {
    const missing = await notHeld(edge, storeId, wanted.slice(at, at + BATCH));
    if (missing) return missing;
  }
  return undefined;
}

async function notHeld(
  edge: Sidecar,
  storeId: string,
  tuples: readonly Tuple[],
): Promise<string | undefined> {
  const checks = tuples.flatMap((tuple, n) => [
    { tuple_key: keyOf(tuple), correlation_id: `held-${n}`, ...contextOf(tuple, 'ge') },
  ]);
  const older = tuples.flatMap((tuple, n) =>
    tuple.condition
      ? [{ tuple_key: keyOf(tuple), correlation_id: `older-${n}`, ...contextOf(tuple, 'lt') }]
      : [],
  );
  const held = await ask(edge, storeId, checks);
  if ('forwarded' in held) return held.forwarded;
  const missing = tuples.filter((_, n) => held.result[`held-${n}`]?.allowed !== true);
  if (missing.length > 0) return `it does not hold ${JSON.stringify(missing.slice(0, 3))}`;
  if (older.length === 0) return undefined;
  const below = await ask(edge, storeId, older);
  if ('forwarded' in below) return below.forwarded;
  const wrong = Object.entries(below.result).find(([, answer]) => answer.allowed !== false);
  return wrong && `a condition is older than upstream's: ${JSON.stringify(wrong)}`;
}

type Answers = { readonly result: Readonly<Record<string, { readonly allowed?: boolean }>> };

async function ask(
  edge: Sidecar,
  storeId: string,
  checks: readonly object[],
): Promise<Answers | { readonly forwarded: string }> {
  const reply = await expectStatus(
    200,
    call(edge.http, `/stores/${storeId}/batch-check`, { body: { checks } }),
  );
  if (reply.headers['rsfga-served-by'] !== 'local')
    return { forwarded: `it does not answer by itself: ${reply.headers['rsfga-declined']}` };
  return { result: fieldOf(reply, 'result') as Answers['result'] };
}

function keyOf({ user, relation, object }: Tuple) {
  return { user, relation, object };
}

function contextOf({ condition }: Tuple, op: 'ge' | 'lt'): object {
  return condition ? { context: { op, at: condition.context?.n } } : {};
}
