import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { serversAvailable, startNats, startOpenFga } from './servers.ts';

describe.skipIf(!serversAvailable())('the servers of the tests', () => {
  it('answer at their addresses and end when told', async () => {
    const server = await startOpenFga();
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    await server.stop();
    await expect(fetch(`${server.http}/healthz`)).rejects.toThrow();
  });

  it('start again on the same port and store after a kill', async () => {
    const first = await startNats();
    first.kill();
    await gone(first.pid);
    const second = await startNats({ port: first.port, storeDir: first.storeDir });
    expect(second.url).toBe(first.url);
    await second.stop();
  });

  it('do not outlive a test process that is killed, nor do their files', async () => {
    const script = `
      const { startOpenFga, startNats } = await import('${import.meta.dirname}/servers.ts');
      const [fga, nats] = [await startOpenFga(), await startNats()];
      console.log(JSON.stringify([fga.pid, nats.pid, nats.storeDir]));
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data))),
    );
    const [openfga, nats, folder] = JSON.parse(line) as [number, number, string];
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await gone(openfga);
    await gone(nats);
    await vanished(folder);
  });
});

async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 200 && isRunning(pid); i++) await sleep(25);
  expect(isRunning(pid)).toBe(false);
}

async function vanished(folder: string): Promise<void> {
  for (let i = 0; i < 200 && existsSync(folder); i++) await sleep(25);
  expect(existsSync(folder)).toBe(false);
}

/** A process that has ended but was not yet collected by its parent does not run. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && readFileSync(stat, 'latin1').includes(') Z ');
}
