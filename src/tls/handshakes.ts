/** Connections that have not finished their handshake: no server knows of them yet, so somebody has to end them. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Handshakes {
  /** Ends those under way. */
  end(): void;
}

/** The part of a TLS server that is looked at: node's for HTTPS and for HTTP/2 alike. */
export interface TlsEvents {
  on(event: 'connection', told: (socket: Socket) => void): unknown;
  on(event: 'secureConnection', told: (socket: TLSSocket) => void): unknown;
  on(event: 'tlsClientError', told: (error: Error, socket: TLSSocket) => void): unknown;
}

/** `refused` is told of each that failed: no certificate, one of another authority, no TLS at all. */
export function watchHandshakes(server: TlsEvents, refused: (error: Error) => void = () => {}): Handshakes {
  // The socket below and the one above share nothing but the client's address.
  const open = new Map<string, Socket>();
  server.on('connection', (socket) => {
    const client = addressOf(socket);
    open.set(client, socket);
    socket.once('close', () => open.get(client) === socket && open.delete(client));
  });
  server.on('secureConnection', (socket) => open.delete(addressOf(socket)));
  server.on('tlsClientError', (error, socket) => {
    open.delete(addressOf(socket));
    socket.destroy();
    const why = reasonOf(error, socket);
    if (why !== undefined) refused(why);
  });
  return {
    end() {
      for (const socket of open.values()) socket.destroy();
    },
  };
}

/** Node ends a client with a wrong certificate by itself, and calls that a hang-up. One who only left was not refused. */
function reasonOf(error: NodeJS.ErrnoException, socket: TLSSocket): Error | undefined {
  const unverified = String(socket.authorizationError ?? '');
  if (unverified !== '')
    return Object.assign(new Error('the certificate is not accepted'), { code: unverified });
  return error.code === 'ECONNRESET' ? undefined : error;
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`;
}
