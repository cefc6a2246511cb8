/**
 * Appending to the stream, fenced: an entry is stored if the store's last message is still the one that was read, all of
 * it or nothing.
 *
 * nats-server 2.12 and newer: one atomic batch, the fence on its first message; or, where that is faster (one copy of the
 * stream, few messages), a chain, each message awaited and fenced by the store's last sequence. Older: a chain fenced by the
 * last sequence of the whole stream. A chain that breaks leaves parts without a commit, which are void, and is taken up where
 * it broke when the same entry is appended again. Followers apply at the commit, so they see no difference.
 */
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { headers, type Msg, type MsgHdrs, nuid, TimeoutError } from '@nats-io/transport-node';
import type { Entry } from '../../src/fga/change.ts';
import type { Appended } from '../../src/plugin/changelog.ts';
import { type Envelope, sealEntry } from '../../src/plugin/envelope.ts';
import { createSerial } from '../../src/plugin/serial.ts';
import { storeSubjects } from '../../src/plugin/subject.ts';
import type { NatsLink } from './nats-connect.ts';
import { lastOfStore, readHead } from './nats-head.ts';

export interface AppendParts {
  readonly stream: string;
  readonly link: Pick<NatsLink, 'connection' | 'onDown'>;
  api(): Promise<JetStreamManager>;
  /** Whether the stream takes atomic batches. */
  atomic(): boolean;
  /** Up to this many messages a chain is faster than a batch. */
  chainUpTo(): number;
  /** Largest message that the stream and the server take, bytes. */
  maxBytes(): number;
}

export type Append = (entry: Entry, fence: string) => Promise<Appended>;

/** The stream's leader may change within this time and be silent for longer; the caller tries again. */
const ACK_TIMEOUT_MS = 5_000;
/** nats-server's own limit for a batch. */
const MAX_BATCH = 1_000;
/**
 * Up to this many messages a chain on a stream of one copy is faster than a batch: measured on nats-server 2.15, file
 * storage, an awaited message takes about 0.3 ms and a batch, which is written to disk apart first, 4 ms or more.
 */
export const CHAIN_UP_TO = 8;
/** A chain is begun again when somebody appended for another store in between. */
const CHAIN_TRIES = 5;

/** JetStream API error codes. */
const WRONG_LAST_SEQUENCE = 10071;
const WRONG_LAST_SEQUENCE_CONSTANT = 10164;
const DUPLICATE_IN_BATCH = 10201;

export function createAppend(parts: AppendParts): Append {
  const chained = createSerial();

  async function lastOf(storeId: string): Promise<StoredMsg | undefined> {
    return lastOfStore(await parts.api(), parts.stream, storeId);
  }

  /** Refused, or stored by an attempt whose acknowledgement was lost: the last message says which. */
  async function settle(target: Target): Promise<Appended | 'retry'> {
    const last = await lastOf(target.storeId);
    if (last && messageId(last) === target.messages.at(-1)?.messageId) return appendedAt(last.seq);
    if (!last || target.fence !== 0) return { refused: 'fence' };
    // What lies there may be no message at all. Then the log holds nothing for the store, whatever its last sequence.
    if (await readHead(await parts.api(), parts.stream, target.storeId)) return { refused: 'fence' };
    return 'retry';
  }

  async function appendBatch(target: Target): Promise<Appended> {
    const outcome = await publishBatch(parts.link, target);
    if (outcome !== 'refused') return appendedAt(outcome);
    const settled = await settle(target);
    if (settled !== 'retry') return settled;
    const last = await lastOf(target.storeId);
    const again = await publishBatch(parts.link, { ...target, fence: last?.seq ?? 0 });
    return again === 'refused' ? { refused: 'fence' } : appendedAt(again);
  }

  async function appendChain(target: Target): Promise<Appended> {
    for (let attempt = 0; attempt < CHAIN_TRIES; attempt += 1) {
      // The order matters: what is appended after this line is caught by the fence on the whole stream.
      const { state } = await (await parts.api()).streams.info(parts.stream);
      const place = await placeInChain(target);
      if (!('begun' in place)) return place;
      const rest = target.messages.slice(place.begun);
      const stored = await publishChain(parts.link, rest, state.last_seq, wholeStream);
      if (stored !== 'refused') return appendedAt(stored);
    }
    return { refused: 'fence' };
  }

  async function appendShortChain(target: Target): Promise<Appended> {
    const fenced = storeOnly(target.storeId);
    const stored = await publishChain(parts.link, target.messages, target.fence, fenced);
    if (stored !== 'refused') return appendedAt(stored);
    const place = await placeInChain(target);
    if (!('begun' in place)) return place;
    const again = await publishChain(parts.link, target.messages.slice(place.begun), place.last, fenced);
    return again === 'refused' ? { refused: 'fence' } : appendedAt(again);
  }

  /** How many messages of the entry an earlier attempt has stored already, and the store's last sequence; or the outcome. */
  async function placeInChain(target: Target): Promise<{ begun: number; last: number } | Appended> {
    const found = await lastOf(target.storeId);
    const last = found?.seq ?? 0;
    if (last === target.fence) return { begun: 0, last };
    const own = found ? target.messages.findIndex((message) => message.messageId === messageId(found)) : -1;
    if (own >= 0 && own < target.messages.length - 1) return { begun: own + 1, last };
    const settled = await settle(target);
    return settled === 'retry' ? { begun: 0, last } : settled;
  }

  function appendFast(target: Target): Promise<Appended> {
    const { length } = target.messages;
    return length > 1 && length <= parts.chainUpTo() ? appendShortChain(target) : appendBatch(target);
  }

  return (entry, fence) => {
    const storeId = entry.kind === 'transaction' ? entry.commit.storeId : entry.storeId;
    const messages = sealEntry(entry, parts.maxBytes());
    if (messages.length > MAX_BATCH)
      return Promise.reject(
        new RangeError(`${messages.length} messages are over the ${MAX_BATCH} of a batch`),
      );
    const target = { storeId, messages, fence: Number(fence) };
    return parts.atomic() ? appendFast(target) : chained.run(() => appendChain(target));
  };
}

