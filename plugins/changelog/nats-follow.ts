/**
 * Reading the stream as an edge: a durable pull consumer, brought to the reader's place at each beginning. Whatever goes
 * wrong on the way (a lost connection, missing heartbeats, a consumer that somebody deleted) ends one run of pulling, and
 * the next begins where the reader stands. Only another stream under the same name ends the reading.
 */
import type { ConsumerInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ChangeLogReader, Delivered, LoggedHead, ReadRequest } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import { openEnvelope } from '../../src/plugin/envelope.ts';
import type { Log } from '../../src/plugin/log.ts';
import { createWanted, filterSubjects } from '../../src/plugin/subject.ts';
import { createAcks } from './nats-acks.ts';
import type { NatsLink } from './nats-connect.ts';
import { ensureConsumer, madeAsWished, type Wish } from './nats-consumer.ts';
import { askForConsumer, isForbidden } from './nats-consumer-desk.ts';
import { readHead, readHeadBySubject, readHeadInstead } from './nats-head.ts';
import { ascending, type Pull, type Raw, startPull } from './nats-pull.ts';
import {
  type ChangeStream,
  identity,
  isAtLeast,
  StreamMissingError,
  StreamSettingsError,
  stateOf,
} from './nats-stream.ts';
import { aborted } from './nats-subscribe.ts';

