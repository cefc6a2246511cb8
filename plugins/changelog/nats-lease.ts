/**
 * The lease as one value in a NATS KV bucket. Each change of it names the revision that it follows, so of several only one
 * succeeds. Nobody compares wall clocks: a holder counts its time from before it sent a renewal, another counts from when
 * it last saw the value change, each on its own monotonic clock. No TTL of the server is needed, so every version does.
 */
import { ulid } from 'ulid';
import type { Clock } from '../../src/plugin/clock.ts';
import type { Lease, LeaseState, Term } from '../../src/plugin/lease.ts';
import type { Log } from '../../src/plugin/log.ts';
import { type Entry, entryText, parseEntry } from './nats-lease-entry.ts';

/** One value with revisions. */
export interface Register {
  /** As the leader has it. Undefined: nothing was put yet. Throws when it cannot be read. */
  read(): Promise<{ readonly text: string; readonly revision: number } | undefined>;
  /** The new revision, or undefined when the value is no longer at `after` (0: no value). Throws: not known. */
  put(text: string, after: number): Promise<number | undefined>;
  /** Calls back when the value may have changed; a hint. Returns how to stop. */
  changed(listener: () => void): () => void;
}

export interface LeaseParts {
  readonly register: Register;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeId: string;
  /** How long a holder may be silent. */
  readonly ttlMs: number;
}

/**
 * Well below the default `max_staleness` of 30 s: while nobody holds the lease, the age of every edge grows. A leader change
 * of the bucket (R3: up to 8 s) costs the holder its term, and it is the first to take the next.
 */
export const LEASE_TTL_MS = 6_000;

interface Seen {
  readonly entry: Entry | undefined;
  readonly revision: number;
  /** Monotonic ms at which this revision was first seen. */
  readonly atMs: number;
}

interface Held {
  readonly term: Term;
  readonly sinceMs: number;
  revision: number;
  /** Monotonic ms at which nothing may be published any more. */
  untilMs: number;
  readonly end: AbortController;
}

