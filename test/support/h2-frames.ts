/** HTTP/2 frames by hand over a socket, for what node's client would not send (RFC 9113, RFC 7541). */
import { connect, type Socket } from 'node:net';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;

/** `length`: a lie about the payload's. */
export function h2Frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Pairs of identifier and value. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = pairs.map(([id, value]) =>
    Buffer.concat([Buffer.from([id >> 8, id & 255]), uint32(value)]),
  );
  return h2Frame(TYPE.settings, 0, 0, Buffer.concat(payload));
}

/** HPACK: literal fields without indexing, without Huffman. */
export function fields(pairs: readonly (readonly [name: string, value: string])[]): Buffer {
  const one = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    return Buffer.concat([prefixed(bytes.length, 7), bytes]);
  };
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.from([0]), one(name), one(value)]));
}

/** An integer with this many bits of its first byte. */
export function prefixed(value: number, bits: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

export type Pairs = readonly (readonly [name: string, value: string])[];

export function grpcFields(path: string, more: Pairs = []): Pairs {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'test'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ];
}

export interface Came {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export interface RawH2 {
  readonly socket: Socket;
  /** Since the beginning. */
  readonly came: readonly Came[];
  send(...frames: readonly Buffer[]): Promise<void>;
  /** Resolves when the connection has ended, from whichever side. */
  readonly closed: Promise<void>;
  isClosed(): boolean;
  /** Resolves with the first frame that fits, or undefined when the connection ends, or after `withinMs`. */
  first(fits: (frame: Came) => boolean, withinMs?: number): Promise<Came | undefined>;
  destroy(): void;
}

export interface RawOptions {
  /** Sent with the preface. */
  readonly settings?: Buffer;
  /** Never reads from the socket. */
  readonly deaf?: boolean;
  /** Nothing is sent by itself. */
  readonly mute?: boolean;
}

/** Sends the preface and acknowledges settings and pings, as a client must. */
export async function rawH2(address: string, options: RawOptions = {}): Promise<RawH2> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  const came: Came[] = [];
  const wake = new Set<() => void>();
  let over = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void closed.then(() => {
    over = true;
    for (const look of wake) look();
  });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  if (options.deaf) socket.pause();
  else
    receive(socket, (frame) => {
      came.push(frame);
      if (!options.mute) answer(socket, frame);
      for (const look of wake) look();
    });
  if (!options.mute) socket.write(Buffer.concat([PREFACE, options.settings ?? settings()]));
  const first = (fits: (frame: Came) => boolean, withinMs = 10_000) =>
    new Promise<Came | undefined>((resolve) => {
      const done = (frame: Came | undefined) => {
        clearTimeout(late);
        wake.delete(look);
        resolve(frame);
      };
      const late = setTimeout(() => done(undefined), withinMs);
      const look = () => {
        const frame = came.find(fits);
        if (frame !== undefined || over) done(frame);
      };
      wake.add(look);
      look();
    });
  return {
    socket,
    came,
    closed,
    first,
    isClosed: () => over,
    // A peer that has had enough resets the connection in the middle of a flood.
    send: (...frames) =>
      new Promise((resolve) => {
        if (over || socket.destroyed) return resolve();
        socket.write(Buffer.concat(frames), () => resolve());
      }),
    destroy: () => socket.destroy(),
  };
}

function answer(socket: Socket, { type, flags, payload }: Came): void {
  if (socket.destroyed || (flags & ACK) !== 0) return;
  if (type === TYPE.settings) socket.write(h2Frame(TYPE.settings, ACK, 0));
  if (type === TYPE.ping) socket.write(h2Frame(TYPE.ping, ACK, 0, payload));
}

/** Tells of each whole frame; `skip` bytes of a preface come before them. */
export function receive(socket: Socket, took: (frame: Came) => unknown, skip = 0): void {
  let rest = Buffer.alloc(0);
  let left = skip;
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    if (rest.length < left) return;
    rest = rest.subarray(left);
    left = 0;
    while (rest.length >= 9) {
      const end = 9 + rest.readUIntBE(0, 3);
      if (rest.length < end) return;
      took({
        type: rest[3] ?? 0,
        flags: rest[4] ?? 0,
        stream: rest.readUInt32BE(5),
        payload: rest.subarray(9, end),
      });
      rest = rest.subarray(end);
    }
  });
}
