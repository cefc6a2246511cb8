/**
 * `rsfga.control.invalidate.{cache_key}`: an operator drops what edges remember under a key, or of a whole store. A hint to
 * those who are connected: it is no message of the log, and an edge that is away does not hear it.
 */
import type { Msg } from '@nats-io/transport-node';
import type { Log } from '../../src/plugin/log.ts';
import type { NatsLink } from './nats-connect.ts';
import { hear } from './nats-subscribe.ts';

export const INVALIDATE_SUBJECT = 'rsfga.control.invalidate';

export function listenForInvalidation(parts: {
  readonly link: NatsLink;
  readonly log: Log;
  drop(key: string): void;
}): () => void {
  const { link, log, drop } = parts;
  const stop = new AbortController();
  const hearing = {
    link,
    subject: `${INVALIDATE_SUBJECT}.*`,
    message: ({ subject }: Msg) => drop(subject.slice(INVALIDATE_SUBJECT.length + 1)),
    refused: (err: Error) => log.warn({ err }, 'this login may not hear which answers are to be dropped'),
  };
  void hear(hearing, AbortSignal.any([stop.signal, link.closed])).catch((error: unknown) =>
    log.error({ err: error }, 'remembered answers can no longer be dropped over NATS'),
  );
  return () => stop.abort();
}
