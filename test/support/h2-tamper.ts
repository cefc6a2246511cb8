/** Node's HTTP/2 client for what comes back, frames by hand for what is sent: its one request is replaced on the line. */
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { type GrpcReply, replyOf } from './grpc.ts';
import { PREFACE, TYPE } from './h2-frames.ts';

/** Sends these frames as stream 1 and resolves with what was answered on it; rejects after a minute. */
export async function tamperedCall(address: string, frames: readonly Buffer[]): Promise<GrpcReply> {
  const [host, port] = address.split(':');
  const line = tampered(Number(port), `${host}`, frames);
  const session = connectHttp2(`http://${address}`, { createConnection: () => line });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': '/replaced' });
  const reply = replyOf(stream);
  stream.end();
  return reply.finally(() => {
    session.destroy();
    line.destroy();
  });
}

function tampered(port: number, host: string, frames: readonly Buffer[]): Duplex {
  const socket = connect(port, host);
  let out = Buffer.alloc(0);
  let begun = false;
  let replaced = false;
  const line = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      out = Buffer.concat([out, chunk]);
      if (!begun && out.length >= PREFACE.length) {
        socket.write(PREFACE);
        out = out.subarray(PREFACE.length);
        begun = true;
      }
      while (begun && out.length >= 9) {
        const end = 9 + out.readUIntBE(0, 3);
        if (out.length < end) break;
        const one = out.subarray(0, end);
        out = out.subarray(end);
        if (one[3] !== TYPE.headers && one[3] !== TYPE.data) socket.write(one);
        else if (!replaced) {
          replaced = true;
          socket.write(Buffer.concat(frames));
        }
      }
      done();
    },
    final(done) {
      socket.end(done);
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (data) => line.push(data) || socket.pause());
  socket.on('end', () => line.push(null));
  socket.on('error', () => line.destroy());
  socket.on('close', () => line.destroy());
  return line;
}
