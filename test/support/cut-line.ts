/** A TCP line that can be cut, or made to crumble: to stand between a sidecar and its NATS server. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CutLine {
  readonly port: number;
  /** `silent`: connections stay open and nothing passes any more; `closed`: they are reset and new ones refused. */
  cut(how: 'silent' | 'closed'): void;
  /** What the server sends arrives in pieces of so many bytes, each a moment after the one before; 0 ends it. */
  crumble(bytes: number): void;
  /** New connections pass; what was cut stays cut, as after a real partition. */
  heal(): void;
  close(): Promise<void>;
}

/** Long enough for the receiver to act on each piece by itself. */
const CRUMB_PAUSE_MS = 1;

interface LineState {
  is: 'open' | 'silent' | 'closed';
  crumbBytes: number;
}

export async function startCutLine(targetPort: number): Promise<CutLine> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const state: LineState = { is: 'open', crumbBytes: 0 };
  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    if (state.is === 'closed') near.resetAndDestroy();
    // Nobody answers on a silent line; after healing the caller has to call again.
    else if (state.is === 'silent') near.pause();
    else {
      const far = connect(targetPort, '127.0.0.1');
      const pair = [near, far] as const;
      pairs.add(pair);
      join(pair, state, () => pairs.delete(pair));
    }
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const destroyAll = () => {
    for (const socket of [...pairs].flat()) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      state.is = how;
      for (const socket of [...pairs].flat())
        if (how === 'closed') socket.resetAndDestroy();
        else socket.pause();
    },
    crumble(bytes) {
      state.crumbBytes = bytes;
    },
    heal() {
      if (state.is === 'silent') destroyAll();
      state.is = 'open';
    },
    async close() {
      destroyAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join([near, far]: readonly [Socket, Socket], state: LineState, gone: () => void): void {
  const end = () => {
    near.destroy();
    far.destroy();
    gone();
  };
  for (const socket of [near, far]) {
    socket.setNoDelay(true);
    socket.on('error', end);
    socket.on('close', end);
  }
  near.on('data', (bytes) => pass(bytes, { from: near, to: far, state, crumbBytes: 0 }));
  far.on('data', (bytes) => pass(bytes, { from: far, to: near, state, crumbBytes: state.crumbBytes }));
}

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly state: LineState;
  readonly crumbBytes: number;
}

function pass(bytes: Buffer, { from, to, state, crumbBytes }: Direction): void {
  const goOn = () => {
    if (state.is === 'open') from.resume();
  };
  if (crumbBytes > 0) {
    from.pause();
    void crumbs(bytes, to, crumbBytes).then(goOn);
  } else if (!to.write(bytes)) {
    from.pause();
    to.once('drain', goOn);
  }
}

async function crumbs(bytes: Buffer, to: Socket, size: number): Promise<void> {
  for (let at = 0; at < bytes.length && !to.destroyed; at += size) {
    to.write(bytes.subarray(at, at + size));
    await sleep(CRUMB_PAUSE_MS);
  }
}
