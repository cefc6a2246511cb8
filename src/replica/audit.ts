/**
 * Comparing what is kept of a store with what the primary says, while both change. Everything is read page by page;
 * memory holds a sketch of the store (`audit-sketch.ts`) and the keys that are in question, a batch at a time.
 *
 * There: each tuple of the primary is looked up here. Here: each tuple in a bucket of the sketch that does not cancel out is
 * asked for at the primary. What is suspected either way is settled in `audit-settle.ts`.
 */
import { keyText, type Tuple, type TupleKey, typeOf } from '../fga/tuple.ts';
import { auditModels, type ModelDifferences } from './audit-models.ts';
import {
  AuditStopped,
  type Difference,
  type DifferenceKind,
  kindOf,
  type SettleParts,
  settle,
} from './audit-settle.ts';
import { createSketch, type Sketch } from './audit-sketch.ts';
import { pagesOf, RowsMovedError } from './pages.ts';
import { type ResyncReason, type Track, wantsType } from './track.ts';

export interface AuditOptions {
  readonly repair: boolean;
  /** Requests per second at most; undefined: as fast as the primary answers. */
  readonly maxRps?: number;
  readonly signal: AbortSignal;
  progress?(at: AuditProgress): void;
}

export interface AuditProgress {
  readonly storeId: string;
  /** Tuples of the primary that were read, and how many are held here. */
  readonly read: number;
  readonly held: number;
  readonly differences: number;
}

/**
 * equal: no difference. repaired: all of them are mended. differs: they stand. copied: too many, or a model that the
 * primary does not know: the store is copied again. skipped: not judged, `reason` says why.
 */
export type AuditOutcome = 'equal' | 'repaired' | 'differs' | 'copied' | 'skipped';

export type DifferenceCounts = Readonly<Record<DifferenceKind, number>>;

export interface AuditReport {
  readonly storeId: string;
  readonly outcome: AuditOutcome;
  readonly reason?: string;
  /** `<epoch>.<revision>` at the end. */
  readonly revision: string;
  /** Tuples that the primary has. */
  readonly tuples: number;
  /** By object type; only types that differ. */
  readonly differences: Readonly<Record<string, DifferenceCounts>>;
  readonly models: ModelDifferences;
  /** The first ones found. */
  readonly examples: readonly Difference[];
  /** Keys that changed at every look: they are being written, and are not judged. */
  readonly undecided: number;
  readonly tookMs: number;
}

export interface AuditParts extends SettleParts {
  resync(track: Track, reason: ResyncReason, detail?: unknown): void;
}

/** Keys settled together: each batch that has differences costs a few barriers. */
const BATCH = 200;
/** More differences than this are no slip: the store is copied again instead. */
export const MOST_MENDED = 1_000;
const EXAMPLES = 20;
const PROGRESS_EVERY_MS = 1_000;
/** Tuples looked at in one turn of the event loop. */
const TURN = 200;
/** The memory engine's pages move under deletes; so often the reading begins anew. */
const READINGS = 20;
const MOVED_PAUSE_MS = 50;

export async function auditStore(
  parts: AuditParts,
  track: Track,
  options: AuditOptions,
): Promise<AuditReport> {
  const audit = createAudit(parts, track, options);
  const beganMs = parts.clock.monoMs();
  try {
    await audit.run();
    return audit.report(parts.clock.monoMs() - beganMs);
  } catch (error) {
    if (!(error instanceof AuditStopped)) throw error;
    return { ...audit.report(parts.clock.monoMs() - beganMs), outcome: 'skipped', reason: error.message };
  }
}

