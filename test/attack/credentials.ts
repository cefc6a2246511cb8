/** Credentials that are wrong, odd, or only look wrong, as data: header lines for a key, tokens for OpenID Connect. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Lines of a request's head; `$K` is a key that is good. */
export const KEY_LINES: readonly string[] = [
  '',
  'Authorization:',
  'Authorization: ',
  'Authorization: Bearer',
  'Authorization: Bearer ',
  'Authorization: $K',
  'Authorization: Basic $K',
  'Authorization: Basic OiRL',
  'Authorization: Digest username="$K"',
  'Authorization: bearer $K',
  'Authorization: BEARER $K',
  'Authorization: bEaReR $K',
  'Authorization: Bearer  $K',
  'Authorization: Bearer\t$K',
  'Authorization: Bearer $K ',
  'Authorization: Bearer $K\t',
  'Authorization:\tBearer $K',
  'Authorization:   Bearer $K',
  'Authorization:Bearer $K',
  'Authorization: Bearer\xa0$K',
  'Authorization: Bearer: $K',
  'Authorization: Bearer=$K',
  'Authorization: "Bearer $K"',
  'Authorization: Bearer "$K"',
  'Authorization: Bearer $K,Bearer $K',
  'Authorization: Bearer x,Bearer $K',
  'Authorization: Bearer $K,x',
  'Authorization: Bearer $K x',
  'Authorization: Bearer x $K',
  'Authorization: Token $K\r\nAuthorization: Bearer $K',
  'Authorization: Bearer $K\r\nAuthorization: Bearer wrong',
  'Authorization: Bearer wrong\r\nAuthorization: Bearer $K',
  'Authorization:\r\nAuthorization: Bearer $K',
  'authorization: Bearer $K',
  'AUTHORIZATION: Bearer $K',
  'Authorization : Bearer $K',
  'X-Authorization: Bearer $K',
  'Proxy-Authorization: Bearer $K',
  'Cookie: authorization=Bearer $K',
  'Grpcgateway-Authorization: Bearer $K',
  'Authorization: Bearer $K\x00',
  'Authorization: Bearer \x00$K',
  'Authorization: Bearer $K\x7f',
  'Authorization: Bearer $K\xe9',
  'Authorization: Bearer \xef\xbb\xbf$K',
  'Authorization: Bearer $K%00',
  'Authorization: Bearer $K\\u0000',
  'Authorization: Bearer *',
  'Authorization: Bearer undefined',
  'Authorization: Bearer null',
  'Authorization: Bearer __proto__',
  `Authorization: Bearer ${'x'.repeat(50_000)}`,
  `Authorization: Bearer $K${'x'.repeat(50_000)}`,
  `Authorization: Bearer ${' '.repeat(2_000)}$K`,
  `Authorization: ${'x'.repeat(10_000)} $K`,
];

export interface Signer {
  readonly key: KeyObject;
  readonly kid: string;
  /** What is published of it, as JSON. */
  readonly published: string;
  readonly issuer: string;
  readonly audience: string;
}

type Parts = Readonly<Record<string, unknown>>;
const now = () => Math.floor(Date.now() / 1000);
const encoded = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signed well, whatever it says. A text instead of parts is taken as it is. */
export function signed(
  signer: Signer,
  claims: Parts | string = {},
  header: Parts | string = {},
  hash = 'sha256',
) {
  const sound = { iss: signer.issuer, aud: signer.audience, sub: 'anne', iat: now() - 10, exp: now() + 600 };
  const head = typeof header === 'string' ? header : { alg: 'RS256', kid: signer.kid, ...header };
  const body = typeof claims === 'string' ? claims : { ...sound, ...claims };
  const text = `${encoded(head)}.${encoded(body)}`;
  return `${text}.${sign(hash, Buffer.from(text), signer.key).toString('base64url')}`;
}

function sound(signer: Signer): string {
  return JSON.stringify({ iss: signer.issuer, aud: signer.audience, sub: 'anne', exp: now() + 600 }).slice(
    1,
    -1,
  );
}

