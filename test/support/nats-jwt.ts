/** An operator, an account and a user of NATS with their JWTs (version 2), as `nsc` would make them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { temporaryFolder } from './children.ts';

type Pair = ReturnType<typeof nkeys.createUser>;

export interface NatsOperator {
  /** For the server's configuration: who is trusted. */
  readonly config: string;
  /** Path of a new user's `.creds` file. */
  credentials(name: string): string;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const OF_ACCOUNT = { imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };

export function natsOperator(): NatsOperator {
  const [operator, account] = [nkeys.createOperator(), nkeys.createAccount()];
  const operatorJwt = signed(operator, { name: 'operator', sub: operator, nats: { type: 'operator' } });
  const limits = { ...UNLIMITED, ...OF_ACCOUNT };
  const accountJwt = signed(operator, { name: 'account', sub: account, nats: { type: 'account', limits } });
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${account.getPublicKey()}: ${accountJwt} }\n`,
    credentials(name) {
      const user = nkeys.createUser();
      const jwt = signed(account, {
        name,
        sub: user,
        nats: { type: 'user', pub: {}, sub: {}, ...UNLIMITED },
      });
      const seed = new TextDecoder().decode(user.getSeed());
      const path = join(temporaryFolder('creds'), `${name}.creds`);
      writeFileSync(path, `${block('NATS USER JWT', jwt)}\n${block('USER NKEY SEED', seed)}`);
      return path;
    },
  };
}

interface Claims {
  readonly name: string;
  readonly sub: Pair;
  readonly nats: object;
}

function signed(issuer: Pair, { name, sub, nats }: Claims): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    jti: sub.getPublicKey(),
    iat,
    iss: issuer.getPublicKey(),
    name,
    sub: sub.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const text = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded(claims)}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function block(name: string, text: string): string {
  return `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
}
