/**
 * Where captures are handed in: to the sequencer in this process, or to the sidecar that holds the lease. During a change
 * of the holder they wait for the next one; if there is none in time, the walk does it.
 */
import type { Head } from '../fga/change.ts';
import type { Clock } from '../plugin/clock.ts';
import { NotHolderError } from '../plugin/lease.ts';
import type { Relay, RelayMessage, RelayReply } from '../plugin/relay.ts';
import type { Captured } from './captured.ts';
import { PUBLISH_RETRY_MS } from './publisher.ts';
import type { Sequencer } from './sequencer.ts';
import { MAX_WAITING_HANDOVERS } from './store-sequencer.ts';

export interface Desk {
  /** Resolves with the revision once the log holds it. Rejects when nobody publishes in time: the walk then does it. */
  handOver(storeId: string, captured: Captured): Promise<Head>;
  modelWritten(storeId: string, modelId: string): Promise<Head>;
  /** A walk soon. Rejects when nobody does it: the next interval of whoever publishes then does. */
  walk(storeId: string): Promise<void>;
  /** True while Writes can be expected to be published. */
  reachable(): boolean;
  /** Hand-overs that wait for another sidecar. */
  waiting(): number;
  /** Keeps in touch with the sidecar that publishes, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface DeskParts {
  readonly sequencer: Sequencer;
  /** Absent where the log is not shared. */
  readonly relay: Relay | undefined;
  /** True while the change log itself can be reached. */
  readonly logReachable: () => boolean;
  readonly clock: Clock;
  readonly events: DeskEvents;
}

export interface DeskEvents {
  /** The sidecar that publishes has answered. */
  heard(): void;
  /** It has published a capture of this one. */
  handedOver(): void;
}

const SEND_TIMEOUT_MS = 5_000;
const RETRY_MS = 100;
const HELLO_EVERY_MS = 1_000;
/** Without a word from whoever publishes for this long, nobody does: longer than a lease that was not given back. */
const SILENT_MS = 8_000;
/** Two monotonic clocks may differ by as much per ms that passed; quartz is a tenth of it at worst. */
const DRIFT = 0.001;

/** What this process knows of the clock of the one that publishes. */
interface OtherClock {
  readonly term: string;
  readonly theirsMs: number;
  /** Ours, when we had the reply: theirs was at least at `theirsMs` then. */
  readonly oursMs: number;
}

export function createDesk({ sequencer, relay, logReachable, clock, events }: DeskParts): Desk {
  let other: OtherClock | undefined;
  let waiting = 0;

  async function send(channel: Relay, message: RelayMessage, timeoutMs: number): Promise<RelayReply> {
    const reply = await channel.send(message, timeoutMs);
    other = { term: reply.term, theirsMs: reply.nowMs, oursMs: clock.monoMs() };
    events.heard();
    return reply;
  }

  /** No later than `oursMs` was, on the other's clock: an overlap that is none costs a read, one that is missed a right. */
  function theirTime(oursMs: number): { began?: { term: string; ms: number } } {
    if (!other) return {};
    const passedMs = oursMs - other.oursMs;
    const ms = other.theirsMs + passedMs - Math.abs(passedMs) * DRIFT;
    return { began: { term: other.term, ms } };
  }

  /** Here or there, again and again while the holder changes. */
  async function settle<T>(here: () => Promise<T>, there: (channel: Relay) => Promise<T>): Promise<T> {
    const untilMs = clock.monoMs() + PUBLISH_RETRY_MS;
    for (;;) {
      try {
        if (!relay || sequencer.holds()) return await here();
        return await there(relay);
      } catch (error) {
        if (!(error instanceof NotHolderError) || clock.monoMs() >= untilMs) throw error;
      }
      await clock.sleep(RETRY_MS);
    }
  }

  async function headOf(channel: Relay, message: RelayMessage): Promise<Head> {
    const { head } = await send(channel, message, SEND_TIMEOUT_MS);
    if (!head) throw new Error('left to the walk: the hand-over did not fit a message');
    events.handedOver();
    return head;
  }

  async function counted(job: () => Promise<Head>): Promise<Head> {
    if (waiting >= MAX_WAITING_HANDOVERS)
      throw new Error('the sidecar that publishes does not keep up; left to the walk');
    waiting += 1;
    return job().finally(() => {
      waiting -= 1;
    });
  }

  return {
    handOver: (storeId, captured) =>
      counted(() =>
        settle(
          () => sequencer.store(storeId).handOver(captured),
          (channel) => {
            const { delta, exclusive, mayBeIgnored, forwardBeganMs } = captured;
            const what = { delta, exclusive, mayBeIgnored, ...theirTime(forwardBeganMs) };
            return headOf(channel, { relay: 'write', storeId, ...what });
          },
        ),
      ),
    modelWritten: (storeId, modelId) =>
      counted(() =>
        settle(
          () => sequencer.store(storeId).modelWritten(modelId),
          (channel) => headOf(channel, { relay: 'model', storeId, modelId }),
        ),
      ),
    walk: (storeId) =>
      settle(
        () => sequencer.store(storeId).walk(),
        async (channel) => void (await send(channel, { relay: 'walk', storeId }, SEND_TIMEOUT_MS)),
      ),
    reachable() {
      if (!logReachable()) return false;
      return sequencer.holds() || (other !== undefined && clock.monoMs() - other.oursMs < SILENT_MS);
    },
    waiting: () => waiting,
    async run(signal) {
      while (relay && !signal.aborted) {
        // Nobody to be heard: hand-overs find out by themselves, and `reachable` by the silence.
        if (!sequencer.holds()) await send(relay, { relay: 'hello' }, HELLO_EVERY_MS).catch(() => undefined);
        await clock.sleep(HELLO_EVERY_MS, signal);
      }
    },
  };
}
