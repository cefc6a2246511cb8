/** The part of a checked configuration that says where NATS is and who the sidecar is there. */
import type { ClientTlsConfig } from './tls-config.ts';

export interface NatsChangelogConfig {
  readonly kind: 'nats';
  /** `nats://host:port` or `tls://host:port`, at least one. */
  readonly servers: readonly string[];
  readonly stream: string;
  readonly replicas: number;
  /** Absolute path of a `.creds` file. */
  readonly credentials?: string;
  /** Absolute path of a file with an NKey seed. */
  readonly nkey?: string;
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
  /** Set: a server without TLS is refused. */
  readonly tls?: ClientTlsConfig;
  /** First word of the subjects on which answers come. */
  readonly inboxPrefix?: string;
  readonly domain?: string;
  /** Absolute path of the topology that limits what edges may follow. */
  readonly edgesFile?: string;
}
