/** The sidecar's audits: asked for by an operator, and by the clock. */
import { afterEach, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import { silentLog } from '../../src/plugin/log.ts';
import { type Audits, createAudits } from '../../src/sidecar/audits.ts';
import { createHealth } from '../../src/telemetry/health.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { centre, complete, edge, STORE, same, stopAll, tuple, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const stops: AbortController[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  await stopAll();
});

async function sidecar(config: { everyMs?: number; repair?: boolean; maxRps?: number } = {}) {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  upstream.commit({ writes: Array.from({ length: 150 }, (_, n) => tuple(n)) });
  centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => complete(one), 'complete');
  const metrics = createMetrics({ processMetrics: false });
  const health = createHealth();
  const audits = createAudits({
    config: { repair: true, maxRps: 1_000, ...config },
    replica: one.replica,
    metrics,
    health,
    clock: systemClock,
    logger: silentLog,
  });
  const spoil = () => one.store.commit([{ storeId: STORE, deletes: [tuple(3)] }]);
  return { upstream, one, metrics, health, audits, spoil };
}

const ask = ({ call }: Audits, body: unknown = {}, signal = new AbortController().signal) =>
  call.run(body, { signal, progress() {} });
const found = { document: { missing: 1, extra: 0, changed: 0 } };

test('what was found is answered, counted, in the status without its tuples, and gone the next time', async () => {
  const { audits, spoil, metrics, health } = await sidecar();
  await spoil();
  const answer = await ask(audits);
  expect(answer).toMatchObject({ done: { stores: [{ outcome: 'repaired', differences: found }] } });
  expect(audits.last(STORE)).toMatchObject({ outcome: 'repaired', differences: found });
  expect(JSON.stringify(audits.last(STORE))).not.toContain('user:');
  expect(metrics.byLabel('rsfga_audit_differences_total')).toEqual({ [`${STORE} document missing`]: 1 });
  expect(await ask(audits, { stores: [STORE] })).toMatchObject({ done: { stores: [{ outcome: 'equal' }] } });
  expect(metrics.byLabel('rsfga_audits_total')).toEqual({ repaired: 1, equal: 1 });
  expect(health.report().state).toBe('healthy');
});

test('differences that stand make the sidecar degraded until they are gone', async () => {
  const { audits, spoil, health } = await sidecar();
  await spoil();
  await ask(audits, { repair: false });
  expect(health.report().conditions).toMatchObject([{ name: 'audit', severity: 'degraded' }]);
  await ask(audits);
  expect(health.report().state).toBe('healthy');
});

test('the clock audits and mends without being asked', async () => {
  const { audits, spoil, one, upstream } = await sidecar({ everyMs: 30 });
  const stop = new AbortController();
  stops.push(stop);
  const running = audits.run(stop.signal);
  await until(() => audits.last(STORE)?.outcome === 'equal', 'audited');
  await spoil();
  await until(() => same(one, upstream), 'mended');
  stop.abort();
  await running;
});

test('an operator does not wait for the clock, and a second operator is told to', async () => {
  const { audits } = await sidecar({ everyMs: 1, maxRps: 1 });
  const stop = new AbortController();
  stops.push(stop);
  const running = audits.run(stop.signal);
  await systemClock.sleep(50);
  const [first, second] = await Promise.all([ask(audits), ask(audits)]);
  expect([first, second].filter((one) => 'done' in one)).toMatchObject([
    { done: { stores: [{ outcome: 'equal' }] } },
  ]);
  expect([first, second]).toContainEqual({ refused: 'Another audit is under way.', status: 409 });
  stop.abort();
  await running;
});

test('an audit ends with the one who asked', async () => {
  const { audits } = await sidecar();
  const gone = new AbortController();
  gone.abort();
  expect(await ask(audits, {}, gone.signal)).not.toMatchObject({ done: { stores: [{ outcome: 'equal' }] } });
  expect(audits.last(STORE)).toBeUndefined();
  expect(await ask(audits)).toMatchObject({ done: { stores: [{ outcome: 'equal' }] } });
});

test('an upstream that cannot be read is told, not taken for an empty one', async () => {
  const { audits, upstream, one } = await sidecar();
  upstream.failing = true;
  expect(await ask(audits)).toMatchObject({ done: { stores: [{ outcome: 'skipped' }] } });
  expect(one.store.count(STORE)).toBe(150);
});

test.each([
  [[], 'The body is'],
  [{ store: STORE }, '"store" is neither'],
  [{ stores: STORE }, 'no list of ids'],
  [{ repair: 'no' }, '"repair"'],
])('%j is refused with words', async (body, words) => {
  const { audits } = await sidecar();
  expect(await ask(audits, body)).toEqual({ status: 400, refused: expect.stringContaining(words) });
});

test('a store that is not kept is named', async () => {
  const { audits } = await sidecar();
  const answer = await ask(audits, { stores: ['01J0000000000000000000000Z'] });
  expect(answer).toEqual({ status: 404, refused: expect.stringContaining('01J0000000000000000000000Z') });
});
