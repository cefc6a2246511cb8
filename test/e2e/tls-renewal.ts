/** Certificates that change while everything runs, and an upstream whose certificate is not accepted. Part of `tls.real.test.ts`. */
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { CheckRequestSchema } from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { call } from '../support/api.ts';
import { pem, replaceFile } from '../support/certificates.ts';
import { eventually } from '../support/fleet.ts';
import { grpcClient } from '../support/grpc.ts';
import { startInProcess } from '../support/in-process.ts';
import { ANNE, isLocal, LISTEN, type TlsChain } from './tls-chain.ts';

export function describeRenewal(chain: () => TlsChain): void {
  describe('new certificates', () => {
    test('are taken up under load without one failed request, and new handshakes see them', async () => {
      const { ours, edge, served, storeId, metric, agent, shake } = chain();
      const before = (await shake(edge.urls.http)).getPeerCertificate().serialNumber;
      const held = agent({ ca: pem(ours.ca) });
      const check = (dispatcher: Agent) =>
        call(edge.urls.http, `/stores/${storeId}/check`, { dispatcher, body: { tuple_key: ANNE } });
      let [going, asked] = [true, 0];
      const load = Array.from({ length: 4 }, async (_, i) => {
        while (going) {
          // Half of them with a handshake for each request.
          const fresh =
            i % 2 === 0 ? undefined : new Agent({ connect: { ca: pem(ours.ca) }, allowH2: false });
          const reply = await check(fresh ?? held);
          expect(reply.status).toBe(200);
          await fresh?.close();
          asked += 1;
        }
      });
      const next = ours.issue('edge-renewed');
      replaceFile(served.key, next.key);
      replaceFile(served.cert, next.cert);
      const serial = () => shake(edge.urls.http).then((socket) => socket.getPeerCertificate().serialNumber);
      await eventually(serial, (seen) => seen !== before, 20_000);
      const until = asked + 20;
      await eventually(
        async () => asked,
        (now) => now > until,
        20_000,
      );
      going = false;
      await Promise.all(load);
      // Each listener looks at the files by itself.
      const taken = () => metric('rsfga_tls_reloads_total{outcome="taken"}');
      await eventually(taken, (count) => count >= 2, 20_000);
      expect(await metric('rsfga_tls_certificate_expiry_seconds{place="tls.http"}')).toBeGreaterThan(100_000);
    });

    test('that do not fit are not taken: the old ones serve, health says why, and a sound pair ends it', async () => {
      const { ours, edge, served, checkAnne, conditions, shake } = chain();
      const serial = () => shake(edge.urls.http).then((socket) => socket.getPeerCertificate().serialNumber);
      const before = await serial();
      const next = ours.issue('edge-again');
      replaceFile(served.cert, next.cert);
      edge.reload();
      // Each listener looks at the files by itself; the condition names all that were refused.
      const why = 'tls.http.key: the key does not belong to the certificate';
      const named = (list: Awaited<ReturnType<typeof conditions>>) =>
        list.some(({ name, reason }) => name === 'certificates' && reason?.includes(why));
      await eventually(conditions, named, 20_000);
      expect(await serial()).toBe(before);
      expect(isLocal(await checkAnne())).toBe(true);
      replaceFile(served.key, next.key);
      await eventually(conditions, (list) => list.every(({ name }) => name !== 'certificates'), 20_000);
      expect(await serial()).not.toBe(before);
    });
  });

  describe('an upstream whose certificate is not accepted', () => {
    test('gets nothing more; local answers stay what they are, and the right authority ends it', async () => {
      const { ours, strange, edge, line, edgeCa, storeId, ask, checkAnne, conditions } = chain();
      const read = () => ask(`/stores/${storeId}/read`, { tuple_key: ANNE });
      const refused = async () => (await conditions()).filter(({ name }) => name === 'upstream-tls');
      replaceFile(edgeCa, strange.ca);
      await eventually(
        async () => edge.log(),
        (log) => log.includes('"place":"upstream.tls"'),
        20_000,
      );
      line.cut('closed');
      line.heal();
      const away = await eventually(read, ({ status }) => status === 503, 20_000);
      expect(away.body).toMatchObject({ code: 'unavailable' });
      expect(isLocal(await checkAnne())).toBe(true);
      await eventually(refused, (list) => list.length === 1, 20_000);
      replaceFile(edgeCa, ours.ca);
      await eventually(read, ({ status }) => status === 200, 20_000);
      await eventually(refused, (list) => list.length === 0, 20_000);
    });

    test.each([
      [
        'of an authority that is not known',
        ({ strange }: TlsChain) => ({ ca: strange.ca }),
        /UNABLE_TO|SELF_SIGNED|CERT_/,
      ],
      [
        'for another name',
        ({ ours }: TlsChain) => ({ ca: ours.ca, server_name: 'other.example.com' }),
        /ALTNAME_INVALID/,
      ],
    ])('%s gets nothing: 503 over HTTP, 14 over gRPC, and health names it', async (_what, tls, code) => {
      const { openfga, storeId } = chain();
      const upstream = { http: openfga.http, grpc: openfga.grpc, tls: tls(chain()) };
      const lone = await startInProcess('lone', { role: 'edge', listen: LISTEN, upstream });
      const client = grpcClient(lone.urls.grpc ?? '');
      try {
        expect(await call(lone.urls.http, '/stores')).toMatchObject({
          status: 503,
          body: { code: 'unavailable', message: expect.stringContaining('upstream') },
        });
        const reply = await client.call('Check', CheckRequestSchema, { storeId, tupleKey: ANNE });
        expect(reply.status).toBe(14);
        const { body } = await call(lone.urls.admin, '/healthz');
        expect(body).toMatchObject({ status: 'degraded' });
        expect(JSON.stringify(body)).toMatch(/TLS towards the upstream fails/);
        expect(JSON.stringify(body)).toMatch(code);
      } finally {
        client.close();
        await lone.drain();
      }
    });
  });
}
