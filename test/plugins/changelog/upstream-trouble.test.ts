/** One store in trouble beside others, an upstream whose clock was set back, and entries that prove nothing. */
import { ulid } from 'ulid';
import { expect, it } from 'vitest';
import { openUpstreamChangeLog } from '../../../plugins/changelog/upstream.ts';
import { applied, tuple } from '../../contract/changelog-chain.ts';
import { handClock } from '../../support/hand-clock.ts';
import { createFakeUpstream } from './upstream-fake.ts';
import { byHand, OVERLAP_MS, openReal, snapshotOf } from './upstream-fixture.ts';

it('answers for the other stores when the walk of one hangs', async () => {
  const upstream = createFakeUpstream(Date.now);
  const { readChanges } = upstream;
  const [hung, sound] = [ulid(), ulid()];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const log = openReal(upstream);
  for (const storeId of [hung, sound]) await log.reader.head(storeId);
  upstream.readChanges = async (storeId, ...rest) => {
    if (storeId === hung) await held;
    return readChanges(storeId, ...rest);
  };
  const { heads } = await log.control.ask({ ask: 'barrier', storeIds: [hung, sound] }, 1_000);
  expect(Object.keys(heads)).toEqual([sound]);
  await expect(log.control.ask({ ask: 'barrier', storeIds: [hung] }, 200)).rejects.toThrow('within');
  release();
  await log.close();
});

it('finds what is written after the clock of the upstream was set back, and does not tell it again and again', async () => {
  const clock = handClock();
  let aheadMs = 3_600_000;
  const upstream = createFakeUpstream(() => clock.wallMs() + aheadMs);
  const { storeId, log, barrier, all } = await byHand({ clock, upstream });
  upstream.write(storeId, { writes: [tuple('doc:ahead')] });
  await barrier();
  aheadMs = 0;
  upstream.write(storeId, { writes: [tuple('doc:1')] });
  await barrier();
  expect(applied(await all()).size).toBe(2);
  await clock.pass(10 * OVERLAP_MS);
  upstream.write(storeId, { deletes: [tuple('doc:1')] });
  await barrier();
  const before = await all();
  expect([...applied(before).keys()]).toEqual(['doc:ahead#viewer@user:anne']);
  for (let n = 0; n < 3; n += 1) await barrier();
  expect(await all()).toHaveLength(before.length);
  const resume = await snapshotOf(log, upstream, before);
  await log.close();
  upstream.write(storeId, { writes: [tuple('doc:2')] });
  const second = await byHand({ clock, upstream, storeId, resume });
  await second.barrier();
  const rest = await second.all(before.at(-1)?.position);
  expect(applied([...before, ...rest]).size).toBe(2);
  await second.log.close();
});

it('takes an older entry of the same tuple for none that a Write through here is owed', async () => {
  const clock = handClock();
  const upstream = createFakeUpstream(clock.wallMs);
  const { readChanges } = upstream;
  const storeId = ulid();
  const log = openUpstreamChangeLog({
    ...{ upstream, clock, resume: undefined, nodeId: 'test' },
    ...{ intervalMs: 3_600_000, overlapMs: OVERLAP_MS },
  });
  await log.reader.head(storeId);
  // Shown a minute late, as with --changelog-horizon-offset=1.
  upstream.readChanges = async (...args) => {
    const page = await readChanges(...args);
    const entries = page.entries.filter(({ timestampMs }) => timestampMs <= clock.wallMs() - 60_000);
    const { id } = (entries.at(-1) ?? { id: args[1] }) as { id: number | string };
    return { entries, continuationToken: `${id}` };
  };
  const barrier = () => log.control.ask({ ask: 'barrier', storeIds: [storeId] }, 5_000);
  upstream.write(storeId, { writes: [tuple('doc:1')] });
  await clock.pass(30_000);
  const revoking = log.passing(storeId, { writes: [], deletes: [tuple('doc:1')] });
  upstream.write(storeId, { deletes: [tuple('doc:1')] });
  revoking.made(true);
  await expect(barrier()).rejects.toThrow('--changelog-horizon-offset=0');
  await clock.pass(31_000);
  await expect(barrier()).rejects.toThrow('--changelog-horizon-offset=0');
  await clock.pass(31_000);
  await barrier();
  await log.close();
});
