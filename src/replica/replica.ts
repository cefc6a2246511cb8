/**
 * The edge's side of the change street: keeps the wanted stores copied, followed and fresh, each on its own.
 * The request street reads the local store; what it needs to know about age and progress it asks here.
 */
import type { Head } from '../fga/change.ts';
import type { ChangeFilter, ChangeLog } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { SnapshotInfo } from '../plugin/snapshots.ts';
import type { TupleStore } from '../plugin/store.ts';
import type { Upstream } from '../plugin/upstream.ts';
import { createAiling } from './ailing.ts';
import { type AuditOptions, type AuditReport, auditStore } from './audit.ts';
import { createCopies } from './copies.ts';
import { followOnce } from './follow.ts';
import { askAbout, keepFresh } from './freshness.ts';
import { createLedger } from './ledger.ts';
import { createModelFetcher } from './models.ts';
import { seekOverdue } from './overdue.ts';
import { type AppliedChange, isFollowing, type ResyncReason, type Track } from './track.ts';
import { createWaiters } from './wait.ts';
import { createWanted } from './wanted.ts';

export interface Replica {
  /** Which stores to keep. A store that is no longer named is erased. */
  want(filters: readonly ChangeFilter[]): void;
  /** Age of the store's data, ms; infinite while unknown. */
  ageMs(storeId: string): number;
  track(storeId: string): Readonly<Track> | undefined;
  tracks(): readonly Readonly<Track>[];
  /** Resolves true once the store is at this head's revision or past it, false after `waitMs` or in another epoch. */
  reached(storeId: string, head: Pick<Head, 'epoch' | 'revision'>, waitMs: number): Promise<boolean>;
  /** Resolves true once a barrier asked for now is applied. */
  barrier(storeId: string, waitMs: number): Promise<boolean>;
  /** A model id that was named and is not held: fetched in the background. */
  missingModel(storeId: string, modelId: string): void;
  resync(storeId: string, reason: ResyncReason): boolean;
  /** Compares a store with the primary; undefined where it is not kept. Throws when the primary cannot be read. */
  audit(storeId: string, options: AuditOptions): Promise<AuditReport> | undefined;
  run(signal: AbortSignal): Promise<void>;
}

export interface ReplicaParts {
  readonly log: ChangeLog;
  readonly store: TupleStore;
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly logger: Log;
  readonly events: ReplicaEvents;
}

export interface ReplicaEvents {
  /** Before a change can be seen in the local store; perhaps again when it could not be stored. */
  applying?(change: AppliedChange): void;
  applied(change: AppliedChange): void;
  resync(storeId: string, reason: ResyncReason): void;
  /** An audit repairs the store: before it can be seen, and after. */
  mended?(storeId: string): void;
  snapshot(what: 'used' | 'refused'): void;
  /**
   * The log, the sequencer or a copy is in trouble, or well again (`undefined`). `unknown-store`: a store is wanted that
   * the upstream does not have.
   */
  trouble(what: 'follow' | 'freshness' | 'copy' | 'unknown-store', error: unknown): void;
}

const RETRY_MS = 1_000;
/** Following begins again at most this often while stores come and go one after the other. */
const SESSIONS_APART_MS = 100;
/** A session has this many times as long to read as it took to compare heads. */
const READING_SHARE = 4;