export function createLease({ register, clock, log, nodeId, ttlMs }: LeaseParts): Lease {
  const instance = ulid(clock.wallMs());
  /** The rest is for clocks that run at different rates, and for an append that was let go at the last moment. */
  const ownMs = (ttlMs * 3) / 4;
  const renewMs = ttlMs / 4;
  const retryMs = ttlMs / 24;
  let state: LeaseState = { lease: 'unknown', sinceMs: clock.wallMs() };
  let seen: Seen | undefined;
  /** Until this process has had an answer to its first try, a lease in its name is from before a crash. */
  let fresh = true;

  function tell(next: LeaseState): void {
    const holderOf = (one: LeaseState) => (one.lease === 'unknown' ? '' : one.holder);
    if (next.lease !== state.lease || holderOf(next) !== holderOf(state)) {
      log.info({ lease: next.lease, holder: holderOf(next) }, 'the lease changed');
      state = next;
    } else if (next.lease === 'unknown') state = { ...next, sinceMs: state.sinceMs };
  }

  function unknown(error?: unknown): void {
    const reason = error === undefined ? {} : { error: String(error) };
    tell({ lease: 'unknown', sinceMs: clock.wallMs(), ...reason });
  }

  async function look(): Promise<Seen> {
    const found = await register.read();
    const revision = found?.revision ?? 0;
    if (!seen || seen.revision !== revision)
      seen = { entry: found && parseEntry(found.text), revision, atMs: clock.monoMs() };
    return seen;
  }

  function mayTake({ entry, revision, atMs }: Seen): boolean {
    if (revision === 0 || entry?.holder === '' || entry?.instance === instance) return true;
    if (fresh && entry?.holder === nodeId) return true;
    return clock.monoMs() - atMs >= (entry?.ttlMs ?? ttlMs);
  }

  async function take(): Promise<Held | undefined> {
    const now = await look();
    if (!mayTake(now)) {
      fresh = false;
      const { holder, sinceMs } = now.entry ?? { holder: '?', sinceMs: clock.wallMs() };
      tell({ lease: 'elsewhere', holder, sinceMs });
      return undefined;
    }
    const sentMs = clock.monoMs();
    const sinceMs = clock.wallMs();
    const revision = await register.put(mine(sinceMs), now.revision);
    fresh = false;
    if (revision === undefined) return undefined;
    return begin(revision, sinceMs, sentMs + ownMs);
  }

  function begin(revision: number, sinceMs: number, untilMs: number): Held {
    const end = new AbortController();
    const term: Term = {
      id: `${instance}.${revision}`,
      sinceMs: clock.monoMs(),
      over: end.signal,
      holds: () => !end.signal.aborted && clock.monoMs() < held.untilMs,
      async confirm() {
        if (!term.holds()) return false;
        const { entry } = await look();
        if (entry?.instance !== instance) end.abort();
        return term.holds();
      },
    };
    const held: Held = { term, sinceMs, revision, untilMs, end };
    return held;
  }

  const mine = (sinceMs: number, holder = nodeId) => entryText({ holder, instance, sinceMs, ttlMs });

  /** True: renewed. False: somebody else has it. Throws: not known. */
  async function renew(held: Held): Promise<boolean> {
    const sentMs = clock.monoMs();
    let revision = await register.put(mine(held.sinceMs), held.revision);
    if (revision === undefined) {
      // The answer to an earlier renewal may have been lost.
      const now = await look();
      if (now.entry?.instance !== instance) return false;
      held.revision = now.revision;
      revision = await register.put(mine(held.sinceMs), now.revision);
    }
    if (revision === undefined) return false;
    held.revision = revision;
    held.untilMs = sentMs + ownMs;
    return true;
  }

  async function keep(held: Held, stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([held.end.signal, stop]);
    let pauseMs = renewMs;
    while (!either.aborted) {
      await clock.sleep(pauseMs, either);
      if (either.aborted) return;
      try {
        if (!(await renew(held))) held.end.abort();
        pauseMs = renewMs;
      } catch (error) {
        log.warn({ error: String(error) }, 'the lease could not be renewed');
        pauseMs = retryMs;
      }
    }
  }

  /** Ends the term in time, whatever a renewal under way is waiting for. */
  async function guard(held: Held, stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([held.end.signal, stop]);
    while (!either.aborted) {
      const leftMs = held.untilMs - clock.monoMs();
      if (leftMs <= 0) held.end.abort();
      else await clock.sleep(leftMs, either);
    }
  }

  async function hold(held: Held, work: (term: Term) => Promise<void>): Promise<void> {
    tell({ lease: 'held', holder: nodeId, sinceMs: held.sinceMs });
    const done = new AbortController();
    const kept = Promise.all([keep(held, done.signal), guard(held, done.signal)]);
    try {
      await work(held.term);
    } finally {
      done.abort();
      if (held.term.holds()) await release(held);
      else unknown();
      held.end.abort();
      // A renewal that hangs must not keep this sidecar from trying again.
      kept.catch((error: unknown) => log.error({ err: error }, 'keeping the lease failed'));
    }
  }

  async function release(held: Held): Promise<void> {
    try {
      held.end.abort();
      const given = mine(clock.wallMs(), '');
      const done = await register.put(given, held.revision);
      // A renewal was under way.
      const now = done === undefined ? await look() : undefined;
      if (now?.entry?.instance === instance) await register.put(given, now.revision);
      unknown();
    } catch (error) {
      log.warn({ error: String(error) }, 'the lease could not be given back; it expires');
    }
  }

  /** Until the value may have changed, or it is time to look again. */
  async function pause(signal: AbortSignal): Promise<void> {
    const news = new AbortController();
    const stop = register.changed(() => news.abort());
    await clock.sleep(renewMs, AbortSignal.any([signal, news.signal]));
    stop();
  }

  return {
    state: () => state,
    async run(signal, work) {
      while (!signal.aborted) {
        const held = await take().catch((error: unknown) => unknown(error));
        if (!held) await pause(signal);
        else if (!signal.aborted) await hold(held, work);
        else await release(held);
      }
    },
  };
}
