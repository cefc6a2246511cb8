/**
 * The change log on NATS JetStream, the production one: one stream for all stores, appended to in atomic batches with a
 * fence per store, read through one durable consumer per edge. Opening it does not wait for the broker for long: while
 * that is away the log says so, and goes on by itself when it is back.
 */
import type { ChangeLog, ChangeLogWriter, FollowRules, LogFigures } from '../../src/plugin/changelog.ts';
import type { Clock } from '../../src/plugin/clock.ts';
import type { Log } from '../../src/plugin/log.ts';
import { CHAIN_UP_TO, createAppend } from './nats-append.ts';
import { type NatsLink, type NatsServerOptions, openNatsLink } from './nats-connect.ts';
import { serveConsumers } from './nats-consumer-desk.ts';
import { createControl } from './nats-control.ts';
import { createEdgeChannel } from './nats-edge.ts';
import { createFollower, type Follower } from './nats-follow.ts';
import { listenForInvalidation } from './nats-invalidate.ts';
import { createLease, LEASE_TTL_MS } from './nats-lease.ts';
import { createRegister } from './nats-register.ts';
import { createRelay } from './nats-relay.ts';
import { createShelf } from './nats-shelf.ts';
import { createNatsSnapshots } from './nats-snapshots.ts';
import { type ChangeStream, createChangeStream, hasAtomicBatch, StreamSettingsError } from './nats-stream.ts';

export interface NatsChangeLogOptions extends NatsServerOptions {
  readonly stream: string;
  /** Copies of the stream, when it is made here. */
  readonly replicas: number;
  /** Names the durable consumer. */
  readonly edgeId: string;
  readonly nodeId: string;
  /** May make the stream and append to it. */
  readonly publishes: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Bucket of the Object Store for snapshots. Absent: none are kept. */
  readonly snapshotBucket?: string;
  /** What edges may follow. Absent: whatever they ask for. */
  readonly rules?: FollowRules;
  /** How long opening waits for the broker; default 5 s. */
  readonly openTimeoutMs?: number;
  /** How long a holder of the lease may be silent; default 6 s. For tests. */
  readonly leaseTtlMs?: number;
  /** False: append message by message even where the server knows atomic batches. For tests. */
  readonly atomicBatches?: boolean;
  /** Longest entry that is appended message by message although the server knows batches; default 8. For tests. */
  readonly chainUpTo?: number;
}

export interface NatsChangeLog extends ChangeLog {
  readonly writer: ChangeLogWriter;
}

const OPEN_TIMEOUT_MS = 5_000;
/** Figures are asked of the server at most this often. */
const FIGURES_MS = 5_000;
/** While appends fail, the stream is tried at most this often. */
const PROBE_MS = 1_000;
/** Subject and protocol words that count towards the server's limit beside headers and payload. */
const FRAME_BYTES = 4_096;

/** Throws a StreamSettingsError when the stream would lose changes. */
export async function openNatsChangeLog(options: NatsChangeLogOptions): Promise<NatsChangeLog> {
  const { clock, log } = options;
  const link = openNatsLink(options, `rsfga-edge ${options.nodeId}`, clock, log);
  const stream = createChangeStream(link, options, log);
  const { edgeId, inboxPrefix } = options;
  const follower = createFollower({
    link,
    stream,
    streamName: options.stream,
    edgeId,
    publishes: options.publishes,
    inboxPrefix,
    clock,
    log,
  });
  const gauge = createGauge(stream, clock);
  try {
    await firstLook(link, gauge, options);
  } catch (error) {
    await link.close();
    throw error;
  }
  const writer = createWriter({ link, stream, gauge, options });
  const desk = {
    link,
    stream: options.stream,
    api: stream.api,
    rules: options.rules,
    replicas: options.replicas,
    clock,
    log,
  };
  if (options.publishes) serveConsumers(desk);
  return {
    name: 'nats',
    reader: follower,
    writer,
    control: createControl(link, clock, log),
    shelf: (place) => createShelf(link, options.replicas, place, log),
    ...(options.publishes ? { sharing: sharingOf(link, options) } : {}),
    edge: createEdgeChannel(link, options, clock, log),
    ...snapshotsOf(link, options),
    onInvalidate: (drop) => listenForInvalidation({ link, log, drop }),
    link: () => link.state(),
    figures: () => figuresOf(follower, gauge, writer.published()),
    close: () => link.close(),
  };
}

function sharingOf(link: NatsLink, options: NatsChangeLogOptions) {
  const { clock, log, nodeId, leaseTtlMs: ttlMs = LEASE_TTL_MS } = options;
  const register = createRegister({ ...options, link });
  return { lease: createLease({ register, clock, log, nodeId, ttlMs }), relay: createRelay(link, log) };
}

