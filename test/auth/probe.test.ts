/** `auth: none`: whether the upstream takes everybody is asked, kept, and taken for "no" until it is known. */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createProbe, type Probe } from '../../src/auth/probe.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { lastFound } from '../../src/sidecar/last-found.ts';
import { openGetter } from '../../src/upstream/get.ts';
import { temporaryFolder } from '../support/children.ts';
import { handClock } from '../support/hand-clock.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Answers with this status; 0 hangs up. Whom it sends elsewhere is welcome there. */
async function upstream(status: { now: number }): Promise<string> {
  const server = createServer((req, res) => {
    if (status.now === 0) req.socket.destroy();
    else if (req.url === '/login') res.end('Who are you?');
    else if (status.now === 302) res.writeHead(302, { location: '/login' }).end();
    else res.writeHead(status.now).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const NO_TLS = { options: () => ({}), shook() {} };

function started(url: string, folder: string) {
  const clock = handClock();
  const memory = lastFound({ kind: 'lmdb', path: folder }, silentLog);
  const { get, close } = openGetter(url, NO_TLS);
  closers.push(() => void close());
  const probe = createProbe({ upstream: url, get, clock, log: silentLog, ...(memory && { memory }) });
  const stop = new AbortController();
  void probe.run(stop.signal);
  closers.push(() => stop.abort());
  return { probe, clock };
}

const folder = () => temporaryFolder('probe');
const settles = (probe: Probe, demands: boolean, pass: () => Promise<void>) =>
  expect
    .poll(async () => {
      await pass();
      return probe.demands();
    })
    .toBe(demands);

test('nobody is let in before it is known that the upstream takes everybody', async () => {
  const status = { now: 0 };
  const { probe, clock } = started(await upstream(status), folder());
  for (let n = 0; n < 5; n += 1) {
    await clock.pass(2_000);
    expect(probe.demands()).toBe(true);
  }
  status.now = 200;
  await settles(probe, false, () => clock.pass(2_000));
  status.now = 401;
  await settles(probe, true, () => clock.pass(60_000));
});

test('an upstream that sends a stranger to a page where one logs in does not take everybody', async () => {
  const status = { now: 200 };
  const { probe, clock } = started(await upstream(status), folder());
  await settles(probe, false, () => clock.pass(2_000));
  status.now = 302;
  await settles(probe, true, () => clock.pass(60_000));
});

test.each([
  [200, false],
  [401, true],
  [302, true],
])('a start while the upstream is away goes by what it said last: %i', async (said, demands) => {
  const status = { now: said };
  const url = await upstream(status);
  const data = folder();
  const first = started(url, data);
  await settles(first.probe, demands, () => first.clock.pass(2_000));
  await expect.poll(() => readFileSync(join(data, 'callers.last.json'), 'utf8')).toContain(`${demands}`);
  status.now = 0;
  expect(started(url, data).probe.demands()).toBe(demands);
});

test('what was found of another upstream, or cannot be read, counts for nothing', async () => {
  const status = { now: 0 };
  const url = await upstream(status);
  const data = folder();
  for (const text of [
    '{"upstream":"http://other","demands":false}',
    '{"upstream":',
    'null',
    '7',
    `{"upstream":"${url}","demands":"no"}`,
  ]) {
    writeFileSync(join(data, 'callers.last.json'), text);
    expect(started(url, data).probe.demands(), text).toBe(true);
  }
});
