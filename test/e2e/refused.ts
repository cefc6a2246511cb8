/** What NATS refused to a sidecar, from its log, and to a client, from its connection. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../../src/plugin/log.ts';

/** A log that keeps what NATS refused. */
export function noting(refused: Set<string>): Log {
  const note = (fields: object) => {
    for (const [said] of JSON.stringify(fields).matchAll(/Permissions Violation for \w+ to [^ ,}]+/g))
      refused.add(said);
  };
  return { info() {}, debug() {}, warn: note, error: note };
}

/** Until the connection is closed. */
export async function watchFor(connection: NatsConnection, refused: Set<string>): Promise<void> {
  for await (const status of connection.status())
    if (status.type === 'error') refused.add(status.error.message);
}
