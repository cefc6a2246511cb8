/**
 * Where to begin following a store that nobody here has followed before: at the end of its changelog, found without
 * reading all of it. Whoever follows copies the store afterwards, so what lies before the beginning is in the copy.
 */
import type { Clock } from '../../src/plugin/clock.ts';
import type { ChangelogEntry, Upstream } from '../../src/plugin/upstream.ts';
import type { Checkpoint } from './upstream-checkpoint.ts';
import { isRefused } from './upstream-pages.ts';
import type { RecentEntries } from './upstream-recent.ts';

export interface StartParts {
  readonly upstream: Upstream;
  readonly storeId: string;
  readonly recent: RecentEntries;
  /** Its wall time is a guess: only the upstream's counts. */
  readonly clock: Clock;
  readonly overlapMs: number;
}

const HOUR_MS = 3_600_000;

/** The entries of the last moments are noted as known: they were committed before any copy that begins now. */
export async function findStart(parts: StartParts): Promise<Checkpoint> {
  const { upstream, storeId, recent } = parts;
  const modelId = (await upstream.latestModelId(storeId)) ?? '';
  const beganMs = parts.clock.monoMs();
  const acceptedMs = await acceptedTime(parts);
  const { all, token } = await readFrom(upstream, storeId, acceptedMs - parts.overlapMs);
  recent.note(all);
  const seenMs = all.reduce((latest, entry) => Math.max(latest, entry.timestampMs), 0);
  const settledMs = Math.max(acceptedMs, seenMs - Math.ceil(parts.clock.monoMs() - beganMs));
  return { token, seenMs, settledMs, modelId };
}

/**
 * A time that is past on the upstream's clock: it refuses to start from one that is not. A clock of ours that is ahead by
 * days costs a reading of the whole changelog, never a change.
 */
export async function acceptedTime(parts: Omit<StartParts, 'recent'>): Promise<number> {
  const { upstream, storeId, clock, overlapMs } = parts;
  const wallMs = clock.wallMs();
  for (const backMs of [overlapMs, HOUR_MS, 24 * HOUR_MS]) {
    try {
      await upstream.readChanges(storeId, '', wallMs - backMs);
      return wallMs - backMs;
    } catch (error) {
      if (!isRefused(error)) throw error;
    }
  }
  return 0;
}

async function readFrom(upstream: Upstream, storeId: string, startMs: number) {
  const all: ChangelogEntry[] = [];
  let token = '';
  for (;;) {
    const page = await upstream.readChanges(
      storeId,
      token,
      token === '' && startMs > 0 ? startMs : undefined,
    );
    if (page.entries.length === 0) return { all, token };
    all.push(...page.entries);
    token = page.continuationToken;
  }
}
