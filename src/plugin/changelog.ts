/**
 * The change log: an ordered record of transactions, between the centre and the edges.
 * Two halves with a contract suite each (`test/contract/changelog-reader.ts`, `…-writer.ts`), and a control channel.
 * A position is opaque: hand it back, compare it with `isBefore`, never calculate with it.
 */
import type { ChangeMessage, Entry, Head, TupleDelta } from '../fga/change.ts';
import type { EdgeChannel } from './edge-channel.ts';
import type { Lease } from './lease.ts';
import type { Relay } from './relay.ts';
import type { SnapshotPlace } from './snapshots.ts';

/** Which stores and object types a follower wants. `objectTypes` absent: all of them. */
export interface ChangeFilter {
  readonly storeId: string;
  readonly objectTypes?: readonly string[];
  /** Subjects made by hand that deliver these types and every word about the history; a log without subjects has no use for them. */
  readonly subjects?: readonly string[];
}

/** What edges may follow, where the centre limits it. */
export interface FollowRules {
  /** `limited`: nothing beside what it asked for may reach it. `refused` is for its operator. */
  judge(
    edgeId: string,
    filters: readonly ChangeFilter[],
  ): { readonly limited: boolean } | { readonly refused: string };
  /** Changes when the rules did. */
  version(): string;
  /** Whom the rules name, or named since the start. */
  edges(): readonly string[];
  /** Whether subscribing to these subjects would deliver more than the edge may follow. */
  exceeds(edgeId: string, subjects: readonly string[]): boolean;
  /** Buckets that others use and may not make. */
  buckets(): { readonly snapshots: readonly string[]; readonly products: string | undefined };
}

export interface Delivered {
  readonly message: ChangeMessage;
  readonly position: string;
}

export interface LogState {
  /** Identity: changes when the log is deleted and made anew. */
  readonly logId: string;
  /** Position of the last message, or `''` when empty. */
  readonly last: string;
  /** Position before the first message still there: reading after it misses nothing. `''` when nothing was trimmed. */
  readonly trimmedTo: string;
  /** The log forgets what is older than this, ms. Absent: nothing by its age. */
  readonly keepsMs?: number;
}

export interface ReadRequest {
  /** Deliver what comes after this position. `''` is the beginning. */
  readonly after: string;
  /** Empty: nothing is delivered. */
  readonly filters: readonly ChangeFilter[];
  readonly signal: AbortSignal;
}

export interface ChangeLogReader {
  state(): Promise<LogState>;
  /**
   * Head of one store as the log's newest message about it says, or undefined when the log holds none. An
   * `UnreadableHeadError` speaks of this store alone, any other of the log.
   */
  head(storeId: string): Promise<LoggedHead | undefined>;
  /**
   * Batches in log order, as soon as they are there. Ends when `signal` aborts. Throws when the connection is lost for
   * good or the log was replaced (`logId` changed); the caller reconnects and compares. Bytes that are no ChangeMessage
   * are counted in metrics and skipped.
   */
  read(request: ReadRequest): AsyncIterable<readonly Delivered[]>;
  /** Tells the log that everything up to `position` is in the local store. Advisory. */
  applied(position: string): void;
  isBefore(a: string, b: string): boolean;
}

/** Of `head`: the newest word about one store is no message of ours. The log itself works. */
export class UnreadableHeadError extends Error {
  constructor(storeId: string) {
    super(`the newest word of the log about the store ${storeId} is no message`);
  }
}

export interface LoggedHead {
  readonly head: Head;
  readonly checkpoint: string;
  /** Position of the message that says so. */
  readonly position: string;
  /** Fence for the next append: opaque, changes whenever anything is appended for this store. */
  readonly fence: string;
  /** The log's last word is that the upstream does not list the store. */
  readonly storeDeleted?: true;
}

export type Appended =
  | { readonly appended: { readonly position: string; readonly fence: string } }
  /** Somebody else appended for this store since `fence` was read: read the head again. */
  | { readonly refused: 'fence' };

