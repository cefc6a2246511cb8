/** Hearing a subject for as long as one wants to, whatever becomes of single connections. */
import type { Msg } from '@nats-io/transport-node';
import type { NatsLink } from './nats-connect.ts';

export interface Hearing {
  readonly link: NatsLink;
  readonly subject: string;
  /** Of several that hear with the same queue, one gets each message. */
  readonly queue?: string;
  message(message: Msg): void;
  /** The server does not let us. */
  refused(error: Error): void;
  /** A connection is gone for good: what was sent meanwhile was not heard. */
  missed?(): void;
}

/** Resolves when `signal` aborts or the link is closed. */
export async function hear(hearing: Hearing, signal: AbortSignal): Promise<void> {
  const { link, subject, queue } = hearing;
  for (let nc = await link.up(signal); nc && !signal.aborted; nc = await link.up(signal)) {
    const subscription = nc.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error) hearing.refused(error);
        else hearing.message(message);
      },
    });
    // The client subscribes again by itself when it reconnects; a connection that closes for good is replaced.
    await Promise.race([nc.closed(), aborted(signal)]);
    subscription.unsubscribe();
    hearing.missed?.();
  }
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