export interface FollowParts {
  readonly link: NatsLink;
  readonly stream: ChangeStream;
  readonly streamName: string;
  readonly edgeId: string;
  /** Appends, too: its heads are fences. */
  readonly publishes: boolean;
  readonly inboxPrefix: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface FollowFigures {
  readonly received: number;
  readonly garbage: number;
  readonly acks: number;
  /** Not delivered yet, as the last message said. */
  readonly pending: number;
  /** Delivered and not yet in the local store. */
  readonly unapplied: number;
}

export interface Follower extends ChangeLogReader {
  figures(): FollowFigures;
}

const RETRY_MS = 500;
/** A replica of a stream is behind its leader for milliseconds; one that is behind for longer tells of a log that went back. */
const BEHIND_TRIES = 10;
const BEHIND_MS = 100;

export function createFollower(parts: FollowParts): Follower {
  const { link, stream, clock, log } = parts;
  const acks = createAcks((reply) => link.connection().publish(reply, '+ACK'));
  const counts = { received: 0, garbage: 0, pending: 0 };
  /**
   * A pull whose reader has gone. The next reader goes on with it where nothing in between is missing: the server may go on
   * serving what was pulled for, and cannot tell from another account that nobody waits for it any more.
   */
  let parked: Parked | undefined;
  function dropParked(): void {
    parked?.pull.close();
    parked = undefined;
  }
  link.onDown(dropParked);
  /** By store, the last word about it that was delivered here. Of one stream: another one ends the reading. */
  const heads = new Map<string, number>();
  /** The stream that the caller knows of: positions are places in this one. */
  let known: string | undefined;

  async function sameStream(after: number): Promise<void> {
    const info = await stream.info();
    known ??= identity(info);
    if (identity(info) === known && info.state.last_seq >= after) return;
    dropParked();
    if (identity(info) !== known)
      throw new Replaced(`the change log was replaced: ${known} is now ${identity(info)}`);
    throw new Replaced(
      `the change log went back: it ends at ${info.state.last_seq}, ${after} was read from it`,
    );
  }

  async function begin(request: ReadRequest, after: number): Promise<Parked | undefined> {
    const nc = await link.up(request.signal);
    if (!nc) return undefined;
    await sameStream(after);
    const subjects = filterSubjects(request.filters);
    const filters = subjects.join(' ');
    const before = parked;
    parked = undefined;
    if (before?.pull.isOpen() && before.filters === filters && before.last <= after) {
      link.trouble(undefined);
      return before;
    }
    // Closed before the consumer is brought elsewhere: what that delivers then would go to it.
    before?.pull.close();
    const canReset = isAtLeast(nc, 2, 14);
    const wish = { stream: parts.streamName, edgeId: parts.edgeId, after, subjects, canReset };
    const info = await bring(nc, wish, request);
    link.trouble(undefined);
    counts.pending = info.num_pending;
    acks.clear();
    const { inboxPrefix, streamName: stream } = parts;
    const at = { stream, consumer: info.name, sent: info.delivered.consumer_seq };
    const pull = startPull({ nc, ...at, inboxPrefix, apiPrefix: link.apiPrefix, clock });
    return { pull, filters, last: after };
  }

  /** By itself, or, where the credentials do not allow that, by the centre. */
  async function bring(nc: NatsConnection, wish: Wish, { filters }: ReadRequest): Promise<ConsumerInfo> {
    const jsm = await stream.api();
    try {
      return await ensureConsumer(jsm, wish);
    } catch (error) {
      if (!isForbidden(error)) throw error;
    }
    await askForConsumer(nc, parts.edgeId, { after: wish.after, filters });
    return madeAsWished(jsm, wish);
  }

  /** One run of pulling, from the place where the reader stands. */
  async function* run(request: ReadRequest, place: Place): AsyncGenerator<readonly Delivered[]> {
    const session = await begin(request, place.last);
    if (!session) return;
    const { pull } = session;
    const { signal } = request;
    const wanted = createWanted(request.filters);
    const unlisten = link.onDown(pull.close);
    try {
      for (let raws = await pull.next(signal); raws; raws = await pull.next(signal)) {
        session.last = raws.at(-1)?.seq ?? session.last;
        const fresh = ascending(raws, place.last);
        const delivered = open(fresh).filter(({ message }) => wanted(message));
        place.last = fresh.at(-1)?.seq ?? place.last;
        acks.delivered(fresh, delivered);
        if (delivered.length > 0) yield delivered;
      }
    } finally {
      unlisten();
      if (link.isUp() && pull.isOpen()) parked = session;
      else pull.close();
    }
    if (pull.reason() !== '') throw new Error(pull.reason());
  }

  function open(raws: readonly Raw[]): readonly Delivered[] {
    counts.received += raws.length;
    counts.pending = raws.at(-1)?.pending ?? counts.pending;
    const delivered: Delivered[] = [];
    for (const { seq, subject, data } of raws) {
      const message = openEnvelope(subject, data);
      if (message) {
        delivered.push({ message, position: `${seq}` });
        if (message.kind !== 'part') heads.set(message.storeId, seq);
      } else {
        counts.garbage += 1;
        log.warn({ subject, position: seq, bytes: data.length }, 'skipped what is no change message');
      }
    }
    return delivered;
  }

  /**
   * Whoever appends asks the leader. An edge asks by subject, and again while a replica is behind what was delivered here
   * already. Where the stream has no such answers, or they are no messages, it asks the leader, if it may.
   */
  async function head(storeId: string): Promise<LoggedHead | undefined> {
    const jsm = await stream.api();
    if (parts.publishes) return readHead(jsm, parts.streamName, storeId);
    try {
      for (let tries = 0; ; tries += 1) {
        const found = await readHeadBySubject(jsm, parts.streamName, storeId);
        if (tries >= BEHIND_TRIES || Number(found?.position ?? 0) >= (heads.get(storeId) ?? 0)) return found;
        await clock.sleep(BEHIND_MS);
      }
    } catch (error) {
      if (isForbidden(error)) throw error;
      return readHeadInstead(jsm, parts.streamName, storeId, error);
    }
  }

  async function* read(request: ReadRequest): AsyncGenerator<readonly Delivered[]> {
    const place = { last: sequence(request.after) };
    if (request.filters.length === 0) return aborted(request.signal);
    while (!request.signal.aborted) {
      if (link.closed.aborted) throw new Error('the change log is closed');
      try {
        yield* run(request, place);
      } catch (error) {
        if (isFinal(error)) throw error;
        log.warn({ error: String(error), position: place.last }, 'reading the stream begins anew');
        link.trouble(String(error));
      }
      await clock.sleep(RETRY_MS, request.signal);
    }
  }

  return {
    async state() {
      const state = stateOf(await stream.info());
      if (known !== state.logId) {
        heads.clear();
        dropParked();
      }
      known = state.logId;
      return state;
    },
    head,
    read,
    applied: (position) => acks.applied(sequence(position)),
    isBefore: (a, b) => sequence(a) < sequence(b),
    figures: () => ({ ...counts, acks: acks.sent(), unapplied: acks.outstanding() }),
  };
}

interface Parked {
  readonly pull: Pull;
  readonly filters: string;
  /** Sequence of the last message that was taken from it. */
  last: number;
}

interface Place {
  /** Sequence of the last message that was taken. */
  last: number;
}

class Replaced extends Error {}

/** Nothing that trying again would mend. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof Replaced || error instanceof StreamMissingError || error instanceof StreamSettingsError
  );
}

function sequence(position: string): number {
  const seq = position === '' ? 0 : Number(position);
  if (!Number.isSafeInteger(seq) || seq < 0)
    throw new Error(`not a position of this change log: ${position}`);
  return seq;
}
