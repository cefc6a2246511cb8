import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { closingAfterEach } from './after-each.ts';
import { ledger, startCapturing } from './ledger.ts';
import { post, STORE, talk, WRITE } from './street-setup.ts';

const MODELS = WRITE.replace('write', 'authorization-models');
const closing = closingAfterEach();

async function capturing(...args: Parameters<typeof startCapturing>) {
  const street = await startCapturing(...args);
  closing(() => street.close());
  return street;
}

describe('a WriteAuthorizationModel', () => {
  const ask = (port: number) => talk(port, post(MODELS, '{}', 'Accept-Encoding: gzip', 'Connection: close'));
  const created = (body: string) => (socket: Socket) =>
    socket.write(`HTTP/1.1 201 Created\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

  test('hands over the id that upstream gave, read from an answer that nobody may compress', async () => {
    const book = ledger({}, 'E.2');
    const { port, upstream } = await capturing(created('{"authorization_model_id":"M1"}'), book);
    const answer = await ask(port);
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n.*Rsfga-Revision: E\.2/s);
    expect(answer).toContain('{"authorization_model_id":"M1"}');
    expect(book.told).toEqual([`begin model ${STORE}`, 'committed M1 undefined']);
    expect(upstream.heard[0]).not.toContain('gzip');
  });

  test.each(['', '{', '[]', '{"authorization_model_id":7}', '{"authorization_model_id":""}'])(
    'whose answer %j names no id is doubtful, and its client gets the answer as it is',
    async (body) => {
      const book = ledger();
      const { port } = await capturing(created(body), book);
      expect((await ask(port)).endsWith(`\r\n\r\n${body}`)).toBe(true);
      expect(book.told.slice(1)).toEqual(['doubtful']);
    },
  );
});
