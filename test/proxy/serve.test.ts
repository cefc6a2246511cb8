import { describe, expect, test } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import { closingAfterEach } from './after-each.ts';
import { type Asked, ask, LOCAL, startServing, YES } from './serving.ts';
import { A_CHECK, CHECK, MODEL, post, STORE, talk } from './street-setup.ts';

const closing = closingAfterEach();

async function serving(...args: Parameters<typeof startServing>) {
  const street = await startServing(...args);
  closing(() => street.close());
  return street;
}

describe('a query that is answered here', () => {
  test("carries the headers of OpenFGA, then the sidecar's own, and asks nobody", async () => {
    const { port, upstream, told } = await serving(() => ({ answer: YES, ...LOCAL }));
    const answer = await ask(port);
    const [head = '', body] = answer.split('\r\n\r\n');
    expect(body).toBe('{"allowed":true,"resolution":""}');
    expect(
      head.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'UUID').replace(/Date: .*/, 'Date: now'),
    ).toBe(
      [
        'HTTP/1.1 200 OK',
        'Content-Type: application/json',
        `Openfga-Authorization-Model-Id: ${MODEL}`,
        `Openfga-Store-Id: ${STORE}`,
        'Vary: Origin',
        'X-Request-Id: UUID',
        'Rsfga-Served-By: local',
        'Rsfga-Revision: E.12',
        'Rsfga-Staleness-Ms: 4',
        'Content-Length: 32',
        'Date: now',
        'Connection: close',
      ].join('\r\n'),
    );
    expect(upstream.heard).toEqual([]);
    expect(told).toEqual(['served Check local']);
  });

  test("is decided over the parsed query and the caller's own headers", async () => {
    const asked: Asked[] = [];
    const { port } = await serving((one) => {
      asked.push(one);
      return { answer: YES, servedBy: 'cache' };
    });
    const answer = await ask(
      port,
      A_CHECK,
      'Rsfga-Min-Revision: E.9',
      'authorization: Bearer k',
      'Authorization: x',
    );
    expect(answer).toContain('Rsfga-Served-By: cache');
    expect(answer).not.toContain('Rsfga-Revision');
    expect(asked).toMatchObject([
      {
        query: { method: 'Check', storeId: STORE, tupleKey: { user: 'user:anne' } },
        caller: { minRevision: 'E.9', authorization: 'Bearer k' },
      },
    ]);
  });

  test("to a browser carries upstream's default CORS headers", async () => {
    const { port } = await serving(() => ({ answer: YES, ...LOCAL }));
    const answer = await ask(port, A_CHECK, 'Origin: https://app.example');
    expect(answer).toContain('Access-Control-Allow-Origin: *\r\n');
    expect(answer).toContain('Access-Control-Allow-Credentials: true\r\n');
  });

  test('may take its time', async () => {
    const { port } = await serving(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { answer: YES, ...LOCAL };
    });
    expect(await ask(port)).toContain('"allowed":true');
  });

  test("with an error has OpenFGA's status, shape and headers", async () => {
    const error = new FgaError('validation_error', "relation 'document#nope' not found");
    const { port } = await serving(() => ({ error, servedBy: 'local', modelId: MODEL }));
    const answer = await ask(port);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    expect(answer).toContain(`Openfga-Authorization-Model-Id: ${MODEL}`);
    expect(answer).toMatch(
      /\r\n\r\n\{"code":"validation_error","message":"relation 'document#nope' not found"\}\n$/,
    );
  });

  test('with a body that breaks the rules is refused without asking the decider', async () => {
    const { port, upstream } = await serving(() => ({ declined: 'method' }));
    const answer = await ask(port, '{"tuple_key":{"user":"","relation":"viewer","object":"document:1"}}');
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(answer).toContain('"code":"validation_error"');
    expect(answer).toContain('Rsfga-Served-By: local');
    expect(upstream.heard).toEqual([]);
  });

  test('with a stream of objects comes in lines', async () => {
    const objects = ['document:1', 'document:"2"'];
    const { port } = await serving(() => ({ answer: { method: 'StreamedListObjects', objects }, ...LOCAL }));
    const body = '{"type":"document","relation":"viewer","user":"user:anne"}';
    const path = CHECK.replace('check', 'streamed-list-objects');
    const answer = await talk(port, post(path, body, 'Connection: close'));
    expect(answer).toContain('Transfer-Encoding: chunked');
    expect(answer).toContain('{"result":{"object":"document:1"}}\n');
    expect(answer).toContain('{"result":{"object":"document:\\"2\\""}}\n');
  });

  test('to somebody unknown is refused here and never forwarded', async () => {
    const denied = new FgaError('bearer_token_missing', 'missing bearer token');
    const { port, upstream } = await serving(() => ({ denied }));
    const answer = await ask(port);
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized/);
    expect(answer).toContain('{"code":"bearer_token_missing","message":"missing bearer token"}');
    expect(upstream.heard).toEqual([]);
  });
});
