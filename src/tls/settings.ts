/** What node is told about TLS, for a listener and for a connection. */
import { constants } from 'node:crypto';
import type { ConnectionOptions, SecureContextOptions, TlsOptions } from 'node:tls';
import { CIPHERS, MIN_VERSION } from '../plugin/tls-settings.ts';
import type { Pems } from './pems.ts';

/** As long as a client may take for its headers; node's own is 120 s. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** What `server.setSecureContext` takes, for connections from now on. */
export function listenerContext({ cert, key, ca }: Pems): SecureContextOptions {
  // A resumed session shows no certificate: one that is not welcome any more would still get in.
  const always = ca === undefined ? 0 : constants.SSL_OP_NO_TICKET;
  return {
    ...pemsOf({ cert, key, ca }),
    minVersion: MIN_VERSION,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | always,
  };
}

/** With `ca`, clients without a certificate of these authorities are refused. */
export function listenerOptions(pems: Pems, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS): TlsOptions {
  const mutual = pems.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return { ...listenerContext(pems), ...mutual, handshakeTimeout: handshakeTimeoutMs };
}

/** Servers are always verified. */
export function clientOptions({ cert, key, ca }: Pems, serverName?: string): ConnectionOptions {
  return {
    ...pemsOf({ cert, key, ca }),
    minVersion: MIN_VERSION,
    ciphers: CIPHERS,
    rejectUnauthorized: true,
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

function pemsOf(
  files: {
    readonly [Name in 'cert' | 'key' | 'ca']: string | undefined;
  },
): Pick<SecureContextOptions, 'cert' | 'key' | 'ca'> {
  return Object.fromEntries(Object.entries(files).filter(([, text]) => text !== undefined));
}
