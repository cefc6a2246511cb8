/** An audit finds what differs between an edge and its upstream, and only that, while both change. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { byKey, keyText, type Tuple } from '../../src/fga/tuple.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import type { AuditOptions } from '../../src/replica/audit.ts';
import {
  centre,
  complete,
  type Edge,
  edge,
  STORE,
  same,
  stopAll,
  tuple,
  until,
  writeThrough,
} from '../support/change-street.ts';
import { createOrderedUpstream, type OrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

async function street(count: number) {
  const upstream = createOrderedUpstream();
  const hub = createMemoryHub();
  upstream.commit({ writes: Array.from({ length: count }, (_, n) => tuple(n)) });
  const sequencer = centre(upstream, hub.open());
  const one = await edge(upstream, hub.open());
  await until(() => complete(one), 'complete');
  return { upstream, sequencer, one };
}

async function audit(one: Edge, over: Partial<AuditOptions> = {}) {
  const report = await one.replica.audit(STORE, {
    repair: true,
    signal: new AbortController().signal,
    ...over,
  });
  if (!report) throw new Error('the store is not kept');
  return report;
}

/** As SQL engines page: a row that goes away moves no other. */
function pageByKey(upstream: OrderedUpstream): void {
  upstream.readTuples = async (_storeId, after) => {
    const rows = [...upstream.tuples()].sort(byKey).filter((row) => `k${keyText(row)}` > after);
    const page = rows.slice(0, 100);
    const last = page.at(-1);
    return { tuples: page, continuationToken: rows.length > 100 && last ? `k${keyText(last)}` : '' };
  };
}

/** Behind the follower's back, as a defect would. */
function spoil({ store }: Edge, writes: readonly Tuple[], deletes: readonly Tuple[] = []): Promise<void> {
  return store.commit([{ storeId: STORE, writes, deletes }]);
}

const group = (n: number): Tuple => ({ user: `user:u${n}`, relation: 'member', object: `group:g${n}` });

describe('an audit', () => {
  test('of a sound store finds nothing and says how many tuples it compared', async () => {
    const { one } = await street(450);
    expect(await audit(one)).toMatchObject({ outcome: 'equal', tuples: 450, differences: {}, undecided: 0 });
  });

  test('names what is missing, extra and changed, by type, and mends it', async () => {
    const { one, upstream } = await street(350);
    upstream.commit({ writes: [group(1)] });
    await until(() => same(one, upstream), 'equal');
    const conditioned = { ...tuple(9), condition: { name: 'weekday' } };
    await spoil(one, [tuple(9_001), conditioned], [tuple(3), tuple(340), group(1)]);
    const report = await audit(one);
    expect(report).toMatchObject({
      outcome: 'repaired',
      differences: {
        document: { missing: 2, extra: 1, changed: 1 },
        group: { missing: 1, extra: 0, changed: 0 },
      },
    });
    expect(report.examples.find(({ kind }) => kind === 'extra')).toMatchObject({ user: 'user:u9001' });
    expect(same(one, upstream)).toBe(true);
    expect(one.store.view(STORE)?.tuple(tuple(9).object, 'viewer', 'user:u9')).toEqual(tuple(9));
    expect((await audit(one)).outcome).toBe('equal');
    expect(one.resyncs).toEqual(['new']);
  });

  test('that only checks reports each difference once and touches nothing', async () => {
    const { one, upstream } = await street(120);
    await spoil(one, [tuple(9_001), { ...tuple(9), condition: { name: 'weekday' } }], [tuple(3)]);
    const report = await audit(one, { repair: false });
    expect(report).toMatchObject({
      outcome: 'differs',
      differences: { document: { missing: 1, extra: 1, changed: 1 } },
    });
    expect(same(one, upstream)).toBe(false);
    expect(await audit(one, { repair: false })).toMatchObject({ differences: report.differences });
  });

  test('takes nothing that changes meanwhile for a difference, and still finds the one there is', async () => {
    const { one, upstream, sequencer } = await street(600);
    pageByKey(upstream);
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) {
        await writeThrough(sequencer, upstream, { writes: [tuple(1_000 + n)], deletes: [tuple(n)] });
        await systemClock.sleep(1);
      }
    })();
    await spoil(one, [group(7)]);
    const first = await audit(one, { maxRps: 60 });
    const second = await audit(one, { maxRps: 60 });
    writing = false;
    await writer;
    expect(first.differences).toEqual({ group: { missing: 0, extra: 1, changed: 0 } });
    expect(second).toMatchObject({ outcome: 'equal', differences: {} });
    await until(() => same(one, upstream), 'equal');
  });

  test('does not bring back what is deleted between its reading and its repair', async () => {
    const { one, upstream, sequencer } = await street(60);
    await spoil(one, [], [tuple(5), tuple(6)]);
    let reads = 0;
    // After the primary has said "held", and before the audit can act on it.
    upstream.beforeReadTuple = async () => {
      reads += 1;
      if (reads === 3) await writeThrough(sequencer, upstream, { deletes: [tuple(5)] });
    };
    const report = await audit(one);
    upstream.beforeReadTuple = undefined;
    expect(reads).toBeGreaterThanOrEqual(3);
    expect(report.differences).toEqual({ document: { missing: 1, extra: 0, changed: 0 } });
    expect(one.store.view(STORE)?.tuple(tuple(5).object, 'viewer', 'user:u5')).toBeUndefined();
    expect(same(one, upstream)).toBe(true);
  });

  test('mends what the changelog does not show yet, and the late entry changes nothing any more', async () => {
    const { one, upstream } = await street(80);
    const show = upstream.commitLate({ deletes: [tuple(4)] });
    expect(await audit(one)).toMatchObject({ outcome: 'repaired', differences: { document: { extra: 1 } } });
    expect(same(one, upstream)).toBe(true);
    show();
    expect(await one.replica.barrier(STORE, 5_000)).toBe(true);
    expect(same(one, upstream)).toBe(true);
    expect((await audit(one)).outcome).toBe('equal');
  });

  test('has the store copied again when too much differs', async () => {
    const { one, upstream } = await street(1_500);
    await spoil(one, [], [...upstream.tuples()].slice(0, 1_200));
    expect(await audit(one, { repair: false })).toMatchObject({ outcome: 'differs' });
    expect(await audit(one)).toMatchObject({ outcome: 'copied' });
    await until(() => complete(one) && same(one, upstream), 'copied');
    expect(one.resyncs).toEqual(['new', 'audit']);
  }, 60_000);
});