function snapshotsOf(link: NatsLink, { snapshotBucket: bucket, replicas, clock }: NatsChangeLogOptions) {
  return bucket === undefined ? {} : { snapshots: createNatsSnapshots(link, { bucket, replicas }, clock) };
}

/** A stream that must not be used is an error at the start; a broker that is away is not. */
async function firstLook(link: NatsLink, gauge: Gauge, options: NatsChangeLogOptions): Promise<void> {
  const timer = new AbortController();
  const timeoutMs = options.openTimeoutMs ?? OPEN_TIMEOUT_MS;
  void options.clock.sleep(timeoutMs, timer.signal).then(() => timer.abort());
  const nc = await link.up(timer.signal);
  timer.abort();
  if (!nc) {
    const state = link.state();
    const error = state.link === 'disconnected' ? state.error : 'no answer';
    return options.log.warn({ servers: options.servers, error }, 'NATS cannot be reached yet');
  }
  try {
    await gauge.look();
  } catch (error) {
    if (error instanceof StreamSettingsError) throw error;
    options.log.warn({ stream: options.stream, error: String(error) }, 'the stream cannot be used yet');
  }
}

/** What the server said last about the stream. */
interface Gauge {
  /** Asks now. */
  look(): Promise<void>;
  /** Asks if the last time is this long ago, without waiting for it. */
  refresh(maxAgeMs: number): void;
  isWell(): boolean;
  failed(): void;
  readonly seen: {
    messages: number;
    bytes: number;
    maxMessageBytes: number;
    atomic: boolean;
    replicas: number;
  };
}

function createGauge(stream: ChangeStream, clock: Clock): Gauge {
  const seen = { messages: 0, bytes: 0, maxMessageBytes: 0, atomic: false, replicas: 0 };
  let askedMs = Number.NEGATIVE_INFINITY;
  let well = false;

  async function look(): Promise<void> {
    askedMs = clock.monoMs();
    try {
      const { config, state } = await stream.info();
      seen.messages = state.messages;
      seen.bytes = state.bytes;
      seen.maxMessageBytes = config.max_msg_size;
      seen.replicas = config.num_replicas;
      seen.atomic = config.allow_atomic === true;
      well = true;
    } catch (error) {
      well = false;
      throw error;
    }
  }

  return {
    seen,
    look,
    refresh(maxAgeMs) {
      // A failure is remembered by `look`; whoever needs the stream hears of it there.
      if (clock.monoMs() - askedMs >= maxAgeMs) look().catch(() => {});
    },
    isWell: () => well,
    failed() {
      well = false;
    },
  };
}

interface WriterParts {
  readonly link: NatsLink;
  readonly stream: ChangeStream;
  readonly gauge: Gauge;
  readonly options: NatsChangeLogOptions;
}

function createWriter(parts: WriterParts): ChangeLogWriter & { published(): number } {
  const { link, stream, gauge, options } = parts;
  let published = 0;

  const append = createAppend({
    stream: options.stream,
    link,
    api: () => stream.api(),
    atomic: () => options.atomicBatches !== false && gauge.seen.atomic && hasAtomicBatch(link.connection()),
    // With more copies each message waits for a quorum, a batch once.
    chainUpTo: () => (gauge.seen.replicas === 1 ? (options.chainUpTo ?? CHAIN_UP_TO) : 0),
    maxBytes() {
      const server = link.connection().info?.max_payload ?? 0;
      const limits = [server, gauge.seen.maxMessageBytes].filter((limit) => limit > 0);
      return Math.min(...limits) - FRAME_BYTES;
    },
  });

  return {
    published: () => published,
    async append(entry, fence) {
      // Whether the stream takes batches, and how large, must be known; a stream that is gone is made anew.
      if (!gauge.isWell()) await gauge.look();
      try {
        const outcome = await append(entry, fence);
        if ('appended' in outcome) published += entry.kind === 'transaction' ? entry.parts.length + 1 : 1;
        return outcome;
      } catch (error) {
        if (!(error instanceof RangeError)) gauge.failed();
        throw error;
      }
    },
    reachable() {
      if (!link.isUp()) return false;
      if (!gauge.isWell()) gauge.refresh(PROBE_MS);
      return gauge.isWell();
    },
  };
}

function figuresOf(follower: Follower, gauge: Gauge, published: number): LogFigures {
  gauge.refresh(FIGURES_MS);
  const { received, garbage, acks, pending, unapplied } = follower.figures();
  const { messages: streamMessages, bytes: streamBytes } = gauge.seen;
  const consumerLag = pending + unapplied;
  return { received, published, garbage, pending, consumerLag, streamMessages, streamBytes, acks, naks: 0 };
}
