/** A small OpenID Connect issuer on loopback: publishes its keys, signs tokens, good ones and bad ones. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface Issuer {
  readonly url: string;
  /** Signs with the newest key; claims and header as given, over sound defaults. `undefined` leaves one out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** A new key; the old ones are not published any more. */
  rotate(): Promise<void>;
  /** The public key that is published now. */
  published(): JWK;
  /** While true, every request is answered 500. */
  failing: boolean;
  /** Times that the keys were asked for. */
  asked(): number;
  close(): Promise<void>;
}

export const AUDIENCE = 'https://api.example.com';

/** With `tls`, over https with this certificate. */
export async function startIssuer(tls?: { readonly cert: string; readonly key: string }): Promise<Issuer> {
  let count = 0;
  let asked = 0;
  let signer = await newKey();

  async function newKey() {
    const pair = await generateKeyPair('RS256', { extractable: true });
    count += 1;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: `key-${count}`, use: 'sig', alg: 'RS256' };
    return { ...pair, jwk };
  }

  const answer = (req: IncomingMessage, res: ServerResponse) => {
    if (issuer.failing) return void res.writeHead(500).end();
    res.setHeader('content-type', 'application/json');
    if (req.url === '/.well-known/openid-configuration')
      return void res.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }));
    asked += 1;
    res.end(JSON.stringify({ keys: [signer.jwk] }));
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: Issuer = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failing: false,
    asked: () => asked,
    published: () => signer.jwk,
    token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const sound = { iss: issuer.url, aud: AUDIENCE, sub: 'anne', iat: now - 10, exp: now + 600 };
      const payload = JSON.parse(JSON.stringify({ ...sound, ...claims })) as JWTPayload;
      const head = { alg: 'RS256', kid: signer.jwk.kid, ...header };
      return new SignJWT(payload)
        .setProtectedHeader(JSON.parse(JSON.stringify(head)) as typeof head)
        .sign(signer.privateKey);
    },
    async rotate() {
      signer = await newKey();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
