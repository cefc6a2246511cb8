/**
 * The products in a NATS KV bucket. Read by asking for one message, which needs the least rights of an edge; a hint on a
 * plain subject makes them ask at once.
 */
import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { Shelf, ShelfPlace } from '../../src/plugin/changelog.ts';
import type { Log } from '../../src/plugin/log.ts';
import type { NatsLink } from './nats-connect.ts';
import { hear } from './nats-subscribe.ts';

/** Where a hint is published after each change. */
export const PRODUCTS_SUBJECT = 'rsfga.control.products';

const STREAM_NOT_FOUND = 10059;
/** Earlier products that the bucket keeps, for a way back. */
const HISTORY = 16;

export function createShelf(link: NatsLink, replicas: number, place: ShelfPlace, log: Log): Shelf {
  const bucket = (): Promise<KV> =>
    new Kvm(jetstream(link.connection(), { checkAPI: false, apiPrefix: link.apiPrefix })).open(place.bucket);

  return {
    async get() {
      const entry = await (await bucket()).get(place.key).catch(absent);
      if (entry?.operation !== 'PUT') return undefined;
      return { text: entry.string(), revision: entry.revision };
    },
    async put(text, after) {
      const kv = await makeProductsBucket(link, place.bucket, replicas);
      const bytes = new TextEncoder().encode(text);
      const revision =
        after === 0 ? await kv.create(place.key, bytes) : await kv.update(place.key, bytes, after);
      link.connection().publish(PRODUCTS_SUBJECT);
      await link.connection().flush();
      return revision;
    },
    onPut(told, signal) {
      // Who may not hear hints asks now and then all the same.
      const hearing = { link, subject: PRODUCTS_SUBJECT, message: told, missed: told, refused() {} };
      void hear(hearing, signal).catch((error: unknown) =>
        log.warn({ error: String(error) }, 'hints about new products are not heard; they are asked for'),
      );
    },
  };
}

/** Where it is missing; whoever may not make it can use the one that is there. */
export function makeProductsBucket(link: NatsLink, bucket: string, replicas: number): Promise<KV> {
  const js = jetstream(link.connection(), { checkAPI: false, apiPrefix: link.apiPrefix });
  return new Kvm(js).create(bucket, { history: HISTORY, replicas });
}

/** The bucket is made when something is put. */
function absent(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
  throw error;
}
