/** TLS on every line: who gets in, what passes, and how the commands reach an admin listener with it. */
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsistencyPreference } from '../../proto/gen/openfga/v1/openfga_pb.ts';
import {
  CheckRequestSchema,
  CheckResponseSchema,
  StreamedListObjectsRequestSchema,
} from '../../proto/gen/openfga/v1/openfga_service_pb.ts';
import { main } from '../../src/cli/main.ts';
import { call } from '../support/api.ts';
import { pem } from '../support/certificates.ts';
import { eventually } from '../support/fleet.ts';
import { type GrpcClient, grpcClient, only } from '../support/grpc.ts';
import { serversAvailable } from '../support/servers.ts';
import { ANNE, ended, isLocal, portOf, startTlsChain, type TlsChain, TOKEN } from './tls-chain.ts';
import { describeRenewal } from './tls-renewal.ts';

const STRONG = ConsistencyPreference.HIGHER_CONSISTENCY;

describe.skipIf(!serversAvailable())('TLS', () => {
  let tls: TlsChain;
  let storeId: string;
  beforeAll(async () => {
    tls = await startTlsChain();
    storeId = tls.storeId;
  });
  afterAll(() => tls?.stop());

  /** How a server ends it with a client that it does not let in: TLS 1.3 tells only after the handshake. */
  async function turnedAway(url: string, options: ConnectionOptions): Promise<string> {
    const socket = await tls.shake(url, options);
    socket.resume().write('GET /stores HTTP/1.1\r\nHost: x\r\n\r\n');
    const { bytes, error } = await ended(socket);
    return bytes === 0 ? `nothing; ${error}` : 'answered';
  }

  describe('the HTTP listener', () => {
    test('is reached by HTTP/1.1 over TLS 1.2 and 1.3, and by nothing older or weaker', async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const ALPNProtocols = ['h2', 'http/1.1'];
        const socket = await tls.shake(tls.edge.urls.http, {
          maxVersion: version,
          minVersion: version,
          ALPNProtocols,
        });
        expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([version, 'http/1.1']);
        socket.destroy();
      }
      const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await expect(tls.shake(tls.edge.urls.http, old)).rejects.toThrow(/protocol version/);
      const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } as const;
      await expect(tls.shake(tls.edge.urls.http, weak)).rejects.toThrow(/handshake failure/);
    });

    test('does not renegotiate', async () => {
      const socket = await tls.shake(tls.edge.urls.http, { maxVersion: 'TLSv1.2' });
      const refused = new Promise<string>((resolve) => {
        socket.on('error', (error) => resolve(error.message));
        socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : error.message));
      });
      expect(await refused).toMatch(/no renegotiation/);
    });

    test('answers locally what it answers locally, and forwards the rest over TLS', async () => {
      expect(isLocal(await tls.checkAnne())).toBe(true);
      const read = await tls.ask(`/stores/${storeId}/read`, { tuple_key: ANNE });
      expect(read).toMatchObject({ status: 200, headers: { 'rsfga-served-by': 'upstream' } });
      const list = {
        type: 'document',
        relation: 'viewer',
        user: 'user:anne',
        consistency: 'HIGHER_CONSISTENCY',
      };
      const streamed = await tls.ask(`/stores/${storeId}/streamed-list-objects`, list);
      expect(streamed).toMatchObject({ status: 200, headers: { 'rsfga-served-by': 'upstream' } });
      expect(JSON.stringify(streamed.body)).toContain('document:1');
    });

    test('closes on a client that speaks clear text, counts it, and goes on', async () => {
      const before = await tls.metric('rsfga_tls_refused_total{listener="http"}');
      const socket = connectTcp(portOf(tls.edge.urls.http), '127.0.0.1');
      socket.write('GET /stores HTTP/1.1\r\nHost: x\r\n\r\n');
      expect(await ended(socket)).toEqual({ bytes: 0, error: undefined });
      const refused = () => tls.metric('rsfga_tls_refused_total{listener="http"}');
      await eventually(refused, (count) => count === before + 1);
      expect(isLocal(await tls.checkAnne())).toBe(true);
    });
  });

  describe('mutual TLS', () => {
    const listeners = () => [tls.regional.urls.http, `tls://${tls.edge.urls.grpc}`, tls.edge.urls.admin];

    test('lets in who has a certificate of the authority', async () => {
      const dispatcher = tls.agent(tls.withPair(tls.mine));
      expect(await call(tls.regional.urls.http, '/stores', { dispatcher })).toMatchObject({ status: 200 });
      expect(await call(tls.edge.urls.admin, '/healthz', { dispatcher })).toMatchObject({ status: 200 });
    });

    test('lets nobody in without one, or with one of another authority; the log says who was turned away', async () => {
      const stranger = { ...tls.withPair(tls.strange.issue('stranger')), ca: pem(tls.ours.ca) };
      for (const url of listeners()) {
        expect(await turnedAway(url, { ca: pem(tls.ours.ca) })).toContain('nothing');
        expect(await turnedAway(url, stranger)).toContain('nothing');
      }
      const refused = () => tls.metric('rsfga_tls_refused_total{listener="grpc"}');
      await eventually(refused, (count) => count === 2);
      expect(tls.edge.log()).toContain('"msg":"a TLS handshake failed"');
      const client = grpcClient(tls.edge.urls.grpc ?? '', stranger);
      const reply = await client.call('Check', CheckRequestSchema, { storeId, tupleKey: ANNE });
      expect(reply.status).toBe(-1);
      client.close();
    });

    test('a session is never resumed: each connection shows its certificate', async () => {
      const sessions: Buffer[] = [];
      const first = await tls.shake(tls.regional.urls.http, tls.withPair(tls.mine));
      first.on('session', (session) => sessions.push(session));
      first.write('GET /stores HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await ended(first);
      const session = sessions.at(-1);
      const again = await tls.shake(tls.regional.urls.http, {
        ca: pem(tls.ours.ca),
        ...(session && { session }),
      });
      expect(again.isSessionReused()).toBe(false);
      again.destroy();
    });
  });

  describe('gRPC over TLS on both sides', () => {
    let client: GrpcClient;
    beforeAll(() => {
      client = grpcClient(tls.edge.urls.grpc ?? '', tls.withPair(tls.mine));
    });
    afterAll(() => client.close());

    test('answers locally, and hands through metadata, trailers, errors and streams', async () => {
      const local = await client.call('Check', CheckRequestSchema, { storeId, tupleKey: ANNE });
      expect(only(CheckResponseSchema, local).allowed).toBe(true);
      expect(local.metadata['rsfga-served-by']).toBe('local');
      const strong = { storeId, tupleKey: ANNE, consistency: STRONG };
      const forwarded = await client.call('Check', CheckRequestSchema, strong, { 'x-request-id': 'mine' });
      expect(forwarded).toMatchObject({ status: 0, trailersOnly: false });
      expect(forwarded.metadata).toMatchObject({
        'rsfga-served-by': 'upstream',
        'openfga-store-id': storeId,
      });
      const bad = await client.call('Check', CheckRequestSchema, {
        ...strong,
        tupleKey: { ...ANNE, relation: 'no' },
      });
      expect(bad.status).toBe(2000);
      const list = { storeId, type: 'document', relation: 'viewer', user: 'user:anne', consistency: STRONG };
      const streamed = await client.call('StreamedListObjects', StreamedListObjectsRequestSchema, list);
      expect(streamed).toMatchObject({ status: 0, metadata: { 'rsfga-served-by': 'upstream' } });
      expect(streamed.messages).toHaveLength(1);
    });

    test('a call that its client gives up ends, and the session goes on', async () => {
      const stream = client.open('/openfga.v1.OpenFGAService/Check');
      stream.write(Buffer.alloc(3));
      const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
      stream.on('error', () => undefined);
      stream.close(8);
      await closed;
      const next = await client.call('Check', CheckRequestSchema, { storeId, tupleKey: ANNE });
      expect(next.status).toBe(0);
    });
  });

  describe('the commands, towards an admin listener with mutual TLS', () => {
    async function cli(line: string) {
      const [out, err]: [string[], string[]] = [[], []];
      const world = {
        env: { RSFGA_ADMIN_TOKEN: TOKEN },
        print: (text: string) => void out.push(text),
        complain: (text: string) => void err.push(text),
      };
      const code = await main(line.split(' '), world);
      return { code, out: out.join(''), err: err.join('') };
    }

    test('find what they need in the YAML: the certificate to expect and one to show', async () => {
      const at = `--config ${tls.edge.configFile} --url ${tls.edge.urls.admin}`;
      expect(await cli(`status ${at}`)).toMatchObject({ code: 0, out: expect.stringContaining('HEALTHY') });
      expect(
        await cli(`explain ${at} --store ${storeId} --user user:anne --relation viewer --object document:1`),
      ).toMatchObject({ code: 0, out: expect.stringContaining('document:1') });
    });

    test('take them from flags, and say so when they are not enough', async () => {
      const at = `status --url ${tls.edge.urls.admin} --ca ${tls.ours.ca}`;
      expect(await cli(`${at} --cert ${tls.mine.cert} --key ${tls.mine.key}`)).toMatchObject({ code: 0 });
      const without = { code: 1, err: expect.stringContaining('--cert and --key') };
      expect(await cli(at)).toMatchObject(without);
      expect(await cli(`status --url ${tls.edge.urls.admin}`)).toMatchObject(without);
      expect(await cli(`status --url ${tls.edge.urls.admin} --ca ${tls.strange.ca}`)).toMatchObject(without);
    });
  });

  describeRenewal(() => tls);
});