describe('models', () => {
  const model = (id: string) => ({ id, schema_version: '1.1', type_definitions: [{ type: 'user' }] });
  const OLD = '01J00000000000000000000001';
  const NEW = '01J00000000000000000000002';

  test('a missing one is fetched', async () => {
    const { one, upstream } = await street(3);
    upstream.addModel(model(NEW));
    await until(() => one.store.view(STORE)?.model(NEW) !== undefined, 'published');
    upstream.addModel(model(OLD));
    expect(await audit(one)).toMatchObject({ outcome: 'repaired', models: { missing: [OLD], extra: [] } });
    expect(one.store.view(STORE)?.model(OLD)).toEqual(model(OLD));
  });

  test('one that the upstream does not know has the store copied again', async () => {
    const { one } = await street(3);
    await one.store.commit([{ storeId: STORE, models: [model(NEW)] }]);
    expect(await audit(one, { repair: false })).toMatchObject({
      outcome: 'differs',
      models: { extra: [NEW] },
    });
    expect(await audit(one)).toMatchObject({ outcome: 'copied' });
    await until(() => complete(one) && one.store.view(STORE)?.model(NEW) === undefined, 'copied');
  });
});

describe('an audit that cannot judge says so', () => {
  test('when it is stopped', async () => {
    const { one } = await street(300);
    const stop = new AbortController();
    const running = audit(one, { maxRps: 10, signal: stop.signal });
    stop.abort();
    expect(await running).toMatchObject({ outcome: 'skipped', reason: 'it was stopped' });
  });

  test('when the store is being copied', async () => {
    const { one } = await street(3);
    one.replica.resync(STORE, 'requested');
    expect(await audit(one)).toMatchObject({ outcome: 'skipped' });
  });

  test('and of a store that is not kept it knows nothing', async () => {
    const { one } = await street(1);
    const options = { repair: true, signal: new AbortController().signal };
    expect(one.replica.audit('01J0000000000000000000000Z', options)).toBeUndefined();
  });
});

test('progress is told while a long audit runs', async () => {
  const { one } = await street(400);
  const told: number[] = [];
  await audit(one, { maxRps: 2, progress: ({ read }) => told.push(read) });
  expect(told.length).toBeGreaterThan(0);
  expect([...told].sort((a, b) => a - b)).toEqual(told);
});