function createAudit(parts: AuditParts, track: Track, { repair, maxRps, signal, progress }: AuditOptions) {
  const { store, upstream, clock } = parts;
  const { storeId, resyncs } = track;
  const found: Difference[] = [];
  const known = new Set<string>();
  const counts = new Map<string, Record<DifferenceKind, number>>();
  let suspects: TupleKey[] = [];
  let models: ModelDifferences = { missing: [], extra: [] };
  let [read, total, repaired, undecided] = [0, 0, 0, 0];
  let copied = false;
  let toldMs = clock.monoMs();

  /** The copy that the audit began with is still the one that is answered from. */
  function check(): void {
    if (signal.aborted) throw new AuditStopped('it was stopped');
    if (parts.ledger.tracks.get(storeId) !== track)
      throw new AuditStopped('the store is not kept any more, or kept anew');
    if (track.phase !== 'complete' || track.resyncs !== resyncs)
      throw new AuditStopped(`the store is not complete here (${track.phase})`);
  }

  async function turn(): Promise<void> {
    check();
    if (clock.monoMs() - toldMs >= PROGRESS_EVERY_MS) {
      toldMs = clock.monoMs();
      progress?.({ storeId, read, held: store.count(storeId), differences: total });
    }
    await clock.sleep(0, signal);
  }

  async function suspect(key: TupleKey): Promise<void> {
    suspects.push(key);
    if (suspects.length >= BATCH) await flush();
  }

  async function flush(): Promise<void> {
    const batch = suspects.splice(0);
    if (batch.length === 0) return;
    check();
    const settled = await settle(parts, track, batch, { repair, signal });
    check();
    repaired += settled.repaired;
    undecided += settled.undecided;
    for (const difference of settled.differences) note(difference);
    if (total > MOST_MENDED) throw new TooMany();
  }

  function note(difference: Difference): void {
    // One that stands is met from both sides.
    if (known.has(keyText(difference))) return;
    known.add(keyText(difference));
    total += 1;
    if (found.length < EXAMPLES) found.push(difference);
    const type = typeOf(difference.object);
    const ofType = counts.get(type) ?? { missing: 0, extra: 0, changed: 0 };
    ofType[difference.kind] += 1;
    counts.set(type, ofType);
  }

  /** Every tuple of the primary: is it here? */
  async function there(sketch: Sketch): Promise<void> {
    for await (const page of pagesOf((token) => upstream.readTuples(storeId, token, signal))) {
      check();
      const wanted = page.filter((tuple) => wantsType(track, typeOf(tuple.object)));
      for (const tuple of wanted) sketch.add(tuple);
      for (const tuple of unlike(wanted)) await suspect(tuple);
      read += wanted.length;
      if (maxRps !== undefined) await clock.sleep(1_000 / maxRps, signal);
      await turn();
    }
  }

  function unlike(tuples: readonly Tuple[]): readonly Tuple[] {
    const view = store.view(storeId);
    return tuples.filter((tuple) => kindOf(view?.tuple(tuple.object, tuple.relation, tuple.user), tuple));
  }

  /** Every tuple here, in steps, so that requests are answered in between. */
  async function here(visit: (tuple: Tuple) => Promise<void> | undefined): Promise<void> {
    let n = 0;
    for (const tuple of store.all(storeId)) {
      await visit(tuple);
      n += 1;
      if (n % TURN === 0) await turn();
    }
  }

  async function compare(): Promise<void> {
    if (track.objectTypes?.size === 0) return;
    const sketch = createSketch(store.count(storeId));
    read = 0;
    await there(sketch);
    await flush();
    await here((tuple) => void sketch.remove(tuple));
    await here((tuple) => (sketch.suspects(tuple) ? suspect(tuple) : undefined));
    await flush();
  }

  async function compareUntilStill(): Promise<void> {
    for (let reading = 1; ; reading += 1) {
      try {
        return await compare();
      } catch (error) {
        if (!(error instanceof RowsMovedError)) throw error;
        if (reading >= READINGS)
          throw new AuditStopped('rows of the upstream move faster than they can be read');
        suspects = [];
        await clock.sleep(MOVED_PAUSE_MS, signal);
      }
    }
  }

  function copy(why: string): void {
    copied = repair;
    if (repair) parts.resync(track, 'audit', why);
  }

  async function run(): Promise<void> {
    check();
    models = await auditModels(parts, track, repair);
    try {
      await compareUntilStill();
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
      return copy(`more than ${MOST_MENDED} differences`);
    }
    if (models.extra.length > 0) copy('a model is held that the upstream does not know');
  }

  function outcome(): AuditOutcome {
    if (copied) return 'copied';
    if (total + models.missing.length + models.extra.length === 0) return 'equal';
    return repair && repaired === total ? 'repaired' : 'differs';
  }

  return {
    run,
    report: (tookMs: number): AuditReport => ({
      storeId,
      outcome: outcome(),
      revision: `${track.head.epoch}.${track.head.revision}`,
      tuples: read,
      differences: Object.fromEntries(counts),
      models,
      examples: found,
      undecided,
      tookMs: Math.round(tookMs),
    }),
  };
}

/** Ends the comparing. */
class TooMany extends Error {}
