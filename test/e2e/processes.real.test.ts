import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createH2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, expectStatus } from '../support/api.ts';
import {
  BIN,
  createFleet,
  eventually,
  type Fleet,
  type Sidecar,
  type SidecarYaml,
} from '../support/fleet.ts';
import { frame, grpcClient, SERVICE } from '../support/grpc.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';

const ROOT = join(import.meta.dirname, '../..');

function cold(upstream: string): SidecarYaml {
  return { role: 'edge', upstream: { http: upstream }, changelog: 'upstream', store: 'memory', products: [] };
}

describe('the process of a sidecar', () => {
  let fleet: Fleet;
  let slow: Server;
  let slowUrl: string;

  beforeAll(async () => {
    fleet = createFleet();
    slow = createServer((request, response) => {
      request.resume().on('end', async () => {
        await sleep(700);
        response.setHeader('content-type', 'application/json').end('{"stores":[],"continuation_token":""}');
      });
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    slowUrl = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await fleet?.stop();
    slow?.close();
  });

  test('on SIGTERM it finishes what it has begun, takes nothing new, and ends with 0', async () => {
    const sidecar = await fleet.start('drain', cold(slowUrl));
    const begun = call(sidecar.http, '/stores');
    await sleep(200);
    const ending = sidecar.terminate();
    await sleep(100);
    const late = await call(sidecar.http, '/stores').catch(() => 'refused');
    expect(late).toBe('refused');
    expect((await expectStatus(200, begun)).body).toEqual({ stores: [], continuation_token: '' });
    expect(await ending).toEqual({ code: 0, signal: null });
  });

  test('on SIGTERM it finishes a gRPC call that it has begun, takes no new one, and ends with 0', async () => {
    const answer = frame(Buffer.from('whole'));
    const upstream = createH2Server().listen(0, '127.0.0.1');
    upstream.on('stream', async (stream) => {
      stream.resume().on('error', () => undefined);
      await sleep(700);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(answer);
    });
    await once(upstream, 'listening');
    const grpc = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const sidecar = await fleet.start('drain-grpc', { ...cold(slowUrl), upstream: { http: slowUrl, grpc } });
    const client = grpcClient(sidecar.grpc);
    const begun = client.raw(`${SERVICE}ListStores`, frame(Buffer.alloc(0)));
    await sleep(200);
    const ending = sidecar.terminate();
    await sleep(100);
    const late = grpcClient(sidecar.grpc);
    await expect(once(late.session, 'connect')).rejects.toThrow('ECONNREFUSED');
    expect(await begun).toMatchObject({ status: 0, messages: [Buffer.from('whole')] });
    expect(await ending).toEqual({ code: 0, signal: null });
    for (const one of [client, late]) one.close();
    upstream.close();
  });

  test('a port in use is named, with what to change, and the exit code is not 0', async () => {
    const sidecar = await fleet.start('first', cold(slowUrl));
    const run = spawnSync(process.execPath, [BIN, 'run', '--config', sidecar.configFile], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(run.status).toBeGreaterThan(0);
    const ports = [sidecar.http, sidecar.admin].map((url) => new URL(url).port);
    expect(run.stderr).toMatch(new RegExp(`(${ports.join('|')}) is already in use.*listen`));
  });
});

describe.skipIf(!serversAvailable())('a sidecar started through npx from the clone', () => {
  let openfga: OpenFga;
  let fleet: Fleet;
  let sidecar: Sidecar;

  beforeAll(async () => {
    openfga = await startOpenFga();
    fleet = createFleet();
    sidecar = await fleet.start('npx', cold(openfga.http));
    await sidecar.terminate();
  });
  afterAll(async () => {
    await fleet?.stop();
    await openfga?.stop();
  });

  function runByNpx() {
    const args = ['--no-install', 'rsfga-edge', 'run', '--config', sidecar.configFile];
    return spawn('npx', args, { cwd: ROOT, detached: true, stdio: 'ignore' });
  }

  async function ready(): Promise<void> {
    await eventually(
      () =>
        call(sidecar.admin, '/readyz').then(
          (reply) => reply.status,
          () => 0,
        ),
      (status) => status === 200,
      20_000,
    );
  }

  test('works, and killing its process group leaves nothing', async () => {
    const child = runByNpx();
    const group = child.pid ?? 0;
    await ready();
    expect((await call(sidecar.http, '/stores')).status).toBe(200);
    expect(membersOf(group).length).toBeGreaterThan(0);
    process.kill(-group, 'SIGKILL');
    await eventually(
      async () => membersOf(group),
      (pids) => pids.length === 0,
    );
    await expect(call(sidecar.http, '/stores')).rejects.toThrow();
  });

  test('SIGTERM to npx ends it and leaves nothing', async () => {
    const child = runByNpx();
    const group = child.pid ?? 0;
    await ready();
    const ended = once(child, 'close');
    process.kill(-group, 'SIGTERM');
    await ended;
    await eventually(
      async () => membersOf(group),
      (pids) => pids.length === 0,
    );
  });
});

/** Processes of a process group that are not zombies. */
function membersOf(group: number): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,pgid=,stat='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([, pgid, stat]) => Number(pgid) === group && !stat?.startsWith('Z'))
    .map(([pid]) => Number(pid));
}
