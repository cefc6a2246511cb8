/** Every odd credential at the real server and at the edge: the same status, code and message, or the server's own answer. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANNE, answersLocally, type Guarded, guarded } from '../auth/setup.ts';
import { serversAvailable } from '../support/servers.ts';
import { KEY_LINES, type Signer, signed, TOKENS } from './credentials.ts';
import { type Heard, send } from './raw.ts';

const KEY = 'a-good-key';
const AUDIENCE = 'https://api.example.com';
const BODY = JSON.stringify({ tuple_key: ANNE });

async function compared({ openfga, edge, storeId }: Guarded, lines: string) {
  const more = lines === '' ? '' : `${lines}\r\n`;
  const request = `POST /stores/${storeId}/check HTTP/1.1\r\nHost: a.test\r\n${more}Content-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;
  const [direct, own] = await Promise.all(
    [openfga.http, edge.http].map((base) => send(Number(new URL(base).port), request)),
  );
  return { direct: said(direct), own: said(own), by: own?.answers[0]?.headers['rsfga-served-by'] };
}

/** A refusal of the parser has no words of OpenFGA. */
function said(heard: Heard | undefined) {
  const { status, body = '' } = heard?.answers[0] ?? {};
  return { status, body: body.startsWith('{') ? JSON.parse(body) : '' };
}

describe.skipIf(!serversAvailable())('a key', () => {
  let both: Guarded;
  beforeAll(async () => {
    const args = ['--authn-method=preshared', `--authn-preshared-keys=${KEY},other`];
    both = await guarded(args, KEY, { auth: { method: 'preshared', keys: [KEY, 'other'] } });
    await answersLocally(both, `Bearer ${KEY}`);
  });
  afterAll(() => both?.stop());

  it.each(KEY_LINES)('as %j is taken or refused as the server does', async (lines) => {
    const { direct, own, by } = await compared(both, lines.replaceAll('$K', KEY));
    expect(own).toEqual(direct);
    // What the server takes in many spellings is answered here; nothing is by accident.
    if (own.status === 200) expect(['local', 'upstream']).toContain(by);
  });
});

describe.skipIf(!serversAvailable())('a token', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const published = {
    ...createPublicKey(pair.privateKey).export({ format: 'jwk' }),
    kid: 'one',
    use: 'sig',
    alg: 'RS256',
  };
  const server = createServer((req, res) => {
    const about = { issuer: signer.issuer, jwks_uri: `${signer.issuer}/keys` };
    res.end(JSON.stringify(req.url === '/keys' ? { keys: [published] } : about));
  });
  let signer: Signer;
  let both: Guarded;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    signer = {
      key: pair.privateKey,
      kid: 'one',
      published: JSON.stringify(published),
      issuer,
      audience: AUDIENCE,
    };
    const args = [
      '--authn-method=oidc',
      `--authn-oidc-issuer=${issuer}`,
      `--authn-oidc-audience=${AUDIENCE}`,
    ];
    both = await guarded(args, signed(signer), { auth: { method: 'oidc', issuer, audience: AUDIENCE } });
    await answersLocally(both, `Bearer ${signed(signer)}`);
  });
  afterAll(async () => {
    await both?.stop();
    server.closeAllConnections();
    server.close();
  });

  it.each(Object.keys(TOKENS))('%s is taken or refused as the server does', async (name) => {
    const token = TOKENS[name]?.(signer) ?? '';
    const { direct, own, by } = await compared(both, `Authorization: Bearer ${token}`);
    expect({ ...own, by }).toEqual({ ...direct, by: expect.stringMatching(/^(local|upstream)$/) });
  });
});
