/** Certificates at the start and while they change, as files in a folder; no server is needed. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { parseConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { type Certificates, openCertificates } from '../../src/sidecar/certificates.ts';
import { warnOfClearText } from '../../src/sidecar/clear-text.ts';
import { checkCertificates } from '../../src/sidecar/tls-places.ts';
import { startSidecar } from '../../src/sidecar.ts';
import { createHealth } from '../../src/telemetry/health.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type Authority, certificateAuthority, type Pair, pem } from '../support/certificates.ts';

let ours: Authority;
let [one, two]: Pair[] = [];
beforeAll(() => {
  ours = certificateAuthority('ours');
  [one, two] = [ours.issue('one'), ours.issue('two')];
});

let folder: string;
let stop: AbortController;
let running: Promise<void> | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  [stop, running] = [new AbortController(), undefined];
});
afterEach(async () => {
  stop.abort();
  await running;
  rmSync(folder, { recursive: true });
});

const EDGE = 'role: edge\nupstream: { http: http://127.0.0.1:18080 }\n';
const LISTENER = `${EDGE}tls: { http: { cert: tls.crt, key: tls.key } }\n`;
const parse = (yaml: string) => parseConfig(yaml, { file: join(folder, 'edge.yaml') });

function put(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

function putPair(pair: Pair | undefined): void {
  if (!pair) throw new Error('no pair');
  put('tls.key', pem(pair.key));
  put('tls.crt', pem(pair.cert));
}

function open(yaml: string, wallMs = systemClock.wallMs) {
  const lines: string[] = [];
  const logger = createLogger({ sink: { write: (line) => void lines.push(line) } });
  const [health, metrics] = [createHealth(), createMetrics({ processMetrics: false })];
  const clock = { ...systemClock, wallMs };
  const certificates = openCertificates({ config: parse(yaml), clock, logger, health, metrics });
  running = certificates.run(stop.signal);
  const conditions = () => health.report().conditions;
  return { certificates, conditions, metrics, log: () => lines.join('') };
}

/** The certificates that new connections of the HTTP listener get, from each renewal. */
function renewals(certificates: Certificates): unknown[] {
  const seen: unknown[] = [];
  certificates.listener('http')?.onRenewed(({ cert }) => seen.push(cert));
  return seen;
}

const patient = { timeout: 15_000, interval: 50 };

