/** What passes through frame by frame, and what is left when a client goes. */
import { describe, expect, test } from 'vitest';
import type { ForwardFailure } from '../../src/upstream/forward-failure.ts';
import { openGrpcForwarder } from '../../src/upstream/grpc.ts';
import { frame } from '../support/grpc.ts';
import {
  END_HEADERS,
  END_STREAM,
  fields,
  grpcFields,
  h2Frame,
  rawH2,
  settings,
  TYPE,
  uint32,
} from '../support/h2-frames.ts';
import { tamperedCall } from '../support/h2-tamper.ts';
import { politely, startGrpcStreet, startRudeGrpc } from './rude-grpc.ts';
import { afterEachStarted } from './started.ts';

const MESSAGE = frame(Buffer.from('hello'));
const started = afterEachStarted();

describe('a call that is passed on', () => {
  test('keeps a name twice where HTTP knows one value, both ways', async () => {
    let seen: readonly string[] = [];
    const upstream = await started(
      startRudeGrpc((stream, _headers, raw) => {
        seen = raw.filter((_, i) => raw[i - 1] === 'authorization');
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'x-b': ['1', '2'], 'grpc-status': '0' },
          { endStream: true },
        );
      }),
    );
    const { address } = await started(startGrpcStreet({ port: upstream.port }));
    const head = grpcFields('/any.Service/Method', [
      ['authorization', 'Bearer a'],
      ['authorization', 'Bearer b'],
    ]);
    const reply = await tamperedCall(address, [
      h2Frame(TYPE.headers, END_HEADERS | END_STREAM, 1, fields(head)),
    ]);
    expect(reply.status).toBe(0);
    expect(seen).toEqual(['Bearer a', 'Bearer b']);
  });

  test('with a deadline longer than any timer is waited for', async () => {
    const upstream = await started(
      startRudeGrpc((...call) => void setTimeout(() => politely(MESSAGE)(...call), 200)),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const reply = await client.raw('/any.Service/Method', MESSAGE, { 'grpc-timeout': '99999999H' });
    expect(reply).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
  });

  test('keeps metadata whose name every object of JavaScript knows, both ways', async () => {
    let seen: readonly string[] = [];
    const upstream = await started(
      startRudeGrpc((stream, _headers, raw) => {
        seen = raw.filter((_, i) => raw[i - 1] === 'constructor' || raw[i - 1] === '__proto__');
        const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' };
        stream.respond({ ...head, constructor: 'c' }, { endStream: true });
      }),
    );
    const { client } = await started(startGrpcStreet({ port: upstream.port }));
    const odd = { constructor: 'a', ['__proto__']: 'b' };
    const reply = await client.raw('/any.Service/Method', MESSAGE, odd);
    expect(seen).toEqual(['a', 'b']);
    expect(reply.metadata.constructor).toBe('c');
  });

  test.each(['resets it', 'hangs up'])(
    'a client that takes nothing of an answer and then %s leaves nothing behind',
    async (how) => {
      const upstream = await started(startRudeGrpc(politely(frame(Buffer.alloc(600_000)))));
      const street = await startGrpcStreet({ port: upstream.port });
      const raw = await rawH2(street.address, { settings: settings([4, 0]) });
      const head = fields(grpcFields('/any.Service/Method'));
      await raw.send(h2Frame(TYPE.headers, END_HEADERS, 1, head), h2Frame(TYPE.data, END_STREAM, 1, MESSAGE));
      await raw.first(({ type }) => type === TYPE.headers);
      if (how === 'hangs up') raw.destroy();
      else await raw.send(h2Frame(TYPE.reset, 0, 1, uint32(8)));
      // The forwarder ends only once none of its calls is open.
      await street.close();
      raw.destroy();
    },
  );

  test('whose metadata cannot be said again is its client’s own doing: the upstream is not thought to be away', async () => {
    const failed = Promise.withResolvers<ForwardFailure>();
    const forwarder = openGrpcForwarder({ host: '127.0.0.1', port: 1 });
    const { client } = await started(
      startGrpcStreet({
        port: 1,
        street: {
          upstream: {
            ...forwarder,
            relay: (call) =>
              forwarder.relay({
                ...call,
                headers: [...call.headers, 'connection', 'close'],
                failed: (failure) => {
                  failed.resolve(failure);
                  call.failed(failure);
                },
              }),
          },
        },
      }),
    );
    const reply = await client.raw('/any.Service/Method', MESSAGE);
    expect(await failed.promise).toMatchObject({ fault: 'request', sent: false });
    expect(reply).toMatchObject({ status: 13, message: 'the metadata of this call cannot be sent on' });
    await forwarder.close();
  });
});
