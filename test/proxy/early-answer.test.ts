/** A request that is answered before its body has ended: nobody reads the rest, so nothing may follow it on its connection. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/plugin/clock.ts';
import { createOwnWrites } from '../../src/proxy/own-writes.ts';
import { closingAfterEach } from './after-each.ts';
import { startRude } from './rude-upstream.ts';
import { CHECK, STORE, startStreet, talk, WRITE } from './street-setup.ts';

const closing = closingAfterEach();
const HALF = 'x'.repeat(700_000);
const TOO_LARGE = 'HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n';

async function ask(line: string, answer: (socket: Socket) => void) {
  const answered = new WeakSet<Socket>();
  const upstream = await startRude((socket) => {
    if (!answered.has(socket)) answer(socket);
    answered.add(socket);
  });
  const { capture } = createOwnWrites(undefined, systemClock);
  const street = await startStreet({ upstream: upstream.url, capture });
  closing(async () => {
    await street.close();
    await upstream.close();
  });
  const beganMs = performance.now();
  const said = await talk(
    street.port,
    `${line} HTTP/1.1\r\nHost: s\r\nContent-Length: 1400000\r\n\r\n${HALF}`,
  );
  // Not kept open for a client that goes on sending.
  expect(performance.now() - beganMs).toBeLessThan(1_900);
  return said;
}

const refused = (socket: Socket) => void socket.write(TOO_LARGE);
const gone = (socket: Socket) => void socket.destroy();
const PUT = `PUT /stores/${STORE}/assertions/${STORE}`;

test.each([
  ['a Write that is refused', `POST ${WRITE}`, refused, 413],
  ['a Check that is refused', `POST ${CHECK}`, refused, 413],
  ['what is only passed on, refused', PUT, refused, 413],
  ['a Write whose upstream goes away', `POST ${WRITE}`, gone, 503],
  ['a Check whose upstream goes away', `POST ${CHECK}`, gone, 503],
  ['what is only passed on, when its upstream goes away', PUT, gone, 503],
] as const)('%s ends its connection', async (_what, line, answer, status) => {
  const said = await ask(line, answer);
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(said).toMatch(/Connection: close/i);
});
