/** What a client may do to the TLS ports before its handshake is through. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listenGrpc } from '../../src/proxy/listen-grpc.ts';
import { listenHttp } from '../../src/proxy/listen-http.ts';
import type { Pems } from '../../src/tls/pems.ts';
import { listenerOptions } from '../../src/tls/settings.ts';
import { certificateAuthority, pem } from '../support/certificates.ts';
import { eventually } from '../support/fleet.ts';

let pems: Pems;
let ca: string;
beforeAll(() => {
  const ours = certificateAuthority('ours');
  const { cert, key } = ours.issue('listener');
  pems = { cert: pem(cert), key: pem(key) };
  ca = pem(ours.ca);
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const address = { host: '127.0.0.1', port: 0 };
interface Opened {
  readonly port: number;
  readonly refused: string[];
  close(): Promise<void>;
}

async function open(kind: 'http' | 'grpc', patienceMs: number, connections: number): Promise<Opened> {
  const refused: string[] = [];
  const common = {
    address,
    tls: listenerOptions(pems, patienceMs),
    refused: (error: Error) => void refused.push('code' in error ? String(error.code) : error.message),
  };
  const listener =
    kind === 'http'
      ? await listenHttp({ ...common, limits: { connections }, handler: (_req, res) => void res.end('well') })
      : await listenGrpc({ ...common, limits: { connections }, handler: (stream) => stream.close() });
  closing.push(() => listener.close());
  return { port: listener.address.port, refused, close: () => listener.close() };
}

function silent(port: number): { readonly socket: Socket; readonly closed: Promise<void> } {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  closing.push(async () => socket.destroy());
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve())) };
}

function shakes(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

describe.each(['http', 'grpc'] as const)('the %s listener with TLS', (kind) => {
  test('closes on a client that does not get on with its handshake, and says so', async () => {
    const { port, refused } = await open(kind, 200, 100);
    await silent(port).closed;
    await eventually(
      async () => refused,
      (list) => list.includes('ERR_TLS_HANDSHAKE_TIMEOUT'),
    );
    expect(await shakes(port)).toBe(true);
  });

  test('counts handshakes among its connections: a flood of them is turned away, and it recovers', async () => {
    const { port } = await open(kind, 60_000, 8);
    const held = Array.from({ length: 8 }, () => silent(port));
    await Promise.all(held.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(
      await eventually(
        () => shakes(port),
        (through) => !through,
      ),
    ).toBe(false);
    for (const { socket } of held) socket.destroy();
    await eventually(
      () => shakes(port),
      (through) => through,
    );
  });

  test('ends with handshakes under way without waiting for them', async () => {
    const { port, close } = await open(kind, 60_000, 100);
    const { socket, closed } = silent(port);
    await new Promise((resolve) => socket.once('connect', resolve));
    await eventually(
      () => shakes(port),
      (through) => through,
    );
    await close();
    await closed;
  });

  test('a client that leaves without a word was not refused', async () => {
    const { port, refused } = await open(kind, 60_000, 100);
    const { socket, closed } = silent(port);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.end();
    await closed;
    expect(await shakes(port)).toBe(true);
    expect(refused).toEqual([]);
  });
});

test('the grpc listener with TLS closes on a client that speaks no HTTP/2, and does not wait for it at its end', async () => {
  const { port, close } = await open('grpc', 60_000, 100);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  closing.push(async () => socket.destroy());
  // Holds on to the connection whatever is said on it.
  const halfOpen = { socket, ca, host: '127.0.0.1', allowHalfOpen: true };
  const above = connectTls(halfOpen);
  above.on('error', () => undefined).resume();
  await new Promise((resolve) => above.once('end', resolve).once('close', resolve));
  const beganMs = performance.now();
  await close();
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});
