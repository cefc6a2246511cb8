import { describe, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { createDesk } from '../../src/capture/desk.ts';
import { createHandOver } from '../../src/capture/hand-over.ts';
import { createKeyLocks } from '../../src/capture/key-locks.ts';
import { createSequencer } from '../../src/capture/sequencer.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const STORE = '01J0000000000000000000000A';
const anne = { user: 'user:anne', relation: 'viewer', object: 'document:1' };
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

function centre(
  over: { onPublishFailure?: 'accept' | 'reject'; wait?: 'published' | 'none'; waitTimeoutMs?: number } = {},
) {
  const hub = createMemoryHub();
  const upstream = createOrderedUpstream();
  const log = hub.open();
  const locks = createKeyLocks(systemClock);
  const common = { clock: systemClock, logger: silentLog };
  const sequencer = createSequencer({
    ...common,
    log,
    writer: log.writer,
    upstream,
    locks,
    nodeId: 'test',
    intervalMs: 1000,
    overlapMs: 30_000,
    maxRps: 100,
    events: { published() {}, found() {}, trouble() {} },
  });
  const seen: string[] = [];
  const desk = createDesk({
    sequencer,
    relay: undefined,
    logReachable: () => log.writer.reachable(),
    clock: systemClock,
    events: { heard() {}, handedOver() {} },
  });
  const handOver = createHandOver({
    ...common,
    desk,
    locks,
    onPublishFailure: 'accept',
    wait: 'published',
    waitTimeoutMs: 300,
    ...over,
    events: {
      undecodable: () => void seen.push('undecodable'),
      doubtful: () => void seen.push('doubtful'),
      leftToWalk: () => void seen.push('left to walk'),
    },
  });
  return { hub, upstream, sequencer, handOver, seen };
}

describe('a committed Write', () => {
  test('gets the revision that the log acknowledged', async () => {
    const { handOver, upstream } = centre();
    const ticket = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
    upstream.commit({ writes: [anne] });
    expect((await ticket.committed(bytes({}))).revision).toMatch(/^[0-9A-Z]{26}\.1$/);
  });

  test('gets no revision while the log is away, and is found by the walk afterwards', async () => {
    const { handOver, upstream, hub, sequencer } = centre({ waitTimeoutMs: 50 });
    await sequencer.store(STORE).barrier();
    hub.cut('away');
    const ticket = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
    upstream.commit({ writes: [anne] });
    expect(await ticket.committed(bytes({}))).toEqual({});
    hub.cut(undefined);
    expect((await sequencer.store(STORE).barrier()).revision).toBe(1);
  });

  test('never waits with wait: none', async () => {
    const { handOver, upstream } = centre({ wait: 'none' });
    const ticket = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
    upstream.commit({ writes: [anne] });
    expect(await ticket.committed(bytes({}))).toEqual({});
  });

  test('that cannot be decoded is left to the walk and never fails the client', async () => {
    const { handOver, seen, sequencer, upstream } = centre();
    await sequencer.store(STORE).barrier();
    const ticket = await handOver.beginWrite(STORE, Buffer.from('{"writes": '));
    upstream.commit({ writes: [anne] });
    expect(await ticket.committed(bytes({}))).toEqual({});
    expect(seen).toEqual(['undecodable']);
    expect((await sequencer.store(STORE).barrier()).revision).toBe(1);
  });

  test('reads names, conditions and contexts as upstream does', async () => {
    const { handOver, upstream, sequencer } = centre();
    const tuple = {
      ...anne,
      condition: { name: 'in_hours', context: { from: 9, days: ['mon'], deep: { a: null } } },
    };
    const body = { writes: { tupleKeys: [tuple], unknown: 1 }, deletes: null, anything: {} };
    const ticket = await handOver.beginWrite(STORE, bytes(body));
    upstream.commit({ writes: [tuple] });
    await ticket.committed(bytes({}));
    await sequencer.store(STORE).barrier();
    const held = sequencer.store(STORE);
    expect((await held.barrier()).revision).toBe(1);
  });
});

test('a Write that a sidecar nearer to the upstream has captured is not captured again', async () => {
  const { handOver, upstream, sequencer } = centre();
  await sequencer.store(STORE).barrier();
  const ticket = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
  expect(await ticket.committed(bytes({}), '01J0000000000000000000EP00.7')).toEqual({});
  expect((await sequencer.store(STORE).barrier()).revision).toBe(0);
  const next = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
  upstream.commit({ writes: [anne] });
  expect((await next.committed(bytes({}))).revision).toMatch(/\.1$/);
});

test('Writes on one tuple are forwarded one after the other', async () => {
  const { handOver, upstream } = centre();
  const body = bytes({ writes: { tuple_keys: [anne] } });
  const first = await handOver.beginWrite(STORE, body);
  let began = false;
  const second = handOver.beginWrite(STORE, body).then((ticket) => {
    began = true;
    return ticket;
  });
  await systemClock.sleep(20);
  expect(began).toBe(false);
  upstream.commit({ writes: [anne] });
  await first.committed(bytes({}));
  (await second).refused(400);
  expect(began).toBe(true);
});

test('what came of a Write is doubtful after a time-out: the walk finds it if it was committed', async () => {
  const { handOver, upstream, sequencer, seen } = centre();
  await sequencer.store(STORE).barrier();
  const ticket = await handOver.beginWrite(STORE, bytes({ writes: { tuple_keys: [anne] } }));
  upstream.commit({ writes: [anne] });
  ticket.doubtful();
  expect(seen).toEqual(['doubtful']);
  expect((await sequencer.store(STORE).barrier()).revision).toBe(1);
});

describe('on_publish_failure', () => {
  test('reject refuses Writes while the log is away, with 503, and lets them in again', () => {
    const { handOver, hub } = centre({ onPublishFailure: 'reject' });
    expect(handOver.rejectWrites()).toBeUndefined();
    hub.cut('away');
    expect(handOver.rejectWrites()).toMatchObject({ code: 'unavailable', httpStatus: 503 });
    hub.cut(undefined);
    expect(handOver.rejectWrites()).toBeUndefined();
  });

  test('accept lets them through', () => {
    const { handOver, hub } = centre();
    hub.cut('away');
    expect(handOver.rejectWrites()).toBeUndefined();
  });
});