export function createReplica(parts: ReplicaParts): Replica {
  const { clock, log, logger, store } = parts;
  const { applying = () => {}, applied, mended = () => {} } = parts.events;
  const ledger = createLedger(store, clock);
  const waiters = createWaiters(ledger, clock);
  const models = createModelFetcher({ ...parts, ledger });
  const ailing = createAiling(parts.events.trouble);
  const copies = createCopies({
    ...parts,
    ledger,
    waiters,
    copied: restartSession,
    complete: logComplete,
    snapshot: toldOfSnapshot,
    trouble: ailing,
  });
  const want = createWanted({
    ledger,
    store,
    clock,
    added: (track) => void (running && wake(track)),
    changed: restartSession,
    trouble: ailing,
    ended: () => running?.aborted ?? false,
  });
  let session = new AbortController();
  let running: AbortSignal | undefined;
  /** Monotonic ms: the earliest moment for the next restart; kept so that restarts are gathered. */
  let restartAtMs = Number.NEGATIVE_INFINITY;
  let restarting = false;
  let beganMs = 0;

  function resync(track: Track, reason: ResyncReason, detail?: unknown): void {
    if (!isFollowing(track) && track.phase !== 'absent') return;
    const fields = {
      store: track.storeId,
      reason,
      revision: track.head.revision,
      epoch: track.head.epoch,
      detail,
    };
    if (reason === 'new') logger.info(fields, 'copying a store for the first time');
    else logger.warn(fields, 'a store does not fit the change log and is copied again');
    // What does not go on from a snapshot would not the next time either.
    if (track.phase === 'confirming' && track.snapshot) track.refusedSnapshots.add(track.snapshot);
    track.phase = 'broken';
    track.open = undefined;
    track.asked.length = 0;
    track.freshAtMs = undefined;
    track.resync = { reason, atMs: clock.wallMs() };
    track.resyncs += 1;
    parts.events.resync(track.storeId, reason);
    copies.queue(track);
  }

  function logComplete(track: Track): void {
    track.lastError = undefined;
    const { storeId, head } = track;
    logger.info(
      { store: storeId, revision: head.revision, tuples: store.count(storeId) },
      'a store is complete',
    );
  }

  const readModel = (storeId: string, modelId: string) => parts.upstream.readModel(storeId, modelId);

  function toldOfSnapshot(what: 'used' | 'refused', info: SnapshotInfo, error?: unknown): void {
    const { storeId, name, tuples, madeBy } = info;
    const fields = { store: storeId, snapshot: name, revision: info.head.revision, tuples, made_by: madeBy };
    if (what === 'used') logger.info(fields, 'a store begins from a snapshot');
    else logger.warn({ ...fields, err: error }, 'a snapshot cannot be used; another source is tried');
    parts.events.snapshot(what);
  }

  function restartSession(): void {
    if (restarting) return;
    restarting = true;
    void clock.sleep(Math.max(0, restartAtMs - clock.monoMs()), running).then(() => {
      restarting = false;
      session.abort();
    });
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      session = new AbortController();
      beganMs = clock.monoMs();
      restartAtMs = beganMs + SESSIONS_APART_MS;
      const both = AbortSignal.any([signal, session.signal]);
      try {
        await followOnce({ log, store, ledger, resync, applying, applied, connected, readModel }, both);
        // Nothing to follow yet, or a restart was asked for.
        if (!both.aborted) await clock.sleep(RETRY_MS, both);
      } catch (error) {
        if (!both.aborted) {
          parts.events.trouble('follow', error);
          await clock.sleep(RETRY_MS, both);
        }
      }
    }
  }

  function connected(): void {
    const tookMs = clock.monoMs() - beganMs;
    restartAtMs = clock.monoMs() + Math.max(SESSIONS_APART_MS, tookMs * READING_SHARE);
    parts.events.trouble('follow', undefined);
  }

  function wake(track: Track): void {
    // A copy that was asked for before the start is in the queue already.
    if (track.resync) return;
    if (!isFollowing(track)) {
      track.phase = 'absent';
      resync(track, 'new');
    } else if (track.phase === 'confirming') copies.confirm(track);
  }

  const fresh = {
    log,
    store,
    ledger,
    clock,
    resync,
    trouble: (error: unknown) => parts.events.trouble('freshness', error),
  };
  async function barrier(storeId: string, waitMs: number): Promise<boolean> {
    const askedMs = clock.monoMs();
    const track = ledger.tracks.get(storeId);
    if (!track || !isFollowing(track)) return false;
    const asked = askAbout(fresh, [track]).catch(fresh.trouble);
    // A sequencer that is silent is given up by the caller's patience, not by that of the question.
    const enough = new AbortController();
    await Promise.race([asked, clock.sleep(waitMs, enough.signal)]);
    enough.abort();
    return waiters.freshSince(storeId, askedMs, Math.max(0, askedMs + waitMs - clock.monoMs()));
  }

  return {
    want,
    resync(storeId, reason) {
      const track = ledger.tracks.get(storeId);
      if (track) resync(track, reason);
      return track !== undefined;
    },
    ageMs(storeId) {
      const track = ledger.tracks.get(storeId);
      return track ? ledger.ageMs(track) : Number.POSITIVE_INFINITY;
    },
    track: (storeId) => ledger.tracks.get(storeId),
    tracks: () => [...ledger.tracks.values()],
    reached: waiters.reached,
    barrier,
    audit(storeId, options) {
      const track = ledger.tracks.get(storeId);
      return track && auditStore({ ...parts, ledger, barrier, resync, mended }, track, options);
    },
    missingModel: models.fetch,
    async run(signal) {
      running = signal;
      copies.start(signal);
      for (const track of ledger.tracks.values()) wake(track);
      await Promise.all([follow(signal), keepFresh(fresh, signal), seekOverdue(fresh, signal)]);
    },
  };
}
