import { describe, expect, test } from 'vitest';
import { serversAvailable, startOpenFga } from '../support/servers.ts';
import { startStreet } from './street-setup.ts';

describe.skipIf(!serversAvailable())('the listeners in front of a real OpenFGA', () => {
  test('a server that is stopped is `unavailable`, and forwarding goes on when it is back', async () => {
    const other = await startOpenFga();
    const ports = { http: Number(new URL(other.http).port), grpc: Number(other.grpc.split(':')[1]) };
    const own = await startStreet({ upstream: other.http });
    expect((await fetch(`${own.url}/stores`)).status).toBe(200);
    other.kill();
    await expect.poll(async () => (await fetch(`${own.url}/stores`)).status).toBe(503);
    const again = await startOpenFga({ ports });
    expect((await fetch(`${own.url}/stores`)).status).toBe(200);
    await own.close();
    await again.stop();
  });
});
