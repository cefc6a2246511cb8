/**
 * The yardstick: a bare `node:http` server that parses the same body and answers a constant. Prints its port.
 * `bare-server.ts [port] [certificate] [key]`: with the two files it is `node:https`.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const ANSWER = Buffer.from('{"allowed":true,"resolution":""}');
const HEADERS = { 'content-type': 'application/json', 'content-length': ANSWER.length };
const [port = '0', cert, key] = process.argv.slice(2);

function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { tuple_key?: unknown };
    response.writeHead(body.tuple_key ? 200 : 400, HEADERS).end(ANSWER);
  });
}

const server =
  cert !== undefined && key !== undefined
    ? createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer)
    : createServer(answer);
server.listen(Number(port), '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
