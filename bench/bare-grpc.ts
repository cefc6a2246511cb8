/**
 * The yardstick: a bare `node:http2` server that takes a unary gRPC call and answers a constant. Prints nothing.
 * `bare-grpc.ts [port] [certificate] [key]`: with the two files over TLS.
 */
import { readFileSync } from 'node:fs';
import { createSecureServer, createServer, type ServerHttp2Stream } from 'node:http2';

const ANSWER = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const DONE = { 'grpc-status': '0' };
const [port = '0', cert, key] = process.argv.slice(2);

function answer(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined);
  stream.on('data', () => undefined);
  stream.on('end', () => {
    stream.once('wantTrailers', () => stream.sendTrailers(DONE));
    stream.respond(HEAD, { waitForTrailers: true });
    stream.end(ANSWER);
  });
}

const server =
  cert !== undefined && key !== undefined
    ? createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) })
    : createServer();
server
  // The load's processes end without a word.
  .on('sessionError', () => undefined)
  .on('stream', answer)
  .listen(Number(port), '127.0.0.1');
