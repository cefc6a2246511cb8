/** An upstream made of bare sockets: it says exactly what a test wants, in bytes, and keeps what it was told. */
import { createServer, type Socket } from 'node:net';

export interface RudeUpstream {
  readonly url: string;
  readonly port: number;
  /** Everything received, one text per connection, in the order they were opened. */
  readonly heard: string[];
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

/** `answer` is called for each chunk that arrives, with all that came so far on that connection. */
export async function startRude(
  answer: (socket: Socket, heard: string, chunk: Buffer) => void,
): Promise<RudeUpstream> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const at = heard.push('') - 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard[at] += chunk.toString('latin1');
      answer(socket, heard[at] ?? '', chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    heard,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Answers every request of a connection; `requests` counts heads, so bodies may hold no blank line. */
export function polite(body = 'ok', ...headers: string[]): (socket: Socket, heard: string) => void {
  const answered = new WeakMap<Socket, number>();
  return (socket, heard) => {
    const requests = heard.match(/ HTTP\/1\.1\r\n/g)?.length ?? 0;
    for (let n = answered.get(socket) ?? 0; n < requests; n++) {
      socket.write(
        `HTTP/1.1 200 OK\r\n${[...headers, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`,
      );
    }
    answered.set(socket, requests);
  };
}
