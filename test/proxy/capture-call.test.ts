import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import { createRoom } from '../../src/proxy/body.ts';
import type { Capture } from '../../src/proxy/capture-call.ts';
import { closingAfterEach } from './after-each.ts';
import { ledger, startCapturing } from './ledger.ts';
import { polite, startRude } from './rude-upstream.ts';
import { A_WRITE, post, STORE, talk, WRITE } from './street-setup.ts';

const closing = closingAfterEach();

async function capturing(...args: Parameters<typeof startCapturing>) {
  const street = await startCapturing(...args);
  closing(() => street.close());
  return street;
}

const write = (port: number, ...headers: string[]) =>
  talk(port, post(WRITE, A_WRITE, ...headers, 'Connection: close'));

describe('a Write', () => {
  test('that was committed is handed over before its client hears of it, with the revision', async () => {
    const book = ledger({}, 'E.41');
    const { port, upstream } = await capturing(polite('{}', 'X-Request-Id: 1'), book);
    const answer = await write(port);
    expect(book.told).toEqual([`begin ${STORE} ${A_WRITE}`, 'committed {} undefined']);
    expect(upstream.heard[0]?.endsWith(`\r\n\r\n${A_WRITE}`)).toBe(true);
    expect(answer).toMatch(
      /^HTTP\/1\.1 200 OK\r\nX-Request-Id: 1\r\n.*Rsfga-Revision: E\.41\r\n.*\r\n\r\n\{\}$/s,
    );
  });

  test('is answered without a revision where there is none', async () => {
    const { port } = await capturing(polite('{}'), ledger());
    expect(await write(port)).not.toContain('Rsfga-Revision');
  });

  test('keeps the revision of an inner sidecar, which is told on', async () => {
    const book = ledger({}, 'OUTER.1');
    const { port } = await capturing(
      polite('{}', 'Rsfga-Revision: INNER.7', 'Rsfga-Served-By: upstream'),
      book,
    );
    const answer = await write(port);
    expect(answer.match(/^Rsfga-[^\r]*/gm)).toEqual(['Rsfga-Served-By: upstream', 'Rsfga-Revision: INNER.7']);
    expect(book.told[1]).toBe('committed {} INNER.7');
  });

  test('past as many as may be under way is refused before the upstream sees it, also where clients have left', async () => {
    const held: Socket[] = [];
    const shed: unknown[] = [];
    const book = ledger();
    const { port, upstream } = await capturing((socket) => held.push(socket), book, {
      writes: createRoom(1),
      events: { shed: (_method, reason) => shed.push(reason) },
    });
    const leaver = connect(port, '127.0.0.1');
    leaver.write(post(WRITE, A_WRITE));
    const forwarded = () => upstream.heard.join('').split('POST ').length - 1;
    await expect.poll(forwarded).toBe(1);
    leaver.destroy();
    const refused = await write(port);
    expect(refused).toMatch(/^HTTP\/1\.1 500 .*"resource_exhausted".*too many Writes/s);
    expect([forwarded(), shed]).toEqual([1, ['writes']]);
    // The Write of the client that left comes to its end, and its place is free.
    held[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    await expect.poll(() => book.told.at(-1)).toBe('committed {} undefined');
    const next = write(port);
    await expect.poll(forwarded).toBe(2);
    held.at(-1)?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
    expect(await next).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('waits for its turn before it is forwarded, and its client for the hand-over', async () => {
    const order: string[] = [];
    const book = ledger();
    const { port } = await capturing(
      (socket, heard) => {
        order.push('forwarded');
        polite('{}')(socket, heard);
      },
      {
        capture: {
          ...book.capture,
          async beginWrite() {
            await sleep(50);
            order.push('turn');
            return {
              async committed() {
                await sleep(50);
                order.push('handed over');
                return {};
              },
              refused() {},
              doubtful() {},
            };
          },
        },
      },
    );
    await write(port);
    order.push('answered');
    expect(order).toEqual(['turn', 'forwarded', 'handed over', 'answered']);
  });

  test.each([
    ['400 Bad Request', '{"code":"validation_error"}', 'refused 400'],
    ['401 Unauthorized', '', 'refused 401'],
    ['404 Not Found', '', 'refused 404'],
    ['409 Conflict', '{"code":"Aborted"}', 'doubtful'],
    ['408 Request Timeout', '', 'doubtful'],
    ['400 Bad Request', '{"code":"cancelled","message":"x"}', 'doubtful'],
    ['500 Internal Server Error', '{"code":"deadline_exceeded"}', 'doubtful'],
    ['502 Bad Gateway', '', 'doubtful'],
    ['302 Found', '', 'doubtful'],
  ])('answered %s %s is %s', async (status, body, outcome) => {
    const book = ledger({}, 'E.1');
    const { port } = await capturing(
      (socket) => socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      book,
    );
    const answer = await write(port);
    expect(answer).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true);
    expect(answer).not.toContain('Rsfga-Revision');
    expect(book.told.slice(1)).toEqual([outcome]);
  });

  test.each<[string, Parameters<typeof startRude>[0], string]>([
    ['resets', (socket) => socket.resetAndDestroy(), 'doubtful'],
    ['never answers', () => {}, 'doubtful'],
    [
      'dies in the middle of a 200',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'),
      'doubtful',
    ],
    [
      'dies in the middle of a 400',
      (socket) => socket.end('HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\n{'),
      'refused 400',
    ],
    ['talks nonsense', (socket) => socket.end('what?\r\n\r\n'), 'doubtful'],
  ])('to an upstream that %s is sent once and its outcome told', async (_, answer, outcome) => {
    const book = ledger();
    const { port, upstream } = await capturing(answer, book, { timeouts: { answerTimeoutMs: 200 } });
    const heard = await write(port);
    expect(heard).not.toContain('HTTP/1.1 200');
    expect(book.told.slice(1)).toEqual([outcome]);
    await sleep(50);
    expect(upstream.heard).toHaveLength(1);
  });

  test('that never left is refused, not doubtful', async () => {
    const book = ledger();
    const { port } = await capturing(polite(), book, { upstream: 'http://127.0.0.1:1' });
    expect(await write(port)).toContain('"code":"unavailable"');
    expect(book.told.slice(1)).toEqual(['refused 503']);
  });

  test('is refused before it is forwarded while the change log is away and that is asked for', async () => {
    const rejectWrites = () => new FgaError('unavailable', 'the change log cannot be reached');
    const book = ledger({ rejectWrites });
    const { port, upstream } = await capturing(polite('{}'), book);
    expect(await write(port)).toMatch(/^HTTP\/1\.1 503.*the change log cannot be reached/s);
    expect([book.told, upstream.heard]).toEqual([[], []]);
  });

  test('is seen through and handed over though its client leaves in the middle', async () => {
    const book = ledger();
    let release = () => {};
    const { port, upstream } = await capturing((socket, heard) => {
      release = () => polite('{}')(socket, heard);
    }, book);
    const client = connect(port, '127.0.0.1');
    client.write(post(WRITE, A_WRITE));
    await expect.poll(() => upstream.heard[0]).toContain(A_WRITE);
    client.destroy();
    await sleep(50);
    release();
    await expect.poll(() => book.told).toEqual([`begin ${STORE} ${A_WRITE}`, 'committed {} undefined']);
  });

  test('whose client left before its turn came is not forwarded', async () => {
    const told: string[] = [];
    const book = ledger();
    const { port, upstream } = await capturing(polite('{}'), {
      capture: {
        ...book.capture,
        async beginWrite() {
          await sleep(100);
          return {
            committed: async () => ({}),
            refused: (status) => told.push(`refused ${status}`),
            doubtful: () => told.push('doubtful'),
          };
        },
      },
    });
    const client = connect(port, '127.0.0.1');
    client.write(post(WRITE, A_WRITE));
    await sleep(30);
    client.destroy();
    await expect.poll(() => told).toEqual(['refused 499']);
    expect(upstream.heard).toEqual([]);
  });

  test('too large to be read is forwarded whole and captured without its body', async () => {
    const book = ledger();
    const { port, upstream } = await capturing(
      (socket, heard) => heard.endsWith(A_WRITE) && polite('{}')(socket, heard),
      book,
    );
    const large = ' '.repeat(700_000) + A_WRITE;
    expect(await talk(port, post(WRITE, large), '\r\n\r\n{}')).toContain('200 OK');
    expect(upstream.heard[0]?.endsWith(large)).toBe(true);
    expect(book.told).toEqual([`begin ${STORE} undefined`, 'committed {} undefined']);
  });

  test.each<[string, Partial<Capture>]>([
    ['begin', { beginWrite: () => Promise.reject(new Error('a defect')) }],
    [
      'hand over',
      {
        beginWrite: () => ({
          committed: () => Promise.reject(new Error('a defect')),
          refused() {},
          doubtful() {},
        }),
      },
    ],
  ])('is answered like any other where capture cannot %s it', async (_, overrides) => {
    let faults = 0;
    const book = ledger(overrides);
    const { port } = await capturing(polite('{}'), book, { events: { captureFault: () => faults++ } });
    expect(await write(port)).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(faults).toBe(1);
  });

  test('goes to the primary', async () => {
    const primary = await startRude(polite('{"primary":1}'));
    closing(() => primary.close());
    const { port, upstream } = await capturing(polite('{}'), ledger(), { primary: primary.url });
    expect(await write(port)).toContain('{"primary":1}');
    expect(upstream.heard).toEqual([]);
  });
});
