/**
 * The corpus before an upstream that writes down every byte: what reaches it can be read in one way only, and nothing of one
 * client's stands in another's request, though both come over the same few connections.
 */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RudeUpstream, startRude } from '../proxy/rude-upstream.ts';
import { A_CHECK, STORE, startStreet, type TestStreet, WRITE } from '../proxy/street-setup.ts';
import { type Attack, CORPUS } from './corpus.ts';
import { filled } from './fill.ts';
import { type Request, readRequests, send } from './raw.ts';

const ATTACKER = 'X-Who: attacker\r\n';
const SECRET = JSON.stringify({ writes: { tuple_keys: [{ user: 'user:victim' }] } });
const sections = Object.keys(CORPUS) as (keyof typeof CORPUS)[];

let upstream: RudeUpstream;
let street: TestStreet;
/** Every request that arrived whole. */
const arrived: Request[] = [];
/** What could have been read in two ways. */
const ambiguous: unknown[] = [];
let victims = 0;

beforeAll(async () => {
  const rests = new WeakMap<Socket, string>();
  upstream = await startRude((socket, _heard, chunk) => {
    try {
      const { requests, rest } = readRequests((rests.get(socket) ?? '') + chunk.toString('latin1'));
      rests.set(socket, rest);
      arrived.push(...requests);
      for (const { headers } of requests) {
        const whose = headers.includes('X-Who: victim') ? 'victim' : 'other';
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${whose.length}\r\n\r\n${whose}`);
      }
    } catch (error) {
      ambiguous.push(error);
      socket.destroy();
    }
  });
  street = await startStreet({ upstream: upstream.url });
});
afterAll(async () => {
  await street.close();
  await upstream.close();
});

async function victimAsks(): Promise<void> {
  const request = `POST ${WRITE} HTTP/1.1\r\nHost: v\r\nX-Who: victim\r\nConnection: close\r\nContent-Length: ${SECRET.length}\r\n\r\n${SECRET}`;
  const { answers } = await send(street.port, request);
  expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'victim']]);
}

async function attack(one: Attack): Promise<string[]> {
  const bytes = filled(one, { storeId: STORE, good: A_CHECK, line: ATTACKER });
  const { answers } = await send(street.port, bytes, one.cut ? { hangUp: true } : {});
  return answers.filter(({ body }) => body === 'victim').map(() => one.name);
}

it.each(sections)('odd %s do not touch what other clients send', async (section) => {
  for (const one of CORPUS[section]) {
    expect(await attack(one)).toEqual([]);
    await victimAsks();
    victims += 1;
  }
  expect(ambiguous).toEqual([]);
  const ofVictims = arrived.filter(({ headers }) => headers.includes('X-Who: victim'));
  expect(ofVictims).toHaveLength(victims);
  for (const { line, headers, body } of ofVictims) {
    expect([line, body]).toEqual([`POST ${WRITE} HTTP/1.1`, SECRET]);
    expect(headers.map((header) => header.toLowerCase().replace(/^(host):.*/, '$1')).sort()).toEqual([
      'connection: keep-alive',
      `content-length: ${SECRET.length}`,
      'host',
      'x-who: victim',
    ]);
  }
  const texts = arrived.map(({ line, headers, body }) => [line, ...headers, body].join('\n'));
  expect(texts.filter((text) => text.includes('victim') && /attacker|smuggled|canary/.test(text))).toEqual(
    [],
  );
});
