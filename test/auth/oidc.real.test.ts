/** OpenID Connect: every kind of token that the server refuses is refused at the edge, in the same words. */
import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.ts';
import { serversAvailable } from '../support/servers.ts';
import { answersLocally, check, type Guarded, guarded, seen } from './setup.ts';

const ALIAS = 'https://alias.example.com/';
const now = () => Math.floor(Date.now() / 1000);
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.skipIf(!serversAvailable())('an edge with OpenID Connect', () => {
  let issuer: Issuer;
  let both: Guarded;
  beforeAll(async () => {
    issuer = await startIssuer();
    const args = [
      '--authn-method=oidc',
      `--authn-oidc-issuer=${issuer.url}`,
      `--authn-oidc-audience=${AUDIENCE}`,
    ];
    const good = await issuer.token();
    both = await guarded([...args, `--authn-oidc-issuer-aliases=${ALIAS}`], good, {
      auth: { method: 'oidc', issuer: issuer.url, audience: AUDIENCE, issuer_aliases: [ALIAS] },
    });
    await answersLocally(both, `Bearer ${good}`);
  });
  afterAll(async () => {
    await both?.stop();
    await issuer?.close();
  });

  async function stranger(): Promise<string> {
    const { privateKey } = await generateKeyPair('RS256');
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'anne', iat: now() - 5, exp: now() + 600 };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: `${issuer.published().kid}` })
      .sign(privateKey);
  }

  /** The public key taken for a shared secret. */
  function confused(): string {
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'anne', iat: now() - 5, exp: now() + 600 };
    const signed = `${encoded({ alg: 'HS256', kid: issuer.published().kid, typ: 'JWT' })}.${encoded(claims)}`;
    const mac = createHmac('sha256', JSON.stringify(issuer.published())).update(signed).digest('base64url');
    return `${signed}.${mac}`;
  }

  function unsigned(): string {
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'anne', exp: now() + 600 };
    return `${encoded({ alg: 'none', kid: issuer.published().kid })}.${encoded(claims)}.`;
  }

  async function embedded(): Promise<string> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'anne', iat: now() - 5, exp: now() + 600 };
    const header = { alg: 'RS256', kid: 'mine', jwk: await exportJWK(publicKey) };
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  }

  const BAD: Record<string, () => Promise<string> | string> = {
    expired: () => issuer.token({ exp: now() - 1 }),
    'without an expiry': () => issuer.token({ exp: undefined }),
    'not valid yet': () => issuer.token({ nbf: now() + 300 }),
    'issued in the future': () => issuer.token({ iat: now() + 300 }),
    'for another audience': () => issuer.token({ aud: 'https://other.example.com' }),
    'for no audience': () => issuer.token({ aud: undefined }),
    'of another issuer': () => issuer.token({ iss: 'https://evil.example.com' }),
    'of no issuer': () => issuer.token({ iss: undefined }),
    'with a subject that is no text': () => issuer.token({ sub: 7 }),
    'without a key id': () => issuer.token({}, { kid: undefined }),
    'signed by a stranger': stranger,
    'signed with the public key as a secret': confused,
    'with alg none': unsigned,
    'that is cut': async () => (await issuer.token()).slice(0, -10),
    'that was changed': async () =>
      (await issuer.token()).replace(/\.[^.]+\./, `.${encoded({ sub: 'root' })}.`),
    'that is none': () => 'not-a-token',
    'that is empty': () => '',
  };

  it.each(Object.keys(BAD))('refuses a token %s as the server does', async (name) => {
    const authorization = `Bearer ${await BAD[name]?.()}`;
    const own = await check(both.edge.http, both.storeId, authorization);
    expect(own.status).toBe(401);
    expect(own.headers['rsfga-served-by']).toBe('local');
    expect(seen(own)).toEqual(seen(await check(both.openfga.http, both.storeId, authorization)));
  });

  it.each(['alias', 'list of audiences', 'no subject'])('takes a token with %s', async (name) => {
    const claims = {
      alias: { iss: ALIAS },
      'list of audiences': { aud: ['x', AUDIENCE] },
      'no subject': { sub: undefined },
    }[name];
    const authorization = `Bearer ${await issuer.token(claims)}`;
    const own = await check(both.edge.http, both.storeId, authorization);
    expect(own).toMatchObject({ status: 200, headers: { 'rsfga-served-by': 'local' } });
    expect((await check(both.openfga.http, both.storeId, authorization)).status).toBe(200);
  });

  it('answers nothing for a key that it does not know: the server judges', async () => {
    const own = await check(both.edge.http, both.storeId, `Bearer ${await embedded()}`);
    expect(own).toMatchObject({ status: 401, headers: { 'rsfga-served-by': 'upstream' } });
  });

  it('takes up a new key of the issuer, asks for it seldom, and lives through an outage of the issuer', async () => {
    const before = await issuer.token({ sub: 'before' });
    issuer.failing = true;
    expect((await check(both.edge.http, both.storeId, `Bearer ${before}`)).headers['rsfga-served-by']).toBe(
      'local',
    );
    issuer.failing = false;
    await issuer.rotate();
    const asked = issuer.asked();
    for (let n = 0; n < 20; n += 1) {
      const token = await issuer.token({ sub: `after-${n}` });
      expect(
        (await check(both.edge.http, both.storeId, `Bearer ${token}`)).headers['rsfga-served-by'],
      ).toBeDefined();
    }
    // The edge and the server each ask at most once a minute for keys that they do not know.
    expect(issuer.asked() - asked).toBeLessThanOrEqual(2);
  });
});
