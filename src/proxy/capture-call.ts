/**
 * Takes a Write to the upstream and, when it was committed, to the change street; the client's answer is held until that
 * is done. What is behind `Capture` is wired by `sidecar.ts`: the street knows no change log.
 *
 * One path for both wires: `capture-http.ts` and `grpc-capture.ts` say how a Write is sent and what its answer means.
 */
import { FgaError } from '../fga/error.ts';
import type { Log } from '../plugin/log.ts';
import type { Room } from './body.ts';
import type { ProxyEvents } from './events.ts';

/** How the bytes of a Write are to be read. */
export type WriteEncoding = 'json' | 'protobuf';

export interface Capture {
  /** Set while Writes are refused before they reach the upstream (`on_publish_failure: reject`). */
  rejectWrites(): FgaError | undefined;
  /**
   * Before a Write is forwarded: decodes it and waits its turn on each of its keys. `body` is undefined when it was too
   * large to be read: such a Write cannot be decoded, but it may be committed.
   */
  beginWrite(
    storeId: string,
    body: Uint8Array | undefined,
    encoding: WriteEncoding,
  ): WriteTicket | Promise<WriteTicket>;
  beginModelWrite(storeId: string): ModelTicket | Promise<ModelTicket>;
}

/** Exactly one of its methods is called, once. */
export interface WriteTicket {
  /**
   * Upstream answered 2xx. Resolves when the client may have its answer, at the latest after `wait_timeout`.
   * `innerRevision` is what a sidecar nearer to the upstream said; it then stands in the answer, not the returned one.
   */
  committed(body: Uint8Array, innerRevision?: string): Promise<{ revision?: string }>;
  /** Certainly not committed. `status` is upstream's 4xx, 503 when it was never reached, 499 when the client left before. */
  refused(status: number): void;
  /** May have been committed: timeout, reset, 5xx, 409, or an answer that makes no sense. */
  doubtful(): void;
}

export interface ModelTicket {
  committed(modelId: string, innerRevision?: string): Promise<{ revision?: string }>;
  refused(status: number): void;
  doubtful(): void;
}

/** What capturing needs of the street, whatever the wire. */
export interface CapturingStreet {
  /** Absent: Writes are only forwarded. */
  readonly capture?: Capture;
  /** Places for Writes under way, of both wires. Absent: any number. */
  readonly writes?: Room;
  readonly events: ProxyEvents;
  readonly log: Log;
}

/** One Write on its way, as its wire carries it. */
export interface WriteCall {
  readonly street: CapturingStreet;
  readonly storeId: string;
  readonly kind: 'write' | 'write-model';
  /** Undefined when it was too large to be read. */
  readonly body: Uint8Array | undefined;
  readonly encoding: WriteEncoding;
  /** `performance.now()` when the request came. */
  readonly startedAt: number;
  /** The client is gone; nothing was sent yet. */
  left(): boolean;
  /** The sidecar's own 503, before the upstream saw the Write. */
  unavailable(error: FgaError): void;
  /** To the primary and back. Never rejects. */
  exchange(): Promise<Exchanged>;
}

/** What came of a Write at the upstream. */
export type WriteOutcome =
  | {
      readonly committed: Uint8Array;
      /** Of a WriteAuthorizationModel; undefined when the answer names none. */
      readonly modelId: string | undefined;
      /** What a sidecar nearer to the upstream said. */
      readonly innerRevision: string | undefined;
    }
  /** The status, as `WriteTicket.refused` takes it. */
  | { readonly refused: number }
  | 'doubtful';

export interface Exchanged {
  readonly outcome: WriteOutcome;
  /** Hands the held answer to the client. True: a whole answer of the upstream. */
  reply(revision: string | undefined): boolean;
}

const CLIENT_LEFT = 499;

const TOO_MANY = new FgaError(
  'resource_exhausted',
  'too many Writes are under way at this sidecar; try again',
);

/** Never rejects. A Write is seen through when its client has left, and keeps its place so long. */
export async function captureWrite(call: WriteCall): Promise<void> {
  const { writes, events } = call.street;
  if (writes === undefined) return seeThrough(call);
  if (!writes.take(1)) {
    events.shed(undefined, 'writes');
    return call.unavailable(TOO_MANY);
  }
  await seeThrough(call).finally(() => writes.give(1));
}

async function seeThrough(call: WriteCall): Promise<void> {
  const { street } = call;
  const refusal = street.capture?.rejectWrites();
  if (refusal !== undefined) return call.unavailable(refusal);
  const ticket = await begin(call);
  if (call.left()) return ticket?.refused(CLIENT_LEFT);
  const exchanged = await call.exchange();
  const revision = ticket && (await settled(ticket, exchanged.outcome, street));
  if (!exchanged.reply(revision)) return;
  street.events.forwarded(undefined, (performance.now() - call.startedAt) / 1000);
}

type Committed = Exclude<WriteOutcome, 'doubtful' | { readonly refused: number }>;
type Ticket = { readonly committed: (outcome: Committed) => Promise<{ revision?: string }> } & Pick<
  WriteTicket,
  'refused' | 'doubtful'
>;

/** Undefined when capturing is impossible: the Write then passes as if it had not come through a sidecar. */
async function begin(call: WriteCall): Promise<Ticket | undefined> {
  const { street, storeId, kind } = call;
  const { capture } = street;
  try {
    if (capture === undefined) return undefined;
    return kind === 'write'
      ? writeTicket(await capture.beginWrite(storeId, call.body, call.encoding))
      : modelTicket(await capture.beginModelWrite(storeId));
  } catch (error) {
    street.events.captureFault();
    street.log.error({ err: error, storeId }, 'capture could not begin; the Write is forwarded');
    return undefined;
  }
}

function writeTicket(ticket: WriteTicket): Ticket {
  return {
    committed: ({ committed, innerRevision }) => ticket.committed(committed, innerRevision),
    refused: (status) => ticket.refused(status),
    doubtful: () => ticket.doubtful(),
  };
}

function modelTicket(ticket: ModelTicket): Ticket {
  return {
    async committed({ modelId, innerRevision }) {
      if (modelId !== undefined) return ticket.committed(modelId, innerRevision);
      ticket.doubtful();
      return {};
    },
    refused: (status) => ticket.refused(status),
    doubtful: () => ticket.doubtful(),
  };
}

/** Tells the ticket what came of it; the revision, when there is one to show. */
async function settled(
  ticket: Ticket,
  outcome: WriteOutcome,
  street: CapturingStreet,
): Promise<string | undefined> {
  try {
    if (outcome === 'doubtful') ticket.doubtful();
    else if ('refused' in outcome) ticket.refused(outcome.refused);
    else return (await ticket.committed(outcome)).revision;
  } catch (error) {
    street.events.captureFault();
    street.log.error({ err: error }, 'a committed Write was not handed over; the walk will find it');
  }
  return undefined;
}
