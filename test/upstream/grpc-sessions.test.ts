/** Connections that many calls share, and certificates that change meanwhile. */
import { expect, test } from 'vitest';
import { clientOptions } from '../../src/tls/settings.ts';
import { openGrpcForwarder } from '../../src/upstream/grpc.ts';
import { closingAfterEach } from '../proxy/after-each.ts';
import { politely, startGrpcStreet, startRudeGrpc } from '../proxy/rude-grpc.ts';
import { certificateAuthority, pem } from '../support/certificates.ts';
import { frame } from '../support/grpc.ts';

const closing = closingAfterEach();
const MESSAGE = frame(Buffer.from('hello'));

test('a session that always has calls is left for one with the new certificates, and its calls end', async () => {
  const ours = certificateAuthority('ours');
  const { cert, key } = ours.issue('wire');
  const ca = pem(ours.ca);
  const go = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const upstream = await startRudeGrpc(
    (...call) => {
      arrived.resolve();
      const held = call[1]['x-held'] === 'yes' ? go.promise : Promise.resolve();
      void held.then(() => politely(MESSAGE)(...call));
    },
    { cert: pem(cert), key: pem(key), ca },
  );
  closing(() => upstream.close());
  let sessions = 0;
  upstream.server.on('session', () => {
    sessions += 1;
  });
  let options = clientOptions({ ca });
  const tls = { options: () => options, shook: () => undefined };
  const forwarder = openGrpcForwarder({ host: '127.0.0.1', port: upstream.port, tls });
  closing(() => forwarder.close());
  const street = await startGrpcStreet({ port: 1, street: { upstream: forwarder } });
  closing(() => street.close());
  const call = (metadata = {}) => street.client.raw('/any.Service/Method', MESSAGE, metadata);

  const long = call({ 'x-held': 'yes' });
  await arrived.promise;
  expect((await call()).status).toBe(0);
  expect(sessions).toBe(1);
  options = clientOptions({ ca });
  for (let n = 0; n < 3; n += 1) expect((await call()).status).toBe(0);
  expect(sessions).toBe(2);
  go.resolve();
  expect(await long).toMatchObject({ status: 0, messages: [Buffer.from('hello')] });
});
