/** TLS and every way to log in to NATS, on real servers: who is right gets in, who is wrong reads why in the log. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NatsServerOptions, openNatsLink } from '../../../plugins/changelog/nats-connect.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { call } from '../../support/api.ts';
import {
  type Authority,
  certificateAuthority,
  copyOf,
  type Pair,
  replaceFile,
} from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/children.ts';
import { modelFrom } from '../../support/datasets.ts';
import { eventually } from '../../support/fleet.ts';
import { startInProcess } from '../../support/in-process.ts';
import { type NatsOperator, natsOperator } from '../../support/nats-jwt.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';

const PASSWORD = 'correct-horse-battery';
const TOKEN = 'token-for-every-client';
const tlsUrl = ({ port }: Nats) => `tls://127.0.0.1:${port}`;

describe.skipIf(!serversAvailable())('the way in to NATS', () => {
  let ours: Authority;
  let strange: Authority;
  let mine: Pair;
  let operator: NatsOperator;
  const user = nkeys.createUser();
  const seed = keyFile(user);
  /** TLS with `verify`, an nkey and a password. */
  let guarded: Nats;
  let plain: Nats;
  let byJwt: Nats;

  beforeAll(async () => {
    [ours, strange] = [certificateAuthority('ours'), certificateAuthority('strange')];
    mine = ours.issue('sidecar');
    operator = natsOperator();
    const { cert, key } = ours.issue('nats');
    const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ours.ca}", verify: true }`;
    const users = `[ { nkey: ${user.getPublicKey()} }, { user: edge, password: "${PASSWORD}" } ]`;
    [guarded, plain, byJwt] = await Promise.all([
      startNats({ config: `jetstream {}\n${tls}\nauthorization { users: ${users} }\n` }),
      startNats({ config: `authorization { token: "${TOKEN}" }\n` }),
      startNats({ config: operator.config }),
    ]);
  });
  afterAll(() => Promise.all([guarded?.stop(), plain?.stop(), byJwt?.stop()]));

  /** `connected`, or the reason that is shown and logged. */
  async function comesTo(options: NatsServerOptions): Promise<string> {
    const lines: string[] = [];
    const logger = createLogger({ sink: { write: (line) => void lines.push(line) } });
    const link = openNatsLink(options, 'test', systemClock, logger);
    try {
      const seen = await eventually(
        async () => link.state(),
        (state) => state.link === 'connected' || state.error !== 'connecting',
        20_000,
      );
      if (seen.link === 'connected') return 'connected';
      expect(lines.join('')).toContain(JSON.stringify(seen.error).slice(1, -1));
      return seen.error;
    } finally {
      await link.close();
      expect(lines.join('')).not.toContain(PASSWORD);
    }
  }
  const files = () => ({ ca: ours.ca, ...mine });
  const asEdge = { user: 'edge', password: PASSWORD };

  test('TLS with a certificate of the authority and the right password', async () => {
    expect(await comesTo({ servers: [tlsUrl(guarded)], tls: files(), ...asEdge })).toBe('connected');
  });

  test('TLS with an NKey', async () => {
    expect(await comesTo({ servers: [guarded.url], tls: files(), nkey: seed })).toBe('connected');
  });

  test('a token, and credentials of a user that an operator vouches for', async () => {
    expect(await comesTo({ servers: [plain.url], token: TOKEN })).toBe('connected');
    expect(await comesTo({ servers: [byJwt.url], credentials: operator.credentials('edge') })).toBe(
      'connected',
    );
  });

  test.concurrent.each<[string, () => NatsServerOptions, RegExp]>([
    [
      'no certificate',
      () => ({ servers: [guarded.url], tls: { ca: ours.ca }, ...asEdge }),
      /does it accept the certificate|certificate required|bad certificate|unknown/i,
    ],
    [
      'a server of another authority',
      () => ({ servers: [guarded.url], tls: { ...files(), ca: strange.ca }, ...asEdge }),
      /certificate|signature/i,
    ],
    [
      'a certificate of another authority',
      () => ({ servers: [guarded.url], tls: { ca: ours.ca, ...strange.issue('x') }, ...asEdge }),
      /does it accept the certificate|certificate required|bad certificate|unknown/i,
    ],
    ['a server without TLS', () => ({ servers: [plain.url], tls: { ca: ours.ca }, token: TOKEN }), /tls/i],
    [
      'a wrong password',
      () => ({ servers: [guarded.url], tls: files(), user: 'edge', password: 'wrong' }),
      /Authorization/i,
    ],
    [
      'the NKey of another user',
      () => ({ servers: [guarded.url], tls: files(), nkey: keyFile(nkeys.createUser()) }),
      /Authorization/i,
    ],
    [
      'a file without a seed',
      () => ({ servers: [guarded.url], tls: files(), nkey: mine.cert }),
      /changelog\.nats\.nkey/,
    ],
    ['a wrong token', () => ({ servers: [plain.url], token: 'wrong' }), /Authorization/i],
    [
      'credentials of another operator',
      () => ({ servers: [byJwt.url], credentials: natsOperator().credentials('x') }),
      /Authorization/i,
    ],
  ])('%s is refused, and the log says why', async (_what, options, why) => {
    expect(await comesTo(options())).toMatch(why);
  });

  test('a pair that is renewed, half of it first, is shown at the next connect, without a restart', async () => {
    const pair = copyOf(ours.issue('sidecar'));
    const next = ours.issue('sidecar');
    replaceFile(pair.key, next.key);
    const logger = createLogger({ sink: { write: () => undefined } });
    const options = { servers: [guarded.url], tls: { ca: ours.ca, ...pair }, ...asEdge };
    const link = openNatsLink(options, 'test', systemClock, logger);
    try {
      await eventually(
        async () => link.state(),
        (state) => state.link === 'disconnected' && state.error.includes('key values mismatch'),
        20_000,
      );
      replaceFile(pair.cert, next.cert);
      await eventually(
        async () => link.isUp(),
        (up) => up,
        20_000,
      );
    } finally {
      await link.close();
    }
  });

  test('a whole sidecar publishes over mutual TLS with an NKey, from YAML; nothing secret is shown', async () => {
    const central = await startInProcess('central', {
      role: 'central',
      upstream: 'embedded',
      changelog: { nats: { servers: [tlsUrl(guarded)], nkey: seed, tls: files() } },
    });
    try {
      const made = await call(central.urls.http, '/stores', { body: { name: 'nats-tls' } });
      const { id } = made.body as { id: string };
      await call(central.urls.http, `/stores/${id}/authorization-models`, { body: MODEL });
      const written = await eventually(
        (n = Math.random()) =>
          call(central.urls.http, `/stores/${id}/write`, {
            body: {
              writes: { tuple_keys: [{ user: `user:${n}`, relation: 'viewer', object: 'document:1' }] },
            },
          }),
        ({ headers }) => headers['rsfga-revision'] !== undefined,
        30_000,
      );
      expect(written.status).toBe(200);
      const status = await call(central.urls.admin, '/status');
      expect(status.body).toMatchObject({ changelog: { connected: true } });
      const shown = JSON.stringify(status.body) + central.log();
      expect(shown).not.toContain(new TextDecoder().decode(user.getSeed()));
      expect(shown).not.toContain('PRIVATE KEY');
    } finally {
      await central.drain();
    }
  });
});

const MODEL = modelFrom(`model
  schema 1.1
type user
type document
  relations
    define viewer: [user]`);

function keyFile(pair: ReturnType<typeof nkeys.createUser>): string {
  const path = join(temporaryFolder('nkey'), 'user.nk');
  writeFileSync(path, `${new TextDecoder().decode(pair.getSeed())}\n`);
  return path;
}
