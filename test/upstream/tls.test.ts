/** The sidecar's own calls over TLS: verified always, by the certificates of the moment; how it went is told. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createKeySet } from '../../src/auth/jwks.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { clientOptions } from '../../src/tls/settings.ts';
import { openAsker } from '../../src/upstream/ask.ts';
import { openGetter } from '../../src/upstream/get.ts';
import { openUpstreamReader } from '../../src/upstream/read.ts';
import type { UpstreamTls } from '../../src/upstream/tls.ts';
import { type Authority, certificateAuthority, pem } from '../support/certificates.ts';
import { startIssuer } from '../support/issuer.ts';

let ours: Authority;
let strange: Authority;
beforeAll(() => {
  [ours, strange] = [certificateAuthority('ours'), certificateAuthority('strange')];
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Trusts what was last said; `heard` has what was told of handshakes. */
function trust(ca: string) {
  let options = clientOptions({ ca: pem(ca) });
  const heard: (string | undefined)[] = [];
  const tls: UpstreamTls = {
    options: () => options,
    shook: (error) => void heard.push(error && 'code' in error ? String(error.code) : error?.message),
  };
  const instead = (other: string) => {
    options = clientOptions({ ca: pem(other) });
  };
  return { tls, heard, instead };
}

/** Answers every request with no stores, and closes the connection after it. */
async function server() {
  const { cert, key } = ours.issue('server');
  const one = createServer({ cert: pem(cert), key: pem(key) }, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    res.end('{"stores":[],"continuation_token":""}');
  });
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  closing.push(async () => one.close());
  return `https://127.0.0.1:${(one.address() as AddressInfo).port}`;
}

type Caller = (url: string, tls: UpstreamTls) => () => Promise<unknown>;
const CALLERS: Readonly<Record<string, Caller>> = {
  reader(url, tls) {
    const reader = openUpstreamReader({ url, tls, retries: { maxRetry: 0, minWaitInMs: 1 } });
    closing.push(() => reader.close());
    return () => reader.listStores();
  },
  asker(url, tls) {
    const asker = openAsker({ url, tls });
    closing.push(() => asker.close());
    return () => asker.ask('/stores', {});
  },
  getter(url, tls) {
    const getter = openGetter(url, tls);
    closing.push(() => getter.close());
    return async () => (await getter.get(`${url}/stores`, AbortSignal.timeout(10_000))).text();
  },
};

describe.each(Object.entries(CALLERS))('the %s', (_name, caller) => {
  test('calls who is vouched for, refuses who is not, and takes up new certificates at the next connection', async () => {
    const { tls, heard, instead } = trust(strange.ca);
    const call = caller(await server(), tls);
    await expect(call()).rejects.toThrow();
    expect(heard).toEqual([expect.stringMatching(/UNABLE_TO|SELF_SIGNED/)]);
    instead(ours.ca);
    await expect(call()).resolves.toBeDefined();
    await expect.poll(() => heard.at(-1), { timeout: 15_000 }).toBe(undefined);
    instead(strange.ca);
    await expect(call()).rejects.toThrow();
    expect(heard.at(-1)).toMatch(/UNABLE_TO|SELF_SIGNED/);
  });
});

test('the keys of an https issuer with an authority of its own', async () => {
  const { cert, key } = ours.issue('issuer');
  const issuer = await startIssuer({ cert: pem(cert), key: pem(key) });
  closing.push(() => issuer.close());
  const { tls, instead } = trust(strange.ca);
  const getter = openGetter(issuer.url, tls);
  closing.push(() => getter.close());
  const parts = { issuer: issuer.url, get: getter.get, clock: systemClock, log: silentLog };
  const fetched = async () => {
    const keys = createKeySet(parts);
    const stop = new AbortController();
    const running = keys.run(stop.signal);
    await expect
      .poll(() => keys.version() > 0 || keys.trouble()?.includes('cannot be fetched'), { timeout: 15_000 })
      .toBe(true);
    stop.abort();
    await running;
    return keys.version() > 0;
  };
  expect(await fetched()).toBe(false);
  instead(ours.ca);
  expect(await fetched()).toBe(true);
});
