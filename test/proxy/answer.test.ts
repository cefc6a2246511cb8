/** A streamed list has no cap, so how it is written matters to everyone else. */
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sendObjects } from '../../src/proxy/answer.ts';

const HEAD = { storeId: 'S', origin: undefined, view: { servedBy: 'local' } } as const;
const OBJECTS = objects(60_000);
/** Some 30 MB: more than the system itself keeps for a connection on loopback. */
const MANY_OBJECTS = 400_000;

function objects(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `document:a-rather-long-name-of-a-document-${n}`);
}

interface Sent {
  readonly res: ServerResponse;
  readonly reply: IncomingMessage;
  close(): Promise<void>;
}

/** Begins the stream; the reply is not read yet. */
async function begin(list: readonly string[] = OBJECTS): Promise<Sent> {
  let res: ServerResponse | undefined;
  const server = createServer((_, response) => {
    res = response;
    sendObjects(response, HEAD, list);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reply = await new Promise<IncomingMessage>((resolve) => get({ port, host: '127.0.0.1' }, resolve));
  if (!res) throw new Error('nobody asked');
  const close = async () => {
    reply.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { res, reply, close };
}

describe('a stream of sixty thousand objects', () => {
  it('arrives whole, in order, and leaves turns of the event loop to others', async () => {
    const { reply, close } = await begin();
    const texts: string[] = [];
    let ended = false;
    reply.setEncoding('utf8');
    reply.on('data', (text: string) => texts.push(text));
    reply.on('end', () => {
      ended = true;
    });
    let turns = 0;
    for (; !ended; turns++) await setImmediate();
    const lines = texts.join('').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line).result.object)).toEqual(OBJECTS);
    expect(turns).toBeGreaterThan(50);
    await close();
  });

  it('is not piled up in memory for a client that does not read', async () => {
    const { res, close } = await begin(objects(MANY_OBJECTS));
    for (let turn = 0; turn < 2_000; turn++) await setImmediate();
    expect(res.writableFinished).toBe(false);
    expect(res.writableLength).toBeLessThan(1_000_000);
    await close();
  });

  it('ends with the client', async () => {
    const { res, close } = await begin();
    await close();
    expect(res.writableEnded).toBe(false);
  });
});