export interface ChangeLogWriter {
  /**
   * Appends one entry, all of its messages or none, if the store's last message is still the one that `fence` names
   * (`''`: the log holds nothing for this store). Throws when the log cannot be reached; whether the entry was stored is
   * then unknown, and appending the same entry again with the same fence is safe: it is stored once.
   */
  append(entry: Entry, fence: string): Promise<Appended>;
  /** True while appends can be expected to work; drives `on_publish_failure: reject` and health. */
  reachable(): boolean;
}

/** What an edge asks of the sequencer. One question covers all of the edge's stores. */
export type ControlQuestion =
  /** A walk begun after the question; then the heads. `marker` also appends a marker that carries this id. */
  { readonly ask: 'barrier'; readonly storeIds: readonly string[]; readonly marker?: string };

export interface ControlReply {
  /** By store id. A store that the sequencer cannot speak for is missing. */
  readonly heads: Readonly<Record<string, Head>>;
}

export interface ControlChannel {
  /** Throws an error when no sequencer answers within `timeoutMs`. */
  ask(question: ControlQuestion, timeoutMs: number): Promise<ControlReply>;
  /** Serve questions from here on; returns how to stop. Only the sequencer's process does. */
  serve(answer: (question: ControlQuestion) => Promise<ControlReply>): () => void;
}

export type LinkState =
  | { readonly link: 'connected' }
  | { readonly link: 'disconnected'; readonly sinceMs: number; readonly error: string };

/** Figures for the seed's metrics. What a log does not have is 0. */
export interface LogFigures {
  readonly received: number;
  readonly published: number;
  readonly garbage: number;
  readonly pending: number;
  readonly consumerLag: number;
  readonly streamMessages: number;
  readonly streamBytes: number;
  readonly acks: number;
  readonly naks: number;
}

/** One small text that lies where the change log lies, for everybody who follows it: the products. */
export interface Shelf {
  /** Undefined when nothing was ever put. Throws while it cannot be reached. */
  get(): Promise<Shelved | undefined>;
  /**
   * Resolves with the new revision, and gives those who listen a hint. `after`: only in the place of this revision (0:
   * where nothing is yet); throws when another one is there. Makes what is missing.
   */
  put(text: string, after: number): Promise<number>;
  /** A hint that something was put. It may be lost; it says nothing of what. */
  onPut(told: () => void, signal: AbortSignal): void;
}

export interface Shelved {
  readonly text: string;
  readonly revision: number;
}

export interface ShelfPlace {
  readonly bucket: string;
  readonly key: string;
}

/** One of the two is called, once. */
export interface PassingWrite {
  /** It may have been committed: look at the store now. `certain`: it was, and each of its keys has an entry in the changelog. */
  made(certain: boolean): void;
  refused(): void;
}

export interface ChangeLog {
  readonly name: string;
  readonly reader: ChangeLogReader;
  /** Absent for a log that is only followed (`upstream`). */
  readonly writer?: ChangeLogWriter;
  readonly control: ControlChannel;
  /** How several sidecars that publish share the log. Absent where this one is always alone. */
  readonly sharing?: { readonly lease: Lease; readonly relay: Relay };
  /** How an edge is met under its name. Absent where no other process can be met. */
  readonly edge?: EdgeChannel;
  /** Where new edges find copies of whole stores. Absent: they read the primary. */
  readonly snapshots?: SnapshotPlace;
  /** Where commands travel beside the log: an operator drops what tiers remember. Returns how to stop listening. */
  onInvalidate?(drop: (key: string) => void): () => void;
  /** Revisions are counted by this follower: they mean nothing at another sidecar, nor do another's here. */
  readonly countsAlone?: true;
  /** Only a log without a writer has it: a Write begins to pass by. */
  readonly passing?: (storeId: string, delta: TupleDelta) => PassingWrite;
  /** Absent where a log has no such place. */
  readonly shelf?: (place: ShelfPlace) => Shelf;
  link(): LinkState;
  figures(): LogFigures;
  close(): Promise<void>;
}
