/**
 * The value behind the lease: one key of a NATS KV bucket, read from the bucket's leader, changed only from the revision
 * that the writer names. The bucket is made when it is missing; it needs no TTL of the server.
 */
import { jetstream, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../src/plugin/log.ts';
import type { NatsLink } from './nats-connect.ts';
import { LEASE_TTL_MS, type Register } from './nats-lease.ts';
import { isApiError } from './nats-stream.ts';

export interface RegisterParts {
  readonly link: NatsLink;
  readonly log: Log;
  /** Name of the change log's stream; the bucket is named after it. */
  readonly stream: string;
  readonly replicas: number;
}

/** A sidecar that waits for a lost answer cannot renew meanwhile. */
const TIMEOUT_MS = 1_000;
const KEY = 'publisher';

/** JetStream API error codes. */
const WRONG_LAST_SEQUENCE = [10071, 10164];

/** `KV_{bucket}` is its stream, `$KV.{bucket}.publisher` its subject: what a user's permissions have to name. */
export function bucketOf(stream: string): string {
  return `${stream}_LEASE`;
}

export function createRegister({ link, log, stream, replicas }: RegisterParts): Register {
  const bucket = bucketOf(stream);
  const opened = new WeakMap<NatsConnection, Promise<KV>>();

  async function open(nc: NatsConnection): Promise<KV> {
    const js = jetstream(nc, { checkAPI: false, timeout: TIMEOUT_MS, apiPrefix: link.apiPrefix });
    const kv = await new Kvm(js).create(bucket, {
      description: 'RSFGA Edge: which sidecar publishes',
      history: 1,
      replicas,
      storage: StorageType.File,
      // A copy that is behind must not say that a lease is free.
      allow_direct: false,
    });
    const { ttl } = await kv.status();
    if (ttl > 0 && ttl < LEASE_TTL_MS)
      throw new Error(
        `the NATS KV bucket ${bucket} forgets after ${ttl} ms, before a lease of ${LEASE_TTL_MS} ms is over: set its ttl to 0`,
      );
    return kv;
  }

  async function use<T>(act: (kv: KV) => Promise<T>): Promise<T> {
    const nc = link.connection();
    const known = opened.get(nc) ?? open(nc);
    opened.set(nc, known);
    try {
      return await act(await known);
    } catch (error) {
      // The bucket may be gone, as after a server came back without its data: it is made anew at the next try.
      if (!isApiError(error, ...WRONG_LAST_SEQUENCE)) opened.delete(nc);
      throw error;
    }
  }

  return {
    read: () =>
      use(async (kv) => {
        const entry = await kv.get(KEY);
        return entry ? { text: entry.string(), revision: entry.revision } : undefined;
      }),
    put: (text, after) =>
      use((kv) => kv.put(KEY, text, { previousSeq: after, timeout: TIMEOUT_MS })).catch((error: unknown) => {
        if (isApiError(error, ...WRONG_LAST_SEQUENCE)) return undefined;
        throw error;
      }),
    changed(listener) {
      if (!link.isUp()) return () => {};
      // What is put passes on this subject; no consumer is needed to hear it.
      const heard = link.connection().subscribe(`$KV.${bucket}.${KEY}`, {
        callback: (error) => {
          if (error)
            log.warn({ error: error.message }, 'changes of the lease cannot be heard; it is looked at');
          else listener();
        },
      });
      return () => heard.unsubscribe();
    },
  };
}
