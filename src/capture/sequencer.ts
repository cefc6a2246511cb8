/**
 * The sidecar that publishes, when it is this one: while it holds the lease of the change log, it has an office in which it
 * sequences every store. A log that nobody shares has one office for good.
 */

import type { Head } from '../fga/change.ts';
import type { ControlQuestion, ControlReply } from '../plugin/changelog.ts';
import { endlessTerm, type LeaseState, NotHolderError, type Term } from '../plugin/lease.ts';
import type { StoreSequencer } from './captured.ts';
import type { FleetParts } from './fleet-parts.ts';
import { createOffice, type Office } from './office.ts';

export interface Sequencer {
  /** Throws a `NotHolderError` while another sidecar publishes, or none does. */
  store(storeId: string): StoreSequencer;
  /** True while this sidecar publishes. */
  holds(): boolean;
  /** Undefined where the log is not shared. */
  lease(): LeaseState | undefined;
  answer(question: ControlQuestion): Promise<ControlReply>;
  /** Runs until `signal` aborts: tries for the lease, and with it serves questions and walks. */
  run(signal: AbortSignal): Promise<void>;
  /** Jobs that wait for the change log, over all stores. */
  waiting(): number;
  /** Stores that are followed at present. */
  followed(): number;
}

/** What was handed over before a stop is published before the lease is given back; what takes longer is left to the walk. */
const DRAIN_MS = 5_000;
const DRAIN_STEP_MS = 10;

export function createSequencer(parts: FleetParts): Sequencer {
  const { log, clock } = parts;
  const { sharing } = log;
  const acknowledged = new Map<string, Head>();
  const open = (term: Term) => createOffice({ ...parts, term, acknowledged });
  let office = sharing ? undefined : open(endlessTerm());

  function present(): Office {
    if (!office?.term.holds()) throw new NotHolderError();
    return office;
  }

  async function drain(one: Office): Promise<void> {
    const untilMs = clock.monoMs() + DRAIN_MS;
    while (one.waiting() > 0 && one.term.holds() && clock.monoMs() < untilMs)
      await clock.sleep(DRAIN_STEP_MS);
  }

  async function work(one: Office, signal: AbortSignal): Promise<void> {
    office = one;
    const stops = [log.control.serve(one.answer), sharing?.relay.serve(one.receive)];
    // At the end of a term nothing is waited for: what an office without one says would come before its successor's word.
    await Promise.race([one.rounds(AbortSignal.any([signal, one.term.over])), ended(one.term.over)]);
    for (const stop of stops) stop?.();
    await drain(one);
    if (sharing) office = undefined;
  }

  return {
    store: (storeId) => present().store(storeId),
    holds: () => office?.term.holds() ?? false,
    lease: () => sharing?.lease.state(),
    answer: async (question) => present().answer(question),
    waiting: () => office?.waiting() ?? 0,
    followed: () => office?.stores() ?? 0,
    run: (signal) =>
      sharing ? sharing.lease.run(signal, (term) => work(open(term), signal)) : work(present(), signal),
  };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
