/** The issuer's keys while the issuer is away, slow, mad, or asked by somebody who invents key ids. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetch } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createKeySet, type KeySet } from '../../src/auth/jwks.ts';
import { oidcTokens } from '../../src/auth/oidc.ts';
import type { Get } from '../../src/plugin/get.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.ts';

/** Its keys cost time to make. */
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer?.close());

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

/** An issuer in front of the real one that `answer` speaks for, as long as it is set. */
async function moody(real: Issuer) {
  const mood: { answer: Answer | undefined; asked: number } = { answer: undefined, asked: 0 };
  const server = createServer(async (req, res) => {
    if (req.url === '/keys') mood.asked += 1;
    if (mood.answer) return mood.answer(req, res);
    if (req.url !== '/keys')
      return void res.end(JSON.stringify({ issuer: real.url, jwks_uri: `${url()}/keys` }));
    res.end(JSON.stringify({ keys: [real.published()] }));
  });
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { mood, url: url() };
}

const get: Get = (url, signal) => fetch(url, { signal });

async function scene(first?: Answer) {
  const { mood, url } = await moody(issuer);
  mood.answer = first;
  const clock = handClock(Date.now());
  const keys = createKeySet({ issuer: url, get, clock, log: silentLog });
  const stop = new AbortController();
  const running = keys.run(stop.signal);
  closers.push(() => {
    stop.abort();
    return running;
  });
  const rules = {
    issuer: issuer.url,
    issuerAliases: [],
    audience: AUDIENCE,
    subjects: [],
    clientIdClaims: [],
    clients: [],
  };
  return { mood, clock, keys, judge: oidcTokens(rules, keys, clock).judge };
}

/** Lets time pass until the keys are as wanted; each fetch takes real time of its own. */
async function until(clock: HandClock, keys: KeySet, isSo: (trouble: string | undefined) => boolean) {
  await expect
    .poll(
      async () => {
        await clock.pass(1_000);
        return isSo(keys.trouble());
      },
      { timeout: 15_000, interval: 5 },
    )
    .toBe(true);
}

/** The clock of these tests runs hours ahead. */
const LATER = Math.floor(Date.now() / 1000) + 36_000;

const FAILS: Record<string, Answer> = {
  'an error': (_req, res) => void res.writeHead(500).end(),
  'a cut line': (req) => void req.socket.destroy(),
  'no JSON': (_req, res) => void res.end('<html>'),
  'a list': (_req, res) => void res.end('[]'),
  null: (_req, res) => void res.end('null'),
  'no keys': (req, res) =>
    void res.end(JSON.stringify({ issuer: 'x', jwks_uri: `http://${req.headers.host}/keys`, keys: 7 })),
  'keys that are none': (req, res) =>
    void res.end(
      JSON.stringify({ issuer: 'x', jwks_uri: `http://${req.headers.host}/keys`, keys: [1, null, 'x'] }),
    ),
  'no place of the keys': (_req, res) => void res.end('{"issuer":"x"}'),
  'a place that is no URL': (_req, res) => void res.end('{"issuer":"x","jwks_uri":"file:///etc/passwd"}'),
  'two megabytes': (_req, res) => void res.end(`{"issuer":"${'x'.repeat(2_000_000)}"}`),
};

test.each(Object.keys(FAILS))(
  'an issuer that answers %s leaves known keys in use, and is taken up again later',
  async (name) => {
    const { mood, clock, keys, judge } = await scene();
    await until(clock, keys, (trouble) => trouble === undefined);
    mood.answer = FAILS[name];
    await clock.pass(3_600_000);
    await until(clock, keys, (trouble) => trouble !== undefined);
    expect(await judge(await issuer.token({ exp: LATER }))).toMatchObject({ caller: {} });
    mood.answer = undefined;
    await until(clock, keys, (trouble) => trouble === undefined);
    expect(await judge(await issuer.token({ exp: LATER, sub: 'after' }))).toMatchObject({ caller: {} });
  },
);

test.each(['an error', 'keys that are none'])(
  'with %s from the start nobody is let in here: upstream judges',
  async (name) => {
    const { mood, clock, keys, judge } = await scene(FAILS[name]);
    await until(clock, keys, (trouble) => trouble !== 'the keys of the issuer were not fetched yet');
    expect(await judge(await issuer.token())).toEqual({ declined: 'credentials' });
    mood.answer = undefined;
    await until(clock, keys, (trouble) => trouble === undefined);
    expect(await judge(await issuer.token({ exp: LATER, sub: 'after' }))).toMatchObject({ caller: {} });
  },
);

test('a slow issuer keeps one caller waiting, and nobody else', async () => {
  let release: (() => void) | undefined;
  const { mood, clock, keys, judge } = await scene();
  await until(clock, keys, (trouble) => trouble === undefined);
  await clock.pass(60_000);
  mood.answer = (_req, res) => {
    release = () => res.writeHead(500).end();
  };
  const first = judge(await issuer.token({}, { kid: 'unknown-1' }));
  for (let n = 2; n < 50; n += 1)
    expect(await judge(await issuer.token({}, { kid: `unknown-${n}` }))).toEqual({ declined: 'credentials' });
  expect(await judge(await issuer.token({ sub: 'known' }))).toMatchObject({ caller: {} });
  await expect.poll(() => release).toBeDefined();
  release?.();
  expect(await first).toEqual({ declined: 'credentials' });
});

test('whoever invents key ids makes the issuer answer once a minute, however many there are', async () => {
  const { mood, clock, keys, judge } = await scene();
  await until(clock, keys, (trouble) => trouble === undefined);
  await clock.pass(60_000);
  const before = mood.asked;
  for (let minute = 1; minute <= 3; minute += 1) {
    for (let n = 0; n < 100; n += 1) await judge(await issuer.token({}, { kid: `${minute}-${n}` }));
    expect(mood.asked - before).toBe(minute);
    await clock.pass(60_000);
  }
});

test('keys that change all the time let in who is signed by the newest, and nobody of the ones before', async () => {
  const { clock, keys, judge } = await scene();
  await until(clock, keys, (trouble) => trouble === undefined);
  for (let n = 0; n < 5; n += 1) {
    const old = await issuer.token({ sub: `old-${n}` });
    expect(await judge(old)).toMatchObject({ caller: {} });
    await issuer.rotate();
    await clock.pass(60_000);
    expect(await judge(await issuer.token({ sub: `new-${n}` }))).toMatchObject({ caller: {} });
    expect(await judge(old)).toEqual({ declined: 'credentials' });
  }
});
