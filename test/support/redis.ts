/** A throw-away Redis on loopback, from the system's own package. */
import { spawnSync } from 'node:child_process';
import { freePort, greeting, launch, type Running, temporaryFolder } from './children.ts';

export interface Redis extends Running {
  readonly url: string;
  readonly port: number;
}

export const HOW_TO_GET_REDIS = 'apt-get install redis-server';

/** For `describe.skipIf(!redisAvailable())`. With `CI=true` a missing server is an error. */
export function redisAvailable(): boolean {
  const available = spawnSync('redis-server', ['--version']).status === 0;
  if (!available && process.env.CI === 'true')
    throw new Error(`redis-server is missing: ${HOW_TO_GET_REDIS}`);
  return available;
}

export async function startRedis(options: { readonly port?: number } = {}): Promise<Redis> {
  const port = options.port ?? (await freePort());
  const dir = temporaryFolder('redis');
  const running = await launch({
    name: 'redis',
    bin: 'redis-server',
    args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir],
    ready: async () => void (await greeting(port, false)),
  });
  return { ...running, port, url: `redis://127.0.0.1:${port}` };
}
