/**
 * The JetStream stream: made as design section 9 says, or checked. A stream whose settings would lose changes is refused,
 * naming each of them and what it would do. Its identity is its name and the time at which it was made.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { millis, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { LogState } from '../../src/plugin/changelog.ts';
import type { Log } from '../../src/plugin/log.ts';
import { ALL_CHANGES } from '../../src/plugin/subject.ts';
import type { NatsLink } from './nats-connect.ts';
import { doubtsOf, faultsOf } from './nats-settings.ts';

export interface StreamOptions {
  readonly stream: string;
  readonly replicas: number;
  /** May make the stream and must be able to append. */
  readonly publishes: boolean;
}

export interface ChangeStream {
  /** The stream as it is now, checked; made if it is missing and this sidecar publishes. */
  info(): Promise<StreamInfo>;
  /** JetStream's API over the present connection. */
  api(): Promise<JetStreamManager>;
}

export class StreamSettingsError extends Error {
  constructor(stream: string, faults: readonly string[]) {
    super(`the JetStream stream ${stream} would lose changes: ${faults.join('; ')}`);
    this.name = 'StreamSettingsError';
  }
}

/** The stream is not there, and making it is not for this sidecar. */
export class StreamMissingError extends Error {}

const DAY_MS = 86_400_000;
/** Longest outage that a follower makes up for by reading on; after a longer one it copies its stores again. */
const MAX_AGE_MS = 7 * DAY_MS;
/** Reserved on the server; the next size is tried where there is not as much. A change takes about 400 bytes. */
const MAX_BYTES = [4, 1, 0.25].map((gib) => gib * 2 ** 30);
/** nats-server 2.15 stops at 1000 unless a stream names a number. */
const MAX_CONSUMERS = 10_000;
const MAX_MESSAGE_BYTES = 1_048_576;
const DUPLICATE_WINDOW_MS = 120_000;
const API_TIMEOUT_MS = 5_000;

/** JetStream API error codes. */
const INSUFFICIENT_STORAGE = 10047;
const STREAM_NOT_FOUND = 10059;

export function createChangeStream(link: NatsLink, options: StreamOptions, log: Log): ChangeStream {
  const managers = new WeakMap<NatsConnection, JetStreamManager>();
  let checked = '';

  async function api(): Promise<JetStreamManager> {
    const nc = link.connection();
    const known = managers.get(nc);
    if (known) return known;
    // `checkAPI` would need a permission that restricted users do not have.
    const made = await jetstreamManager(nc, {
      checkAPI: false,
      timeout: API_TIMEOUT_MS,
      apiPrefix: link.apiPrefix,
    });
    managers.set(nc, made);
    return made;
  }

  async function found(jsm: JetStreamManager): Promise<StreamInfo | undefined> {
    try {
      return await jsm.streams.info(options.stream);
    } catch (error) {
      if (isApiError(error, STREAM_NOT_FOUND)) return undefined;
      throw error;
    }
  }

  async function make(jsm: JetStreamManager): Promise<StreamInfo> {
    if (!options.publishes)
      throw new StreamMissingError(`the JetStream stream ${options.stream} was not found`);
    const info = await createStream(jsm, options, hasAtomicBatch(link.connection()));
    log.info({ stream: options.stream, max_bytes: info.config.max_bytes }, 'made the JetStream stream');
    return info;
  }

  async function improve(jsm: JetStreamManager, info: StreamInfo): Promise<StreamInfo> {
    if (!options.publishes || info.config.allow_atomic || !hasAtomicBatch(link.connection())) return info;
    try {
      return await jsm.streams.update(options.stream, { allow_atomic: true });
    } catch (error) {
      log.warn(
        { error: String(error) },
        'the stream takes no atomic batches; transactions are appended one by one',
      );
      return info;
    }
  }

  return {
    api,
    async info() {
      const jsm = await api();
      let info = (await found(jsm)) ?? (await make(jsm));
      if (checked === identity(info)) return info;
      const faults = faultsOf(info.config, options);
      if (faults.length > 0) throw new StreamSettingsError(options.stream, faults);
      for (const doubt of doubtsOf(info.config, options)) log.warn({ stream: options.stream }, doubt);
      info = await improve(jsm, info);
      checked = identity(info);
      return info;
    },
  };
}

export function identity(info: StreamInfo): string {
  return `${info.config.name}@${info.created}`;
}

export function stateOf(info: StreamInfo): LogState {
  const { first_seq: first, last_seq: last } = info.state;
  const keepsMs = millis(info.config.max_age);
  return {
    ...(keepsMs > 0 ? { keepsMs } : {}),
    logId: identity(info),
    last: last > 0 ? `${last}` : '',
    trimmedTo: first > 1 ? `${first - 1}` : '',
  };
}

export function isApiError(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof JetStreamApiError && codes.includes(error.code);
}

/** nats-server 2.12 and newer. */
export function hasAtomicBatch(nc: NatsConnection): boolean {
  return isAtLeast(nc, 2, 12);
}

export function isAtLeast(nc: NatsConnection, major: number, minor: number): boolean {
  const [serverMajor = 0, serverMinor = 0] = (nc.info?.version ?? '').split('.').map(Number);
  return serverMajor > major || (serverMajor === major && serverMinor >= minor);
}

async function createStream(
  jsm: JetStreamManager,
  options: StreamOptions,
  atomic: boolean,
): Promise<StreamInfo> {
  for (const [index, maxBytes] of MAX_BYTES.entries()) {
    try {
      return await jsm.streams.add({
        name: options.stream,
        description: 'RSFGA Edge: changes of tuples and models',
        subjects: [ALL_CHANGES],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.Old,
        num_replicas: options.replicas,
        max_age: nanos(MAX_AGE_MS),
        max_bytes: maxBytes,
        max_msg_size: MAX_MESSAGE_BYTES,
        max_consumers: MAX_CONSUMERS,
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
        deny_delete: true,
        allow_direct: true,
        // An older server would ignore the field and store the messages of a batch one by one.
        ...(atomic ? { allow_atomic: true } : {}),
      });
    } catch (error) {
      if (!isApiError(error, INSUFFICIENT_STORAGE) || index === MAX_BYTES.length - 1) throw error;
    }
  }
  throw new Error('no size of a stream was tried');
}