describe('at the start', () => {
  function complaint(yaml: string): string {
    try {
      checkCertificates(parse(yaml));
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return 'none';
  }

  test('every file that is missing, unreadable or wrong is named with its place in the YAML, all at once', () => {
    put('tls.crt', pem(one?.cert ?? ''));
    put('other.key', pem(two?.key ?? ''));
    const said = complaint(`${EDGE}tls:
  http: { cert: tls.crt, key: other.key }
  admin: { cert: missing.crt, key: ., client_ca: tls.crt }
changelog: { nats: { servers: [ tls://h:1 ], nkey: tls.crt, tls: { ca: other.key } } }`);
    expect(said).toContain('5 mistakes');
    for (const words of [
      `tls.http.key\n    the key does not belong to the certificate: ${join(folder, 'other.key')}\n    allowed: the key of the first`,
      `tls.admin.cert\n    there is no such file: ${join(folder, 'missing.crt')}`,
      'tls.admin.key\n    that is a folder',
      'changelog.nats.tls.ca\n    the file holds a private key and no certificate',
      'changelog.nats.nkey\n    the file holds something else',
    ])
      expect(said).toContain(words);
  });

  test('check-config says so, and a sidecar does not start', async () => {
    const file = join(folder, 'edge.yaml');
    writeFileSync(file, LISTENER);
    const said: string[] = [];
    const world = { env: {}, print: () => {}, complain: (text: string) => void said.push(text) };
    expect(await main(['check-config', file], world)).toBe(3);
    expect(said.join('')).toContain('tls.http.cert\n    there is no such file');
    await expect(startSidecar(parse(LISTENER), { logger: silentLog })).rejects.toThrow(ConfigError);
  });

  test.skipIf(process.getuid?.() === 0)('a file that this user may not read', () => {
    putPair(one);
    chmodSync(join(folder, 'tls.key'), 0o000);
    expect(complaint(LISTENER)).toContain('this user may not read the file');
  });

  test('what is sound is taken without a word', () => {
    putPair(one);
    expect(complaint(LISTENER)).toBe('none');
    expect(complaint(EDGE)).toBe('none');
  });

  test('an expired certificate is used all the same; log, health and metric say so', async () => {
    putPair(one);
    const { conditions, metrics, log } = open(LISTENER, () => Date.now() + 3 * 86_400_000);
    expect(conditions()).toEqual([
      expect.objectContaining({
        name: 'certificates',
        reason: expect.stringMatching(/^tls\.http\.cert: it expired at/),
      }),
    ]);
    expect(log()).toContain('"level":"warn"');
    const { text } = await metrics.exposition();
    expect(text).toMatch(/rsfga_tls_certificate_expiry_seconds\{place="tls.http"\} -\d/);
  });
});

describe('while it runs', () => {
  test('a pair that is put in place, one file after the other, is taken once it is whole', async () => {
    putPair(one);
    const { certificates, conditions, log } = open(LISTENER);
    const seen = renewals(certificates);
    put('tls.crt', pem(two?.cert ?? ''));
    await expect.poll(conditions, patient).toEqual([expect.objectContaining({ name: 'certificates' })]);
    expect(seen).toEqual([]);
    put('tls.key', pem(two?.key ?? ''));
    await expect.poll(() => seen, patient).toEqual([pem(two?.cert ?? '')]);
    expect(conditions()).toEqual([]);
    expect(log()).toContain('the ones before stay in use');
    expect(log()).not.toContain('PRIVATE KEY');
  });

  test('a folder behind a link that is switched, as Kubernetes does it, is followed', async () => {
    for (const [name, pair] of Object.entries({ v1: one, v2: two })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'tls.crt'), pem(pair?.cert ?? ''));
      writeFileSync(join(folder, name, 'tls.key'), pem(pair?.key ?? ''));
    }
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync('..data/tls.crt', join(folder, 'tls.crt'));
    symlinkSync('..data/tls.key', join(folder, 'tls.key'));
    const { certificates, conditions } = open(LISTENER);
    const seen = renewals(certificates);
    symlinkSync('v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await expect.poll(() => seen, patient).toEqual([pem(two?.cert ?? '')]);
    expect(conditions()).toEqual([]);
  });

  test('a file that is gone leaves the old ones in use; a look, as on SIGHUP, finds it when it is back', async () => {
    putPair(one);
    const { certificates, conditions } = open(LISTENER);
    const seen = renewals(certificates);
    rmSync(join(folder, 'tls.key'));
    await expect
      .poll(() => conditions()[0]?.reason, patient)
      .toContain('tls.http.key: there is no such file');
    expect(conditions()[0]?.reason).not.toContain(folder);
    putPair(one);
    certificates.look();
    await expect.poll(conditions, patient).toEqual([]);
    expect(seen).toEqual([]);
  });

  test('certificates towards the upstream are those of the moment', async () => {
    put('ca.crt', pem(ours.ca));
    const { certificates } = open(
      `role: edge\nupstream: { http: https://h, tls: { ca: ca.crt, server_name: up } }`,
    );
    const before = certificates.upstream.options();
    expect(before).toMatchObject({ ca: pem(ours.ca), servername: 'up', rejectUnauthorized: true });
    expect(certificates.upstream.options()).toBe(before);
    put('ca.crt', pem(ours.ca) + pem(one?.cert ?? ''));
    await expect.poll(() => certificates.upstream.options(), patient).not.toBe(before);
    expect(certificates.primary).toBe(certificates.upstream);
  });
});

describe('credentials in the clear', () => {
  function warnings(yaml: string): string {
    const lines: string[] = [];
    warnOfClearText(parse(yaml), createLogger({ sink: { write: (line) => void lines.push(line) } }));
    return lines.join('');
  }
  const open = 'listen: { http: "0.0.0.0:8080" }\n';
  const keys = 'auth: { method: preshared, keys: [ secret ] }\n';

  test('are warned of once: a listener for other machines, with a method and without TLS', () => {
    expect(warnings(EDGE + open + keys)).toContain('"listeners":["http"]');
    expect(warnings(EDGE + open)).toBe('');
    expect(warnings(EDGE + keys)).toBe('');
    expect(warnings(LISTENER + open + keys)).toBe('');
    const admin = 'listen: { admin: "0.0.0.0:8090" }\nadmin: { token: t0ken }\n';
    expect(warnings(EDGE + admin)).toContain('"listeners":["admin"]');
  });

  test('are warned of where HTTP to the upstream is TLS and gRPC is not', () => {
    const grpc = 'listen: { grpc: 127.0.0.1:8081 }\n';
    const upstream = (more: string) =>
      `role: edge\n${grpc}upstream: { http: https://h, grpc: "h:2"${more} }\n`;
    expect(warnings(upstream(''))).toContain('"path":"upstream"');
    expect(warnings(upstream(', tls: {}'))).toBe('');
  });
});
