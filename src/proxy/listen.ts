/** What both listeners of the request street share: taking an address, and saying clearly why that failed. */
import type { AddressInfo, Server } from 'node:net';

/** Port 0: any free port. `host` without brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export type ListenerName = 'http' | 'grpc' | 'admin';

export class ListenError extends Error {
  readonly listener: ListenerName;
  readonly address: string;
  /** `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, … */
  readonly code: string;

  constructor(listener: ListenerName, address: ListenAddress, cause: NodeJS.ErrnoException) {
    const text = addressText(address);
    super(`the ${listener} listener cannot take ${text}: ${REASONS[cause.code ?? ''] ?? cause.message}`, {
      cause,
    });
    this.name = 'ListenError';
    this.listener = listener;
    this.address = text;
    this.code = cause.code ?? '';
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process is using that port',
  EACCES: 'this user may not open that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
};

/** Resolves with the address that was taken; rejects with a ListenError. */
export function listenOn(
  server: Server,
  listener: ListenerName,
  address: ListenAddress,
): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(new ListenError(listener, address, error));
    server.once('error', refused);
    server.listen({ host: address.host, port: address.port }, () => {
      // A connection that could not be taken (no files left, no memory): the client hears of it, and the next one is tried.
      server.off('error', refused).on('error', () => undefined);
      resolve({ host: address.host, port: (server.address() as AddressInfo).port });
    });
  });
}

export function addressText({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
