/** The changelog of an SQL store may show entries late and in the wrong order; what is followed from it must not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyText, type Tuple } from '../../../src/fga/tuple.ts';
import type { Delivered } from '../../../src/plugin/changelog.ts';
import { applied, commitsOf, partsIn, tuple } from '../../contract/changelog-chain.ts';
import { handClock } from '../../support/hand-clock.ts';
import { createFakeUpstream } from './upstream-fake.ts';
import { byHand, OVERLAP_MS, snapshotOf } from './upstream-fixture.ts';

describe('upstream, when the changelog is out of order', () => {
  it('finds an entry that was committed behind the place where it stood', async () => {
    const { upstream, storeId, barrier, all } = await byHand();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    await barrier();
    upstream.write(storeId, { writes: [tuple('doc:late')] }, 5_000);
    await barrier();
    expect([...applied(await all()).keys()].sort()).toEqual([
      'doc:1#viewer@user:anne',
      'doc:late#viewer@user:anne',
    ]);
  });

  it('does not bring a revoked right back when its entries are in the wrong order', async () => {
    const { clock, upstream, storeId, barrier, all } = await byHand();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    await barrier();
    await clock.pass(2_000);
    // Granted again on a slow server, revoked on a fast one: the log shows the revocation first.
    upstream.write(storeId, { deletes: [tuple('doc:1')] });
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    upstream.write(storeId, { deletes: [tuple('doc:1')] }, 1_000);
    await barrier();
    expect(applied(await all()).size).toBe(0);
  });

  it('takes the same operation twice at one time for two', async () => {
    const { upstream, storeId, barrier, all } = await byHand();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    await barrier();
    upstream.write(storeId, { deletes: [tuple('doc:1')] });
    await barrier();
    upstream.write(storeId, { writes: [tuple('doc:1')] });
    await barrier();
    expect(applied(await all()).size).toBe(1);
  });

  it('goes on after a restart from the local store: same log, same epoch, nothing lost, old history not replayed', async () => {
    const { clock, upstream, storeId, log, barrier, all } = await byHand();
    for (let at = 0; at < 200; at += 1) {
      await clock.pass(1_000);
      upstream.write(storeId, { writes: [tuple(`doc:${at}`)] });
      await barrier();
    }
    const before = await all();
    const resume = await snapshotOf(log, upstream, before);
    await log.close();
    upstream.write(storeId, { writes: [tuple('doc:away')], deletes: [tuple('doc:7')] });
    upstream.write(storeId, { writes: [tuple('doc:late')] }, 3_000);
    await clock.pass(3_600_000);
    upstream.write(storeId, { writes: [tuple('doc:now')] });
    const calls = { ...upstream.calls };
    const second = await byHand({ clock, upstream, storeId, resume });
    expect((await second.log.reader.state()).logId).toBe((await log.reader.state()).logId);
    expect((await second.log.reader.head(storeId))?.head).toEqual((await log.reader.head(storeId))?.head);
    await second.barrier();
    const rest = await second.all(before.at(-1)?.position);
    expect(commitsOf(rest)[0]?.previousCommitId).toBe(commitsOf(before).at(-1)?.commitId);
    expect(holding([...before, ...rest])).toEqual(upstream.held(storeId));
    // The overlap of 30 s is read anew, not the 200 changes before it.
    expect(upstream.calls.tuples - calls.tuples).toBeLessThan(50);
    await second.log.close();
  });

  it('ends up where the upstream is, and never turns a key back, whatever comes late and whenever it walks or restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), playAndCompare),
      { numRuns: 300 },
    );
  });
});

type Step = typeof step extends fc.Arbitrary<infer Of> ? Of : never;

const step = fc.record({
  waitMs: fc.oneof(fc.nat(20), fc.nat(5_000), fc.constant(60_000)),
  object: fc.nat(2),
  lateMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(OVERLAP_MS / 2)),
  walks: fc.nat(12).map((dice) => Math.max(0, dice - 9)),
  failsAfter: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 4 }),
  restarts: fc.nat(14).map((dice) => dice === 0),
});

async function playAndCompare(steps: readonly Step[], pageSize: number): Promise<void> {
  const clock = handClock();
  const upstream = createFakeUpstream(clock.wallMs, pageSize);
  let log = await byHand({ clock, upstream });
  const { storeId } = log;
  const seen: Delivered[] = [];
  const read = async () => void seen.push(...(await log.all(seen.at(-1)?.position)));
  for (const [at, { waitMs, object, lateMs, walks, failsAfter, restarts }] of steps.entries()) {
    await clock.pass(waitMs);
    const key = { ...tuple(`doc:${object}`), condition: { name: `write-${at}` } };
    const isHeld = upstream.held(storeId).has(keyText(key));
    upstream.write(storeId, isHeld ? { deletes: [key] } : { writes: [key] }, lateMs);
    upstream.failOnceAfter(failsAfter ?? Number.POSITIVE_INFINITY);
    for (let walk = 0; walk < walks; walk += 1) {
      await log.barrier().catch(() => {});
      await clock.pass(walk * 1_000);
    }
    upstream.failOnceAfter(Number.POSITIVE_INFINITY);
    if (!restarts) continue;
    await read();
    await log.log.close();
    log = await byHand({ clock, upstream, storeId, resume: await snapshotOf(log.log, upstream, seen) });
  }
  await log.barrier();
  await read();
  await log.log.close();
  expect(holding(seen)).toEqual(upstream.held(storeId));
  expect(isChain(seen)).toBe(true);
  for (const [key, states] of statesOf(seen))
    expect({ states, history: upstream.history(storeId, key) }).toSatisfy(isSubsequence);
}

function isChain(seen: readonly Delivered[]): boolean {
  const commits = commitsOf(seen);
  return commits.every((commit, at) => at === 0 || commit.previousCommitId === commits[at - 1]?.commitId);
}

function holding(seen: readonly Delivered[]): ReadonlyMap<string, Tuple> {
  return new Map([...applied(seen).values()].map((one) => [keyText(one), one]));
}

/** Per key, what a follower held after each transaction that touched it. */
function statesOf(seen: readonly Delivered[]): ReadonlyMap<Tuple, readonly (Tuple | undefined)[]> {
  const byText = new Map<string, { readonly key: Tuple; readonly states: (Tuple | undefined)[] }>();
  for (const part of partsIn(seen))
    for (const key of part.tuples) {
      const one = byText.get(keyText(key)) ?? { key, states: [] };
      one.states.push(part.operation === 'write' ? key : undefined);
      byText.set(keyText(key), one);
    }
  return new Map([...byText.values()].map(({ key, states }) => [key, states]));
}

/** A state may be told twice; none may be told after a later one. Every write of a test has a condition of its own. */
function isSubsequence({
  states,
  history,
}: Record<'states' | 'history', readonly (Tuple | undefined)[]>): boolean {
  let at = 0;
  for (const state of states) {
    while (at < history.length && history[at]?.condition?.name !== state?.condition?.name) at += 1;
    if (at === history.length) return false;
  }
  return true;
}
