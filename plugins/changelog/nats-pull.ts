/**
 * One run of pulling from a durable consumer: what has arrived is handed over as one batch, more is asked for as the
 * batches are taken, and any irregularity ends the run with its reason. The follower then begins a new one; there is no
 * other recovery here.
 */
import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Clock } from '../../src/plugin/clock.ts';

export interface Raw {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** Where to acknowledge this message and, with it, all before it. */
  readonly reply: string;
  /** Messages that the consumer still has to deliver after this one. */
  readonly pending: number;
  /** Of all that the consumer ever sent, to whomever. */
  readonly count: number;
}

export interface Pull {
  /** Waits for messages; undefined when the run has ended and all of them were taken, or `signal` aborts. */
  next(signal: AbortSignal): Promise<readonly Raw[] | undefined>;
  /** It has not ended. */
  isOpen(): boolean;
  /** Why it ended; empty when it was closed from here. */
  reason(): string;
  close(): void;
}

export interface PullParts {
  readonly nc: NatsConnection;
  readonly stream: string;
  readonly consumer: string;
  /** How many messages the consumer has sent before, to whomever. */
  readonly sent: number;
  readonly inboxPrefix: string | undefined;
  readonly apiPrefix: string;
  readonly clock: Clock;
}

/** Asked for at once. Large enough that a round trip over a continent does not limit catch-up. */
const ASK_MESSAGES = 1_000;
const ASK_BYTES = 8 * 1024 * 1024;
/** Handed over at once. */
const BATCH_MESSAGES = 1_000;
const BATCH_BYTES = 4 * 1024 * 1024;
/** Not asked for more while this much waits to be taken. */
const WAITING_MESSAGES = 2_000;
const WAITING_BYTES = 16 * 1024 * 1024;
/** Kept at 5 s: a request that was lost on the way over a leaf node is made again no sooner (measured). */
const EXPIRES_MS = 5_000;
const HEARTBEAT_MS = 2_000;
/** Two heartbeats and some. */
const SILENCE_MS = 5_000;

const ELSEWHERE = 'messages went to somebody else who pulled for them';

export function startPull({ nc, stream, consumer, sent, inboxPrefix, apiPrefix, clock }: PullParts): Pull {
  const inbox = createInbox(inboxPrefix);
  const stop = new AbortController();
  const waiting: Raw[] = [];
  let waitingBytes = 0;
  /** Messages that the server may still send for what was asked. */
  let asked = 0;
  /** What the consumer has sent, all of it to here since this began. */
  let came = sent;
  let reason = '';
  let heardMs = clock.monoMs();
  let wake = () => {};

  function end(why: string): void {
    if (stop.signal.aborted) return;
    reason = why;
    stop.abort();
    subscription.unsubscribe();
    wake();
  }

  function askMore(): void {
    if (stop.signal.aborted || asked > ASK_MESSAGES / 2) return;
    if (waiting.length >= WAITING_MESSAGES || waitingBytes >= WAITING_BYTES) return;
    if (asked === 0) heardMs = clock.monoMs();
    const request = {
      batch: ASK_MESSAGES - asked,
      max_bytes: ASK_BYTES,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    asked = ASK_MESSAGES;
    nc.publish(`${apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(request), {
      reply: inbox,
    });
  }

  function take(message: Msg): void {
    const raw = rawOf(message);
    if (raw) {
      if (hasGap(raw.count - 1)) return;
      came = raw.count;
      waiting.push(raw);
      waitingBytes += raw.data.length;
      asked = Math.max(0, asked - 1);
      wake();
      askMore();
    } else end('a message without a sequence');
  }

  /**
   * A process before this one, or a connection that was lost, may still be served what it pulled for: from another account
   * the server cannot tell that nobody is there. What went there would be missing here.
   */
  function hasGap(sentBefore: number): boolean {
    if (sentBefore > came) end(ELSEWHERE);
    return sentBefore > came;
  }

  function status(message: Msg): void {
    const code = message.headers?.code ?? 0;
    // A heartbeat says how many were sent.
    if (code === 100) return void hasGap(Number(message.headers?.get('Nats-Last-Consumer') ?? 0));
    const unserved = message.headers?.get('Nats-Pending-Messages') ?? '';
    if (unserved === '') end(`${code} ${message.headers?.description || 'no responders'}`);
    // Else the request has run out of time or bytes.
    asked = Math.max(0, asked - Number(unserved));
    askMore();
  }

  /** No heartbeat although something is asked for: the connection or the consumer is gone without a word. */
  async function listen(): Promise<void> {
    while (!stop.signal.aborted) {
      await clock.sleep(HEARTBEAT_MS / 2, stop.signal);
      if (asked > 0 && clock.monoMs() - heardMs > SILENCE_MS) end('heartbeats are missing');
    }
  }

  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return end(error.message);
      heardMs = clock.monoMs();
      if (message.subject === inbox) status(message);
      else take(message);
    },
  });
  void listen();
  askMore();

  function batch(): readonly Raw[] {
    let bytes = 0;
    let count = 0;
    for (const raw of waiting) {
      if (count >= BATCH_MESSAGES || (count > 0 && bytes + raw.data.length > BATCH_BYTES)) break;
      bytes += raw.data.length;
      count += 1;
    }
    waitingBytes -= bytes;
    const taken = waiting.splice(0, count);
    askMore();
    return taken;
  }

  return {
    async next(signal) {
      const woken = () => wake();
      signal.addEventListener('abort', woken);
      try {
        while (waiting.length === 0 && !signal.aborted) {
          if (stop.signal.aborted) return undefined;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return signal.aborted ? undefined : batch();
      } finally {
        signal.removeEventListener('abort', woken);
      }
    },
    isOpen: () => !stop.signal.aborted,
    reason: () => reason,
    close: () => end(''),
  };
}

/**
 * The acknowledgement subject holds the sequences: `$JS.ACK.stream.consumer.tries.sseq.dseq.time.pending`, or the same
 * after a domain and an account (nats-server's second form).
 */
function rawOf({ subject, data, reply = '' }: Msg): Raw | undefined {
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  const seq = Number(tokens[at]);
  const count = Number(tokens[at + 1]);
  const pending = Number(tokens[at + 3]);
  if (tokens[1] !== 'ACK' || ![seq, count, pending].every(Number.isSafeInteger)) return undefined;
  return { seq, subject, data, reply, pending, count };
}

/** Without what came before: a consumer that was put back delivers again what waited here already. */
export function ascending(raws: readonly Raw[], after: number): readonly Raw[] {
  let last = after;
  return raws.filter(({ seq }) => {
    const isNew = seq > last;
    if (isNew) last = seq;
    return isNew;
  });
}
