/** A sidecar that knows every kind of secret, and everything that it depends on is away: none of them is ever shown. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../support/api.ts';
import { freePort } from '../support/children.ts';
import { BIN, createFleet, eventually, type Fleet, type Sidecar } from '../support/fleet.ts';

const SECRETS = {
  apiToken: 'upstream-geheim-1',
  key: 'caller-geheim-2',
  limited: 'caller-geheim-3',
  admin: 'admin-geheim-4',
  nats: 'nats-geheim-5',
  redis: 'redis-geheim-6',
} as const;
const STORE = '01J0000000000000000000000A';

describe('a sidecar with secrets and nothing to reach', () => {
  let fleet: Fleet;
  let sidecar: Sidecar;
  const bearer = { authorization: `Bearer ${SECRETS.admin}` };

  beforeAll(async () => {
    const [nobody] = [await freePort()];
    fleet = createFleet();
    sidecar = await fleet.start('secretive', {
      role: 'edge',
      upstream: { http: `http://127.0.0.1:${nobody}`, api_token: SECRETS.apiToken },
      changelog: {
        nats: { servers: [`nats://127.0.0.1:${nobody}`], user: 'edge', password: SECRETS.nats },
      },
      auth: {
        method: 'preshared',
        keys: [SECRETS.key],
        limited: [{ key: SECRETS.limited, products: ['warm'] }],
      },
      admin: { token: SECRETS.admin },
      products: [
        {
          id: 'warm',
          stores: [STORE],
          tier: { warm: { store: `redis://u:${SECRETS.redis}@127.0.0.1:${nobody}` } },
        },
        { id: 'kept', stores: ['*'], tier: 'critical' },
      ],
    });
  });
  afterAll(() => fleet?.stop());

  function expectNone(text: string): void {
    for (const secret of Object.values(SECRETS)) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    }
  }

  test('says none of them in its answers, its status, its metrics and its log', async () => {
    const body = { tuple_key: { user: 'user:a', relation: 'viewer', object: 'document:1' } };
    const asked = [SECRETS.key, SECRETS.limited, SECRETS.admin, 'wrong'].map((key) =>
      call(sidecar.http, `/stores/${STORE}/check`, { body, headers: { authorization: `Bearer ${key}` } }),
    );
    const replies = await Promise.all(asked);
    expect(replies.map(({ status }) => status)).toEqual([503, 503, 401, 401]);
    await eventually(
      async () => sidecar.output(),
      (text) => text.includes('connection refused'),
      30_000,
    );
    const looks = ['/status', '/metrics', '/', '/healthz', '/readyz?synced', '/nothing'];
    const seen = await Promise.all(looks.map((path) => call(sidecar.admin, path, { headers: bearer })));
    const acts = ['explain', 'resync', 'audit', 'snapshot'].map((name) =>
      call(sidecar.admin, `/admin/${name}`, { body: { store_id: STORE, ...body }, headers: bearer }),
    );
    const done = await Promise.all(acts);
    expectNone(JSON.stringify([replies, seen, done]));
    expectNone(sidecar.output());
    expect(seen[0]?.status).toBe(200);
  });

  test('says none of them when its configuration is checked, shown or wrong', () => {
    const run = (...args: string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: 'utf8' });
      return stdout + stderr;
    };
    expectNone(run('check-config', sidecar.configFile));
    expectNone(run('run', '--config', sidecar.configFile, '--nonsense'));
  });
});
