/**
 * A scripted session of each real client, through an edge and straight: the same lines. These clients speak HTTP; for gRPC
 * the client is OpenFGA's own generated one, in `test/conformance/go`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Edge, startEdge } from '../conformance/edge-harness.ts';
import { call } from '../support/api.ts';
import { missingTool } from '../support/foreign.ts';
import { serversAvailable } from '../support/servers.ts';
import { type BuiltClient, buildClient, type ClientName } from './build-clients.ts';

const MODEL = join(import.meta.dirname, 'model.json');
const SESSION_MS = 120_000;
const CLIENTS: readonly ClientName[] = ['python', 'go', 'java', 'cli'];

describe.skipIf(!serversAvailable())('a client in another language', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.stop());

  describe.each(CLIENTS)('%s client', (name) => {
    test.skipIf(missingTool(`${name} client`) !== undefined)(
      'hears through an edge what it hears at OpenFGA',
      async () => {
        const client = await buildClient(name);
        const before = await servedLocally(edge);
        const straight = await session(client, edge.openfga.http);
        expect(straight.length).toBeGreaterThan(8);
        expect(straight.at(-1)).toBe('end: true');
        // A session makes a store of its own, which the edge has to copy first: else a short one would have ended by then.
        expect(await session(client, edge.base, { UNTIL_LOCAL: '1' })).toEqual(straight);
        expect(await servedLocally(edge)).toBeGreaterThan(before);
      },
    );
  });
});

type Env = Readonly<Record<string, string>>;

/** The lines of a session; throws with what it wrote when it fails. */
function session({ command, args, env }: BuiltClient, api: string, more: Env = {}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, api, MODEL], {
      env: { ...process.env, ...env, ...more },
      timeout: SESSION_MS,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out.trim().split('\n'));
      else reject(new Error(`the session at ${api} ended with ${code}\n${out}\n${err.slice(-3_000)}`));
    });
  });
}

async function servedLocally({ admin }: Edge): Promise<number> {
  const text = String((await call(admin, '/metrics')).body);
  return Number(/^rsfga_served_total\{[^}]*"local"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
}
