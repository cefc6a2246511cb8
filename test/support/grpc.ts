/** A hand-made gRPC client on node:http2, so that nothing stands between the test and the frames. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { ConnectionOptions } from 'node:tls';
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

export type Metadata = Readonly<Record<string, string | readonly string[]>>;

export interface GrpcReply {
  /** `-1` when the call ended without one. */
  readonly status: number;
  /** Decoded. */
  readonly message: string;
  readonly messages: readonly Uint8Array[];
  /** `grpc-status` came with the head, so there was no initial metadata. */
  readonly trailersOnly: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
  /** HTTP/2 error code; 0 when it ended in order. */
  readonly rst: number;
}

export interface GrpcClient {
  readonly session: ClientHttp2Session;
  /** One call with these bytes as its request, frames and all. Resolves however it ends; rejects after 60 s. */
  raw(path: string, frames: Uint8Array, metadata?: Metadata): Promise<GrpcReply>;
  /** One message of this shape to a method of `openfga.v1.OpenFGAService`. */
  call<Desc extends DescMessage>(
    method: string,
    schema: Desc,
    init: MessageInitShape<Desc>,
    metadata?: Metadata,
  ): Promise<GrpcReply>;
  /** A stream that the test drives. */
  open(path: string, metadata?: Metadata): ClientHttp2Stream;
  close(): void;
}

export const SERVICE = '/openfga.v1.OpenFGAService/';
const PATIENCE_MS = 60_000;

/** `address`: `127.0.0.1:port`. With `tls`, over TLS. */
export function grpcClient(address: string, tls?: ConnectionOptions): GrpcClient {
  const session = connect(`${tls ? 'https' : 'http'}://${address}`, tls);
  session.on('error', () => undefined);
  const open: GrpcClient['open'] = (path, metadata = {}) =>
    session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...copied(metadata),
    });
  const raw: GrpcClient['raw'] = (path, frames, metadata) => {
    const stream = open(path, metadata);
    const reply = replyOf(stream);
    stream.end(frames);
    return reply;
  };
  return {
    session,
    open,
    raw,
    call: (method, schema, init, metadata) =>
      raw(`${SERVICE}${method}`, frame(toBinary(schema, create(schema, init))), metadata),
    close: () => session.destroy(),
  };
}

export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Resolves when the stream has closed. */
export function replyOf(stream: ClientHttp2Stream): Promise<GrpcReply> {
  const chunks: Buffer[] = [];
  let metadata: Record<string, string> = {};
  let trailers: Record<string, string> = {};
  stream.on('response', (headers) => {
    metadata = plain(headers);
  });
  stream.on('trailers', (headers) => {
    trailers = plain(headers);
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no end of the call')), PATIENCE_MS);
    stream.once('close', () => {
      clearTimeout(late);
      const end = 'grpc-status' in metadata ? metadata : trailers;
      resolve({
        status: Number(end['grpc-status'] ?? -1),
        message: decodeURIComponent(end['grpc-message'] ?? ''),
        messages: unframed(Buffer.concat(chunks)),
        trailersOnly: 'grpc-status' in metadata,
        metadata,
        trailers,
        rst: stream.rstCode ?? 0,
      });
    });
  });
}

/** The only message of a reply; throws when there is another number of them. */
export function only<Desc extends DescMessage>(schema: Desc, reply: GrpcReply) {
  const [message] = reply.messages;
  if (message === undefined || reply.messages.length > 1)
    throw new Error(`${reply.messages.length} messages, status ${reply.status} ${reply.message}`);
  return fromBinary(schema, message);
}

function unframed(bytes: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

function plain(headers: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
}

function copied(metadata: Metadata): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
