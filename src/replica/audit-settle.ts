/**
 * Which of the suspected keys really differ? Each is read again from the primary, then a barrier is applied: by then every
 * change that the reading could have seen is here. A key that no change touched meanwhile and that is still not the same
 * differs. A touched one is looked at again. What differs twice, a pause apart, is a difference.
 *
 * Repair writes what the primary said, while nothing else can be applied and only if the key is still untouched: so an
 * older reading never stands over a newer change, and a right that was revoked meanwhile does not come back.
 */
import { isDeepStrictEqual } from 'node:util';
import { keyText, type Tuple, type TupleKey } from '../fga/tuple.ts';
import type { Clock } from '../plugin/clock.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Upstream } from '../plugin/upstream.ts';
import type { Ledger } from './ledger.ts';
import type { Track } from './track.ts';

/** missing: not held here, a wrong no. extra: held here alone, a wrong yes. changed: another condition. */
export type DifferenceKind = 'missing' | 'extra' | 'changed';

export interface Difference extends TupleKey {
  readonly kind: DifferenceKind;
}

export interface Settled {
  readonly differences: readonly Difference[];
  readonly repaired: number;
  /** Keys that changed at every look. */
  readonly undecided: number;
}

export interface SettleParts {
  readonly store: TupleStore;
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Told before and after a repair can be seen: what was made of the tuples does not hold any more. */
  mended(storeId: string): void;
  /** Resolves true once a barrier asked for now is applied. */
  barrier(storeId: string, waitMs: number): Promise<boolean>;
}

/** An audit that cannot go on: nothing is said about the rest of the store. */
export class AuditStopped extends Error {
  override readonly name = 'AuditStopped';
}

export function noBarrier(): AuditStopped {
  return new AuditStopped('no barrier could be had: no sequencer answers, or changes do not arrive');
}

const LOOKS = 6;
/** SQL stores may show a changelog entry a moment late (contract 6.4): such a difference goes away by itself. */
const PAUSE_MS = 500;
export const BARRIER_WAIT_MS = 10_000;
const READS_AT_ONCE = 8;

export async function settle(
  parts: SettleParts,
  track: Track,
  suspects: readonly TupleKey[],
  { repair, signal }: { readonly repair: boolean; readonly signal: AbortSignal },
): Promise<Settled> {
  let open = new Map(suspects.map((key) => [keyText(key), key]));
  const once = new Set<string>();
  const differences: Difference[] = [];
  let repaired = 0;
  for (let look = 0; look < LOOKS && open.size > 0; look += 1) {
    if (look > 0) await parts.clock.sleep(PAUSE_MS, signal);
    if (signal.aborted) throw new AuditStopped('it was stopped');
    const seen = await lookAt(parts, track, open);
    try {
      const standing = [...seen.standing].filter(([text]) => once.has(text));
      for (const text of seen.standing.keys()) once.add(text);
      if (repair && standing.length > 0) repaired += await mend(parts, track, standing, seen.touched);
      differences.push(...standing.map(([, { kind, key }]) => ({ kind, ...bare(key) })));
      const done = new Set([...seen.same, ...standing.map(([text]) => text)]);
      open = new Map([...open].filter(([text]) => !done.has(text)));
    } finally {
      seen.stop();
    }
  }
  return { differences, repaired, undecided: open.size };
}

interface Standing {
  readonly kind: DifferenceKind;
  readonly key: TupleKey;
  /** As the primary has it; undefined: it has none. */
  readonly there: Tuple | undefined;
}

interface Look {
  readonly same: ReadonlySet<string>;
  readonly standing: ReadonlyMap<string, Standing>;
  /** Keys that a change touched since the look began; goes on until `stop`. */
  readonly touched: ReadonlySet<string>;
  stop(): void;
}

async function lookAt(
  { ledger, upstream, store, barrier }: SettleParts,
  track: Track,
  keys: ReadonlyMap<string, TupleKey>,
): Promise<Look> {
  const touched = new Set<string>();
  const stop = ledger.onApplied((changed, applied) => {
    if (changed === track) for (const text of applied.keys()) if (keys.has(text)) touched.add(text);
  });
  try {
    const there = await readAll(upstream, track.storeId, keys);
    if (!(await barrier(track.storeId, BARRIER_WAIT_MS))) throw noBarrier();
    const view = store.view(track.storeId);
    if (!view) throw new AuditStopped('the store is not held any more');
    const same = new Set<string>();
    const standing = new Map<string, Standing>();
    for (const [text, key] of keys) {
      const kind = kindOf(view.tuple(key.object, key.relation, key.user), there.get(text));
      if (kind === undefined) same.add(text);
      else if (!touched.has(text)) standing.set(text, { kind, key, there: there.get(text) });
    }
    return { same, standing, touched, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** How many were mended: all that no change has touched by the time of the commit. */
async function mend(
  { ledger, mended }: SettleParts,
  track: Track,
  standing: readonly (readonly [string, Standing])[],
  touched: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  await ledger.mend(track, () => {
    mended(track.storeId);
    const untouched = standing.filter(([text]) => !touched.has(text)).map(([, one]) => one);
    count = untouched.length;
    return {
      writes: untouched.flatMap(({ there }) => there ?? []),
      deletes: untouched.flatMap(({ there, key }) => (there ? [] : [bare(key)])),
    };
  });
  mended(track.storeId);
  return count;
}

async function readAll(
  upstream: Upstream,
  storeId: string,
  keys: ReadonlyMap<string, TupleKey>,
): Promise<ReadonlyMap<string, Tuple | undefined>> {
  const found = new Map<string, Tuple | undefined>();
  const entries = keys.entries();
  const worker = async () => {
    for (const [text, key] of entries) found.set(text, await upstream.readTuple(storeId, key));
  };
  await Promise.all(Array.from({ length: READS_AT_ONCE }, worker));
  return found;
}

/** Undefined: the same. */
export function kindOf(here: Tuple | undefined, there: Tuple | undefined): DifferenceKind | undefined {
  if (!here || !there) return here === there ? undefined : here ? 'extra' : 'missing';
  const name = (tuple: Tuple) => tuple.condition?.name ?? '';
  const context = (tuple: Tuple) => tuple.condition?.context ?? {};
  return name(here) === name(there) && isDeepStrictEqual(context(here), context(there))
    ? undefined
    : 'changed';
}

function bare({ user, relation, object }: TupleKey): TupleKey {
  return { user, relation, object };
}
