/**
 * Snapshots in a NATS Object Store: one bucket, one object per snapshot, what it is in the object's metadata. The digest is
 * checked while reading; a stream that falls silent is given up, since a removed object or a lost connection would
 * otherwise be waited for without end.
 */
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type ObjectStore, Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../src/plugin/clock.ts';
import { infoText, parseInfo, type SnapshotInfo, type SnapshotPlace } from '../../src/plugin/snapshots.ts';
import { within } from './deadline.ts';
import type { NatsLink } from './nats-connect.ts';
import { type Bucket, objectNamed, objectsIn, piecesOf } from './nats-objects.ts';
import { isAtLeast } from './nats-stream.ts';

export interface NatsSnapshotOptions {
  readonly bucket: string;
  /** Copies of the bucket in the NATS cluster, when it is made here. */
  readonly replicas: number;
}

/** A bucket that cannot be listed in this time is no way to start faster. */
const LIST_MS = 10_000;
/** Hundreds of stores that begin together share a list. */
const LISTED_MS = 2_000;
/** Nothing came for so long: interrupted. */
const SILENCE_MS = 15_000;
const API_TIMEOUT_MS = 5_000;
const META = 'rsfga-snapshot';

export function createNatsSnapshots(
  link: NatsLink,
  { bucket, replicas }: NatsSnapshotOptions,
  clock: Clock,
): SnapshotPlace {
  const stores = new WeakMap<NatsConnection, ObjectStore>();

  let listed: { readonly infos: readonly SnapshotInfo[]; readonly atMs: number } | undefined;

  async function bucketOn(nc: NatsConnection): Promise<Bucket> {
    const api = { checkAPI: false, timeout: API_TIMEOUT_MS, apiPrefix: link.apiPrefix };
    return { jsm: await jetstreamManager(nc, api), name: bucket, batches: isAtLeast(nc, 2, 11) };
  }

  async function list(): Promise<readonly SnapshotInfo[]> {
    const what = `the bucket ${bucket} could not be listed`;
    const found = objectsIn(await bucketOn(link.connection()));
    return (await within(clock, LIST_MS, found, what)).flatMap(({ name, metadata }) => {
      const info = parseInfo(metadata[META] ?? '');
      return info?.name === name ? [info] : [];
    });
  }

  async function opened(make: boolean): Promise<ObjectStore | undefined> {
    const nc = link.connection();
    const known = stores.get(nc);
    if (known) return known;
    const store = make
      ? await makeSnapshotBucket(link, bucket, replicas)
      : await openExisting(managerOn(link), bucket);
    if (store) stores.set(nc, store);
    return store;
  }

  return {
    async list() {
      link.connection();
      if (listed && clock.monoMs() - listed.atMs < LISTED_MS) return listed.infos;
      const infos = await list();
      listed = { infos, atMs: clock.monoMs() };
      return infos;
    },
    async put(info, content) {
      listed = undefined;
      const store = await opened(true);
      const meta = { name: info.name, metadata: { [META]: infoText(info) } };
      try {
        await store?.put(meta, ReadableStream.from(content), { timeout: API_TIMEOUT_MS });
      } catch (error) {
        // The bucket may be gone: it is made again the next time.
        stores.delete(link.connection());
        throw error;
      } finally {
        listed = undefined;
      }
    },
    async *get(name, signal) {
      const from = await bucketOn(link.connection());
      const what = `the snapshot ${name} stopped coming`;
      const object = await within(clock, SILENCE_MS, objectNamed(from, name), what);
      if (!object) throw new Error(`there is no snapshot ${name}`);
      const pieces = piecesOf(from, object);
      for (;;) {
        const { done, value } = await within(clock, SILENCE_MS, pieces.next(), what);
        if (done || signal.aborted) return;
        yield value;
      }
    },
    async remove(name) {
      listed = undefined;
      await (await opened(false))?.delete(name);
    },
  };
}

/** Where it is missing; whoever may not make it can use the one that is there. */
export function makeSnapshotBucket(link: NatsLink, bucket: string, replicas: number): Promise<ObjectStore> {
  return managerOn(link).create(bucket, { storage: StorageType.File, replicas });
}

function managerOn(link: NatsLink): Objm {
  const options = { checkAPI: false, timeout: API_TIMEOUT_MS, apiPrefix: link.apiPrefix };
  return new Objm(jetstream(link.connection(), options));
}

async function openExisting(manager: Objm, bucket: string): Promise<ObjectStore | undefined> {
  try {
    return await manager.open(bucket);
  } catch (error) {
    if (error instanceof Error && /not found/.test(error.message)) return undefined;
    throw error;
  }
}