function mac(signer: Signer, secret: string, hash: string): string {
  const alg = hash.replace('sha', 'HS');
  const claims = { iss: signer.issuer, aud: signer.audience, sub: 'anne', exp: now() + 600 };
  const text = `${encoded({ alg, kid: signer.kid })}.${encoded(claims)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

function stranger(signer: Signer): Signer {
  return { ...signer, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey };
}

function pss(signer: Signer): string {
  const [head, body] = [encoded({ alg: 'PS256', kid: signer.kid }), signed(signer).split('.')[1]];
  const key = { key: signer.key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  return `${head}.${body}.${sign('sha256', Buffer.from(`${head}.${body}`), key).toString('base64url')}`;
}

function part(token: string, at: number, change: (text: string) => string): string {
  return token
    .split('.')
    .map((text, n) => (n === at ? change(text) : text))
    .join('.');
}

/** By what is wrong with them. */
export const TOKENS: Readonly<Record<string, (signer: Signer) => string>> = {
  'that is good': (s) => signed(s),
  expired: (s) => signed(s, { exp: now() - 1 }),
  'that expired a fraction of a second ago': (s) => signed(s, { exp: Date.now() / 1000 - 0.05 }),
  'that never expires': (s) => signed(s, { exp: undefined }),
  'with an expiry of 0': (s) => signed(s, { exp: 0 }),
  'with an expiry in words': (s) => signed(s, { exp: `${now() + 600}` }),
  'with an expiry of null': (s) => signed(s, { exp: null }),
  'with an expiry that no clock reaches': (s) => signed(s, { exp: 1e300 }),
  'with an expiry over 64 bits': (s) => signed(s, { exp: 1e19 }),
  'with an expiry in milliseconds': (s) => signed(s, { exp: Date.now() + 600_000 }),
  'with a negative expiry': (s) => signed(s, { exp: -1 }),
  'with an expiry in a list': (s) => signed(s, { exp: [now() + 600] }),
  'not valid yet': (s) => signed(s, { nbf: now() + 300 }),
  'with a start in words': (s) => signed(s, { nbf: 'x' }),
  'with a start of null': (s) => signed(s, { nbf: null }),
  'issued in the future': (s) => signed(s, { iat: now() + 300 }),
  'issued in words': (s) => signed(s, { iat: 'x' }),
  'issued at null': (s) => signed(s, { iat: null }),
  'issued at no time': (s) => signed(s, { iat: undefined }),
  'for another audience': (s) => signed(s, { aud: 'https://other.example.com' }),
  'for no audience': (s) => signed(s, { aud: undefined }),
  'for an empty list of audiences': (s) => signed(s, { aud: [] }),
  'for several audiences': (s) => signed(s, { aud: ['x', s.audience] }),
  'for an audience and a number': (s) => signed(s, { aud: [s.audience, 7] }),
  'for an audience and nothing': (s) => signed(s, { aud: [null, s.audience] }),
  'for a list in a list': (s) => signed(s, { aud: [[s.audience]] }),
  'for an audience as an object': (s) => signed(s, { aud: { [s.audience]: true } }),
  'for an audience with a slash more': (s) => signed(s, { aud: `${s.audience}/` }),
  'for an audience in capitals': (s) => signed(s, { aud: s.audience.toUpperCase() }),
  'of another issuer': (s) => signed(s, { iss: 'https://evil.example.com' }),
  'of no issuer': (s) => signed(s, { iss: undefined }),
  'of a list of issuers': (s) => signed(s, { iss: [s.issuer] }),
  'of an issuer with a slash more': (s) => signed(s, { iss: `${s.issuer}/` }),
  'of an issuer with a space': (s) => signed(s, { iss: `${s.issuer} ` }),
  'with a subject that is a number': (s) => signed(s, { sub: 7 }),
  'with a subject of null': (s) => signed(s, { sub: null }),
  'with a subject that is an object': (s) => signed(s, { sub: { a: 1 } }),
  'with an empty subject': (s) => signed(s, { sub: '' }),
  'with scopes that are no text': (s) => signed(s, { scope: [1, 2] }),
  'with a client that is no text': (s) => signed(s, { azp: 7, client_id: ['x'] }),
  'with claims twice, the bad one first': (s) => signed(s, `{"aud":"x",${sound(s)}}`),
  'with claims twice, the bad one last': (s) => signed(s, `{${sound(s)},"aud":"x"}`),
  'with an expiry twice, the past one last': (s) => signed(s, `{${sound(s)},"exp":1}`),
  'with claims in other letters': (s) =>
    signed(s, `{"AUD":"${s.audience}","ISS":"${s.issuer}","EXP":${now() + 600}}`),
  'with claims that are a list': (s) => signed(s, '[]'),
  'with claims that are null': (s) => signed(s, 'null'),
  'with claims that are a text': (s) => signed(s, '"x"'),
  'with claims that are no JSON': (s) => signed(s, '{'),
  'with something behind the claims': (s) => signed(s, `{${sound(s)}} {}`),
  'with a space around the claims': (s) => signed(s, ` {${sound(s)}} `),
  'with a byte order mark': (s) => signed(s, `\ufeff{${sound(s)}}`),
  'with a prototype': (s) => signed(s, `{${sound(s)},"__proto__":{"exp":1}}`),
  'with alg none': (s) => `${encoded({ alg: 'none', kid: s.kid })}.${signed(s).split('.')[1]}.`,
  'with alg None and a signature': (s) => part(signed(s), 0, () => encoded({ alg: 'None', kid: s.kid })),
  'with alg rs256': (s) => signed(s, {}, { alg: 'rs256' }),
  'with alg RS384': (s) => signed(s, {}, { alg: 'RS384' }, 'sha384'),
  'with alg RS512': (s) => signed(s, {}, { alg: 'RS512' }, 'sha512'),
  'with alg RS256 over another hash': (s) => signed(s, {}, {}, 'sha512'),
  'with alg PS256': pss,
  'without alg': (s) => signed(s, {}, { alg: undefined }),
  'with alg as a list': (s) => signed(s, {}, { alg: ['RS256'] }),
  'with alg twice': (s) => signed(s, {}, `{"alg":"none","kid":"${s.kid}","alg":"RS256"}`),
  'with alg twice, the bad one last': (s) => signed(s, {}, `{"alg":"RS256","kid":"${s.kid}","alg":"none"}`),
  'signed with the public key as HS256 secret': (s) => mac(s, s.published, 'sha256'),
  'signed with the public key as HS512 secret': (s) => mac(s, s.published, 'sha512'),
  'signed with nothing as HS256 secret': (s) => mac(s, '', 'sha256'),
  'signed by a stranger': (s) => signed(stranger(s)),
  'without a key id': (s) => signed(s, {}, { kid: undefined }),
  'with an empty key id': (s) => signed(s, {}, { kid: '' }),
  'with a key id that is a number': (s) => signed(s, {}, { kid: 1 }),
  'with a key id that is a list': (s) => signed(s, {}, { kid: [s.kid] }),
  'with a key id that nobody knows': (s) => signed(s, {}, { kid: 'nobody' }),
  'with a key id that is a path': (s) => signed(s, {}, { kid: '../../../../dev/null' }),
  'with a key id that is SQL': (s) => signed(s, {}, { kid: "' OR 1=1 --" }),
  'with a key id of a prototype': (s) => signed(s, {}, { kid: '__proto__' }),
  'with a critical header': (s) => signed(s, {}, { crit: ['exp'], exp: 1 }),
  'with a critical header that nobody knows': (s) =>
    signed(s, {}, { crit: ['http://x/y'], 'http://x/y': true }),
  'with an empty list of critical headers': (s) => signed(s, {}, { crit: [] }),
  'with a body that is not encoded': (s) => signed(s, {}, { b64: false, crit: ['b64'] }),
  'with jku': (s) => signed(stranger(s), {}, { jku: 'http://127.0.0.1:9/keys' }),
  'with x5u': (s) => signed(stranger(s), {}, { x5u: 'http://127.0.0.1:9/cert' }),
  'with x5c': (s) => signed(stranger(s), {}, { x5c: ['MIIB'] }),
  'with a key of its own': (s) => signed(stranger(s), {}, { jwk: JSON.parse(s.published) }),
  'with another type': (s) => signed(s, {}, { typ: 'at+jwt', cty: 'JWT' }),
  'with a type that is a number': (s) => signed(s, {}, { typ: 1 }),
  'within a token': (s) => signed(s, signed(s), { cty: 'JWT' }),
  'in five parts': (s) => `${encoded({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: s.kid })}.a.b.c.d`,
  'in two parts': (s) => signed(s).split('.').slice(0, 2).join('.'),
  'with a part more': (s) => `${signed(s)}.x`,
  'with a dot at the end': (s) => `${signed(s)}.`,
  'with a dot at the start': (s) => `.${signed(s)}`,
  'of dots': () => '...',
  'that is cut': (s) => signed(s).slice(0, -10),
  'with claims that were changed': (s) => part(signed(s), 1, () => encoded({ sub: 'root' })),
  'with a header that was changed': (s) =>
    part(signed(s), 0, () => encoded({ alg: 'RS256', kid: s.kid, x: 1 })),
  'without a signature': (s) => part(signed(s), 2, () => ''),
  'with a signature of zeros': (s) => part(signed(s), 2, () => Buffer.alloc(256).toString('base64url')),
  'with padding behind the signature': (s) => `${signed(s)}==`,
  'with a space in the signature': (s) =>
    part(signed(s), 2, (text) => `${text.slice(0, 8)} ${text.slice(8)}`),
  'with a signature in plain base64': (s) =>
    part(signed(s), 2, (text) => Buffer.from(text, 'base64url').toString('base64').replace(/=+$/, '')),
  'with spare bits in the signature': (s) =>
    part(signed(s), 2, (text) => `${text.slice(0, -1)}${next(text.slice(-1))}`),
  'with padding behind the header': (s) => part(signed(s), 0, (text) => `${text}=`),
  'of 40 000 bytes': (s) => signed(s, { filler: 'x'.repeat(30_000) }),
  'that is none': () => 'not-a-token',
  'that is empty': () => '',
};

/** The same bits and one of the two or four that no byte holds. */
function next(letter: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return letters[letters.indexOf(letter) + 1] ?? 'A';
}
