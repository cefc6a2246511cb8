/** The words in which the YAML names certificate files of a connection that this sidecar opens. */
import { path } from './schema.ts';

/** PEM files, read again when they change. Whoever builds the typed result resolves the paths. */
export const CLIENT_TLS = {
  ca: path('Certificates that the server may be vouched for by. Default: those that Node brings.').optional(),
  cert: path("The sidecar's own certificate, for a server that asks for one; with `key`.").optional(),
  key: path('The private key of `cert`, without a passphrase.').optional(),
} as const;
