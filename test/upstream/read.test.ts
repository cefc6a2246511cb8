import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openUpstreamReader } from '../../src/upstream/read.ts';
import { closingAfterEach } from '../proxy/after-each.ts';
import { polite, startRude } from '../proxy/rude-upstream.ts';
import { STORE } from '../proxy/street-setup.ts';

const closing = closingAfterEach();

async function reading(answer: Parameters<typeof startRude>[0]) {
  const server = await startRude(answer);
  const reader = openUpstreamReader({ url: server.url, retries: { maxRetry: 2, minWaitInMs: 10 } });
  closing(() => server.close());
  closing(() => reader.close());
  return { server, reader };
}

describe("the sidecar's own reads", () => {
  test('are tried again after a failure of the network', async () => {
    let calls = 0;
    const { reader } = await reading((socket, heard) => {
      if (++calls < 3) socket.resetAndDestroy();
      else
        polite('{"stores":[{"id":"S"}],"continuation_token":""}', 'Content-Type: application/json')(
          socket,
          heard,
        );
    });
    expect(await reader.listStores()).toEqual(['S']);
    expect(calls).toBe(3);
  });

  test('end as `unavailable`, without the request in what the log sees', async () => {
    const reader = openUpstreamReader({
      url: 'http://127.0.0.1:1',
      apiToken: 'secret',
      retries: { maxRetry: 0, minWaitInMs: 1 },
    });
    const error: unknown = await reader.listStores().catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'unavailable', message: 'the upstream server cannot be reached' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
  });

  test('stop at once when they are cancelled, also before they begin', async () => {
    const { reader, server } = await reading(() => {});
    const controller = new AbortController();
    const pending = reader.readTuples(STORE, '', controller.signal);
    await expect.poll(() => server.open()).toBe(1);
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
    await expect(reader.readTuples(STORE, '', controller.signal)).rejects.toThrow('enough');
    await sleep(50);
    expect(server.open()).toBe(0);
  });

  test('ask the named server even where the environment names a proxy', async () => {
    const { reader } = await reading(polite('{"stores":[],"continuation_token":""}'));
    process.env.HTTP_PROXY = 'http://127.0.0.1:1';
    try {
      expect(await reader.listStores()).toEqual([]);
    } finally {
      delete process.env.HTTP_PROXY;
    }
  });

  test.each(['not JSON', '<html>', '', '{}', '[]'])(
    "refuse the answer %j, which is not OpenFGA's",
    async (body) => {
      const { reader } = await reading(polite(body));
      await expect(reader.readTuples(STORE, '')).rejects.toMatchObject({ code: 'internal_error' });
    },
  );
});
