import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { applied, readUntil, tuple } from '../../contract/changelog-chain.ts';
import { changeLogControlContract } from '../../contract/changelog-control.ts';
import { changeLogReaderContract } from '../../contract/changelog-reader.ts';
import { handClock } from '../../support/hand-clock.ts';
import { createFakeUpstream } from './upstream-fake.ts';
import { byHand, openReal, snapshotOf } from './upstream-fixture.ts';

changeLogReaderContract('upstream', async () => {
  const upstream = createFakeUpstream(Date.now, 10);
  const log = openReal(upstream);
  return {
    log,
    attach: async (storeId) => void (await log.reader.head(storeId)),
    change: async (storeId, delta) => {
      upstream.write(storeId, delta);
      await log.control.ask({ ask: 'barrier', storeIds: [storeId] }, 5_000);
    },
    another: async () => openReal(upstream, await snapshotOf(log, upstream)),
    close: () => log.close(),
  };
});

changeLogControlContract('upstream', async () => {
  const upstream = createFakeUpstream(Date.now);
  const log = openReal(upstream);
  return {
    log,
    store: async () => {
      const storeId = ulid();
      await log.reader.head(storeId);
      upstream.write(storeId, { writes: [tuple('doc:1')] });
      return storeId;
    },
    close: () => log.close(),
  };
});

describe('upstream', () => {
  it('finds by itself what was written elsewhere, within its interval', async () => {
    const upstream = createFakeUpstream(Date.now);
    const log = openReal(upstream);
    const storeId = ulid();
    const { position } = (await log.reader.head(storeId)) ?? { position: '' };
    const reading = readUntil(
      log,
      { after: position, filters: [{ storeId }] },
      (all) => applied(all).size === 1,
    );
    await new Promise((resolve) => setTimeout(resolve, 60));
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    expect(applied(await reading).size).toBe(1);
    await log.close();
  });

  it('walks at once when a Write has passed by', async () => {
    const { upstream, log, storeId, all } = await byHand();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    log.passing(storeId, { writes: [tuple('doc:1')], deletes: [] }).made(true);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(applied(await all()).size).toBe(1);
  });

  it('gives no barrier while the changelog does not show what was committed through here', async () => {
    const { upstream, log, storeId, barrier } = await byHand();
    const { readChanges } = upstream;
    await barrier();
    upstream.readChanges = async (_store, continuationToken) => ({ entries: [], continuationToken });
    const writing = log.passing(storeId, { writes: [tuple('doc:1')], deletes: [] });
    // Under way: nobody knows yet whether there will be an entry.
    await barrier();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    writing.made(true);
    await expect(barrier()).rejects.toThrow('--changelog-horizon-offset=0');
    upstream.readChanges = readChanges;
    await barrier();
  });

  it('waits for no entry of a Write that was refused, may be without one, or has one already', async () => {
    const { upstream, log, storeId, barrier } = await byHand();
    log.passing(storeId, { writes: [tuple('doc:1')], deletes: [] }).refused();
    log.passing(storeId, { writes: [tuple('doc:2')], deletes: [] }).made(false);
    const writing = log.passing(storeId, { writes: [tuple('doc:3')], deletes: [] });
    upstream.write(storeId, { writes: [tuple('doc:3')] });
    await barrier();
    writing.made(true);
    await barrier();
  });

  it('begins at the end of the changelog, which it does not read from its beginning', async () => {
    const clock = handClock();
    const upstream = createFakeUpstream(clock.wallMs);
    const storeId = ulid();
    for (let at = 0; at < 5_000; at += 1) {
      await clock.pass(100);
      upstream.write(storeId, { writes: [tuple(`doc:${at}`)] });
    }
    const { log, barrier, all } = await byHand({ clock, upstream, storeId });
    upstream.write(storeId, { writes: [tuple('doc:new')] });
    await barrier();
    expect([...applied(await all()).keys()]).toEqual(['doc:new#viewer@user:anne']);
    expect(upstream.calls.changes).toBeLessThan(20);
    await log.close();
  });

  it.each([-90_000_000, -120_000, 120_000, 90_000_000])(
    'misses nothing when its clock is %d ms away from the upstream’s',
    async (skewMs) => {
      const clock = handClock();
      const upstream = createFakeUpstream(() => clock.wallMs() - skewMs);
      const storeId = ulid();
      upstream.write(storeId, { writes: [tuple('doc:old')] });
      const { log, barrier, all } = await byHand({ clock, upstream, storeId });
      upstream.write(storeId, { writes: [tuple('doc:new')] });
      await barrier();
      expect([...applied(await all()).keys()]).toEqual(['doc:new#viewer@user:anne']);
      await log.close();
    },
  );

  it('publishes each new model, oldest first, with the next revision', async () => {
    const { upstream, storeId, barrier, all } = await byHand();
    const ids = [ulid(1), ulid(2), ulid(3)];
    for (const id of ids.slice(0, 2)) upstream.writeModel(storeId, id);
    await barrier();
    upstream.writeModel(storeId, ids[2] ?? '');
    await barrier();
    await barrier();
    const models = (await all()).flatMap(({ message }) => (message.kind === 'model' ? [message] : []));
    expect(models.map((message) => message.modelId)).toEqual(ids);
    expect(models.map((message) => message.revision)).toEqual([1, 2, 3]);
    expect(models[2]?.previousCommitId).toBe(models[1]?.commitId);
    expect(models[0]?.model?.id).toBe(ids[0]);
  });

  it('asks the upstream for little when nothing happens', async () => {
    const { clock, upstream, storeId, barrier } = await byHand();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    for (let at = 0; at < 50; at += 1) {
      await clock.pass(1_000);
      await barrier();
    }
    const before = { ...upstream.calls };
    await barrier();
    expect(upstream.calls.changes - before.changes).toBe(1);
    expect(upstream.calls.models - before.models).toBe(1);
    expect(upstream.calls.tuples).toBe(0);
  });

  it('says so when the upstream is away, and makes up for it afterwards', async () => {
    const { upstream, log, storeId, barrier, all } = await byHand();
    upstream.fail(new Error('connection refused'));
    await expect(barrier()).rejects.toThrow('connection refused');
    await expect(barrier()).rejects.toThrow('connection refused');
    expect(log.link()).toMatchObject({ link: 'disconnected', error: expect.stringContaining('refused') });
    upstream.fail(undefined);
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    await barrier();
    expect(log.link()).toEqual({ link: 'connected' });
    expect(applied(await all()).size).toBe(1);
  });

  it('shares one walk among all who ask while another runs', async () => {
    const { upstream, barrier } = await byHand();
    await barrier();
    const before = upstream.calls.models;
    await Promise.all(Array.from({ length: 20 }, () => barrier()));
    expect(upstream.calls.models - before).toBeLessThanOrEqual(3);
  });

  it('is a new history when the local store does not know it', async () => {
    const { log, storeId } = await byHand();
    const other = await byHand({ storeId });
    expect((await other.log.reader.state()).logId).not.toBe((await log.reader.state()).logId);
    expect((await other.log.reader.head(storeId))?.head.epoch).not.toBe(
      (await log.reader.head(storeId))?.head.epoch,
    );
  });
});
