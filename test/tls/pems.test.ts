/** What is wrong with a certificate or key is said of the right file, with what to do, and without a word of the key. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { arePems, checkPems, type PemMistake, type PemTexts, untimely } from '../../src/tls/pems.ts';
import { certificateAuthority, pem } from '../support/certificates.ts';

let [cert, key, otherKey, ca] = ['', '', '', ''];
beforeAll(() => {
  const ours = certificateAuthority('ours');
  const [one, other] = [ours.issue('one'), ours.issue('other')];
  [cert, key, otherKey, ca] = [pem(one.cert), pem(one.key), pem(other.key), pem(ours.ca)];
});

function mistakes(texts: PemTexts): readonly PemMistake[] {
  const checked = checkPems(texts);
  return arePems(checked) ? [] : checked;
}

test('a pair with its authority is taken, chain and all, and its days are known', () => {
  const pems = checkPems({ cert: cert + ca, key, ca });
  expect(pems).toMatchObject({ cert: cert + ca, key, ca });
  if (!arePems(pems)) throw new Error('no pems');
  expect(Number(pems.expiresAtMs) - Date.now()).toBeGreaterThan(86_400_000);
  expect(untimely(pems, Date.now() + 1_000)).toBeUndefined();
  expect(untimely(pems, Date.now() + 3 * 86_400_000)).toContain('it expired at');
  expect(untimely(pems, Date.now() - 3 * 86_400_000)).toContain('it is valid only from');
});

test('a key that belongs to another certificate', () => {
  expect(mistakes({ cert, key: otherKey })).toEqual([
    expect.objectContaining({ file: 'key', message: 'the key does not belong to the certificate' }),
  ]);
});

test('an encrypted key, of either kind, with the command that decrypts it', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    const secret = { cipher: 'aes-256-cbc', passphrase: 'secret' };
    const text = String(privateKey.export({ type, format: 'pem', ...secret }));
    expect(mistakes({ cert, key: text })).toEqual([
      expect.objectContaining({
        file: 'key',
        message: 'the key is encrypted',
        allowed: expect.stringContaining('openssl pkey'),
      }),
    ]);
  }
});

test('files that were mixed up, that are empty, or hold something else: each is named, all at once', () => {
  expect(mistakes({ cert: key, key: cert })).toEqual([
    expect.objectContaining({ file: 'cert', message: 'the file holds a private key and no certificate' }),
    expect.objectContaining({
      file: 'key',
      message: 'the file holds a certificate and no key that can be read',
    }),
  ]);
  expect(mistakes({ cert: '', key: 'role: edge', ca: 'x' }).map(({ file }) => file)).toEqual([
    'cert',
    'ca',
    'key',
  ]);
  const torn = cert.replace(/\n.{20}/, '\n');
  expect(mistakes({ cert: torn, key })).toEqual([expect.objectContaining({ file: 'cert' })]);
});

test('a certificate whose key is too short for TLS', () => {
  const short = certificateAuthority('ours').issue(
    'short',
    generateKeyPairSync('rsa', { modulusLength: 512 }),
  );
  expect(mistakes({ cert: pem(short.cert), key: pem(short.key) })).toEqual([
    expect.objectContaining({ file: 'cert', message: expect.stringMatching(/^TLS refuses it: .*too small/) }),
  ]);
});

test('no complaint holds a part of a key', () => {
  const body = key.split('\n')[1] ?? '';
  const all = [
    mistakes({ cert, key: otherKey }),
    mistakes({ cert: key, key: cert }),
    mistakes({ cert, key: key.slice(0, 90) }),
  ];
  expect(JSON.stringify(all)).not.toContain(body.slice(0, 16));
  expect(all.every((list) => list.length > 0)).toBe(true);
});
