/** Who this sidecar is for NATS. Files are read at each connect, so that they may be renewed while it runs. */
import { readFileSync } from 'node:fs';
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import { nkeySeedIn } from '../../src/plugin/nats-secrets.ts';
import { CIPHERS, MIN_VERSION } from '../../src/plugin/tls-settings.ts';

/** One of these, or none. */
export interface NatsLogin {
  /** Path of a `.creds` file. */
  readonly credentials?: string;
  /** Path of a file with an NKey seed. */
  readonly nkey?: string;
  readonly token?: string;
  readonly user?: string;
  readonly password?: string;
}

/** Paths of PEM files. Set, but empty: TLS by the authorities that Node brings. */
export interface NatsTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export function authenticatorOf(login: NatsLogin): Authenticator | undefined {
  const { credentials, nkey, token, user, password } = login;
  if (credentials !== undefined)
    return (nonce) => credsAuthenticator(new Uint8Array(readFileSync(credentials)))(nonce);
  if (nkey !== undefined) return (nonce) => nkeyAuthenticator(seedIn(nkey))(nonce);
  if (token !== undefined) return tokenAuthenticator(token);
  return user === undefined ? undefined : usernamePasswordAuthenticator(user, password);
}

/** Throws where there is none, without a word of what the file holds. */
function seedIn(path: string): Uint8Array {
  const seed = nkeySeedIn(readFileSync(path, 'utf8'));
  if (seed === undefined) throw new Error(`changelog.nats.nkey: there is no NKey seed in ${path}`);
  return new TextEncoder().encode(seed);
}

/** With these, a server that does not offer TLS is refused; its name and authority are verified. */
export function tlsOf({ ca, cert, key }: NatsTls): TlsOptions {
  return {
    ...(ca ? { caFile: ca } : {}),
    ...(cert ? { certFile: cert } : {}),
    ...(key ? { keyFile: key } : {}),
    ...SETTINGS,
  };
}

// The client hands these on to node as they are; its types name the files only.
const SETTINGS: object = { minVersion: MIN_VERSION, ciphers: CIPHERS };
