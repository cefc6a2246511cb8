/** The part of a checked configuration that names certificate files. */

/** Absolute paths of PEM files. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Set: a client needs a certificate of these. */
  readonly clientCa?: string;
}

/** A listener that is not named speaks clear text. */
export interface ListenersTls {
  readonly http?: ListenerTls;
  readonly grpc?: ListenerTls;
  readonly admin?: ListenerTls;
}

/** Absolute paths of PEM files, for connections that this sidecar opens. */
export interface ClientTlsConfig {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface ServerTlsConfig extends ClientTlsConfig {
  /** In the place of the host of the address. */
  readonly serverName?: string;
}
