/** A request that asks for another protocol, as bytes that do not. */
import type { IncomingMessage } from 'node:http';

/**
 * Nothing is upgraded here, nor upstream: the request is answered as it is (Java's client asks for h2c with each first
 * request). Node cannot do that without losing what follows, so the request goes through its parser once more, without
 * the header. `head`: what came behind the request's head.
 */
export function withoutUpgrade(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  head: Buffer,
): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]);
}
