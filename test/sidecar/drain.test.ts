/** How a whole sidecar ends. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { closingAfterEach } from '../proxy/after-each.ts';
import { startRude } from '../proxy/rude-upstream.ts';
import { grpcClient, SERVICE } from '../support/grpc.ts';
import { startInProcess } from '../support/in-process.ts';

const closing = closingAfterEach();

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => socket.destroy());
    closing(async () => socket.destroy());
  });
}

test('both listeners are closed together: while the one has a call under way the other takes no more either', async () => {
  const upstream = await startRude(() => undefined);
  closing(() => upstream.close());
  const sidecar = await startInProcess('both', {
    role: 'edge',
    upstream: { http: upstream.url, grpc: `127.0.0.1:${upstream.port}` },
    listen: { http: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0' },
  });
  closing(sidecar.drain);
  const client = grpcClient(sidecar.urls.grpc ?? '');
  closing(async () => client.close());
  const call = client.open(`${SERVICE}GetStore`).on('error', () => undefined);
  call.end();
  await expect.poll(() => upstream.heard.join(''), { timeout: 5_000 }).toContain('PRI * HTTP/2.0');
  const drained = sidecar.drain();
  const port = Number(new URL(sidecar.urls.http).port);
  await expect.poll(() => isTaken(port), { timeout: 5_000 }).toBe(false);
  expect(call.closed).toBe(false);
  call.close();
  await once(call, 'close');
  await drained;
});

test('a question of its own that the upstream does not answer is not waited for', async () => {
  const upstream = await startRude(() => undefined);
  closing(() => upstream.close());
  const sidecar = await startInProcess('asking', { role: 'edge', upstream: { http: upstream.url } });
  closing(sidecar.drain);
  await expect.poll(() => upstream.heard.join(''), { timeout: 5_000 }).toContain('GET /stores?page_size=1');
  const beganMs = performance.now();
  await sidecar.drain();
  expect(performance.now() - beganMs).toBeLessThan(2_500);
});