type Link = AppendParts['link'];

interface Target {
  readonly storeId: string;
  readonly messages: readonly Envelope[];
  /** Sequence of the store's last message; 0 for none. */
  readonly fence: number;
}

function appendedAt(seq: number): Appended {
  return { appended: { position: `${seq}`, fence: `${seq}` } };
}

/** All messages leave in one write; the server answers the last one only. Resolves with its sequence. */
async function publishBatch(link: Link, target: Target): Promise<number | 'refused'> {
  const batch = nuid.next();
  const { messages } = target;
  const made = messages.map((message, index) => {
    const header = headersOf(message);
    if (index === 0) storeOnly(target.storeId)(header, target.fence);
    if (messages.length > 1) {
      header.set('Nats-Batch-Id', batch);
      header.set('Nats-Batch-Sequence', `${index + 1}`);
    }
    return { message, header };
  });
  const last = made.pop();
  if (!last) throw new Error('an entry without a message');
  if (made.length > 0) last.header.set('Nats-Batch-Commit', '1');
  const nc = link.connection();
  for (const { message, header } of made) nc.publish(message.subject, message.bytes, { headers: header });
  return acknowledged(link, last.message, last.header);
}

/** Sets what the server compares the last sequence with before it stores a message. */
type Fenced = (header: MsgHdrs, lastSequence: number) => void;

const wholeStream: Fenced = (header, last) => header.set('Nats-Expected-Last-Sequence', `${last}`);

/** With a subject of its own from nats-server 2.11. */
function storeOnly(storeId: string): Fenced {
  return (header, last) => {
    header.set('Nats-Expected-Last-Subject-Sequence', `${last}`);
    header.set('Nats-Expected-Last-Subject-Sequence-Subject', storeSubjects(storeId));
  };
}

async function publishChain(
  link: Link,
  messages: readonly Envelope[],
  lastSequence: number,
  fence: Fenced,
): Promise<number | 'refused'> {
  let expected = lastSequence;
  for (const message of messages) {
    const header = headersOf(message);
    fence(header, expected);
    const stored = await acknowledged(link, message, header);
    if (stored === 'refused') return stored;
    expected = stored;
  }
  return expected;
}

interface Acknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/** `refused` includes a duplicate: on a first send that is as little ours as a wrong sequence. */
async function acknowledged(link: Link, message: Envelope, header: MsgHdrs): Promise<number | 'refused'> {
  const reply = await answered(link, message, header).catch((error: unknown) => {
    throw unreachable(error);
  });
  const { seq, duplicate, error } = reply.json<Acknowledgement>();
  if (error) {
    if (isRefusal(error.err_code)) return 'refused';
    throw new Error(`the stream did not take a change: ${error.description} (${error.err_code})`);
  }
  if (duplicate) return 'refused';
  if (typeof seq !== 'number') throw new Error('the stream gave no sequence');
  return seq;
}

/** A lost connection takes the answer with it: there is no point in waiting for it any longer. */
async function answered(link: Link, { subject, bytes }: Envelope, header: MsgHdrs): Promise<Msg> {
  let unlisten = () => {};
  const lost = new Promise<never>((_, reject) => {
    unlisten = link.onDown(() => reject(new Error('the connection was lost before the answer')));
  });
  const answer = link.connection().request(subject, bytes, { headers: header, timeout: ACK_TIMEOUT_MS });
  try {
    return await Promise.race([answer, lost]);
  } finally {
    unlisten();
  }
}

function isRefusal(code: number | undefined): boolean {
  return code === WRONG_LAST_SEQUENCE || code === WRONG_LAST_SEQUENCE_CONSTANT || code === DUPLICATE_IN_BATCH;
}

function unreachable(error: unknown): Error {
  const what = error instanceof TimeoutError ? `no answer within ${ACK_TIMEOUT_MS} ms` : String(error);
  return new Error(`the change log cannot be reached: ${what}`, { cause: error });
}

function headersOf(message: Envelope): MsgHdrs {
  const made = headers();
  made.set('Nats-Msg-Id', message.messageId);
  for (const [name, value] of Object.entries(message.headers)) made.set(name, value);
  return made;
}

function messageId(stored: StoredMsg): string {
  return stored.header.get('Nats-Msg-Id');
}
