/** Answers made here carry what OpenFGA's own carry: status, headers, body. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer } from '../../src/fga/answer.ts';
import { FgaError } from '../../src/fga/error.ts';
import type { Decision } from '../../src/proxy/decision.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../support/servers.ts';
import { forwardAll, post, startStreet, type TestStreet, talk } from './street-setup.ts';

const MODEL = {
  schema_version: '1.1',
  type_definitions: [
    { type: 'user' },
    {
      type: 'document',
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: { directly_related_user_types: [{ type: 'user' }] } } },
    },
  ],
};
const ANNE = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const KEYS = ['k1', 'k2'];

interface Heard {
  readonly status: string | undefined;
  readonly headers: readonly string[];
  readonly body: unknown;
}

function read(text: string): Heard {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [status, ...lines] = head.split('\r\n');
  const headers = lines
    .filter((line) => !/^(Rsfga-|Connection:|Content-Length:)/.test(line))
    .map((line) => line.replace(/^(X-Request-Id|Date): .*/, '$1'));
  return { status, headers: headers.sort(), body: parsed(rest.join('\r\n\r\n')) };
}

/** JSON values of a body, in chunks or not; upstream's white space is not promised (contract section 1.3). */
function parsed(body: string): unknown {
  const lines = body.split(/\r?\n/).filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as unknown);
}

describe.skipIf(!serversAvailable())('an answer made here', () => {
  let fga: OpenFga;
  let street: TestStreet;
  let store: string;
  let modelId: string;
  let decision: Decision;

  beforeAll(async () => {
    fga = await startOpenFga({
      args: ['--authn-method', 'preshared', '--authn-preshared-keys', KEYS.join(',')],
    });
    const decider = { ...forwardAll, serves: () => true, decide: () => decision };
    street = await startStreet({ upstream: 'http://127.0.0.1:1', decider });
    const json = async (path: string, body: unknown) => {
      const headers = { Authorization: `Bearer ${KEYS[0]}` };
      const init = { method: 'POST', body: JSON.stringify(body), headers };
      return (await fetch(fga.http + path, init)).json() as Promise<Record<string, string>>;
    };
    store = (await json('/stores', { name: 'straight' })).id ?? '';
    modelId = (await json(`/stores/${store}/authorization-models`, MODEL)).authorization_model_id ?? '';
    await json(`/stores/${store}/write`, { writes: { tuple_keys: [ANNE] } });
  });

  afterAll(async () => {
    await street?.close();
    await fga?.stop();
  });

  const LIST = { type: 'document', relation: 'viewer', user: 'user:anne' };
  const answered =
    (answer: Answer): (() => Decision) =>
    () => ({ answer, servedBy: 'local', modelId });
  const failed = (error: FgaError) => (): Decision => ({ error, servedBy: 'local', modelId });
  const unused = () => ({ declined: 'method' }) as const;
  const auth = `Authorization: Bearer ${KEYS[0]}`;

  test.each<[string, string, object, () => Decision, readonly string[]]>([
    ['a yes', 'check', { tuple_key: ANNE }, answered({ method: 'Check', allowed: true }), [auth]],
    [
      'a yes to a browser',
      'check',
      { tuple_key: ANNE },
      answered({ method: 'Check', allowed: true }),
      [auth, 'Origin: https://a.example'],
    ],
    [
      'a no',
      'check',
      { tuple_key: { ...ANNE, user: 'user:bob' } },
      answered({ method: 'Check', allowed: false }),
      [auth],
    ],
    [
      'an error after the model was found',
      'check',
      { tuple_key: { ...ANNE, relation: 'nope' } },
      failed(new FgaError('validation_error', "invalid relation: relation 'document#nope' not found")),
      [auth],
    ],
    ['a rule that is broken', 'check', { tuple_key: { ...ANNE, user: '' } }, unused, [auth]],
    ['a missing key', 'check', {}, unused, [auth]],
    [
      'a batch',
      'batch-check',
      { checks: [{ tuple_key: ANNE, correlation_id: 'a' }] },
      answered({ method: 'BatchCheck', result: new Map([['a', { allowed: true }]]) }),
      [auth],
    ],
    ['a list', 'list-objects', LIST, answered({ method: 'ListObjects', objects: ['document:1'] }), [auth]],
    [
      'a list of users',
      'list-users',
      { object: { type: 'document', id: '1' }, relation: 'viewer', user_filters: [{ type: 'user' }] },
      answered({ method: 'ListUsers', users: [{ object: { type: 'user', id: 'anne' } }] }),
      [auth],
    ],
    [
      'an expansion',
      'expand',
      { tuple_key: { relation: 'viewer', object: 'document:1' } },
      answered({
        method: 'Expand',
        root: { name: 'document:1#viewer', leaf: { users: { users: ['user:anne'] } } },
      }),
      [auth],
    ],
    [
      'a stream',
      'streamed-list-objects',
      LIST,
      answered({ method: 'StreamedListObjects', objects: ['document:1'] }),
      [auth],
    ],
    [
      'an empty stream',
      'streamed-list-objects',
      { ...LIST, user: 'user:bob' },
      answered({ method: 'StreamedListObjects', objects: [] }),
      [auth],
    ],
    [
      'an error in place of a stream',
      'streamed-list-objects',
      { ...LIST, type: 'nope' },
      failed(new FgaError('type_not_found', "type 'nope' not found")),
      [auth],
    ],
    ['a rule broken by a stream', 'streamed-list-objects', { ...LIST, user: '' }, unused, [auth]],
    [
      'a missing credential',
      'check',
      { tuple_key: ANNE },
      () => ({ denied: new FgaError('bearer_token_missing', 'missing bearer token') }),
      [],
    ],
    [
      'a missing credential for a stream',
      'streamed-list-objects',
      LIST,
      () => ({ denied: new FgaError('bearer_token_missing', 'missing bearer token') }),
      [],
    ],
    [
      'a wrong credential',
      'check',
      { tuple_key: ANNE },
      () => ({ denied: new FgaError('unauthenticated', 'unauthenticated') }),
      ['Authorization: Bearer no'],
    ],
  ])("%s looks like OpenFGA's", async (_, action, body, decide, headers) => {
    decision = decide();
    const request = post(`/stores/${store}/${action}`, JSON.stringify(body), ...headers, 'Connection: close');
    const straight = await talk(Number(new URL(fga.http).port), request);
    const here = await talk(street.port, request);
    expect(here).toContain('Rsfga-Served-By: local');
    expect(read(here)).toEqual(read(straight));
  });
});
