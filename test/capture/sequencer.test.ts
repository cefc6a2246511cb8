import { afterEach, expect, it } from 'vitest';
import { createMemoryChangeLog } from '../../plugins/changelog/memory.ts';
import { systemClock } from '../../src/plugin/clock.ts';
import type { Lease, Term } from '../../src/plugin/lease.ts';
import { centre, STORE, stopAll, until } from '../support/change-street.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

afterEach(stopAll);

/** An upstream that says nothing of the store `HUNG` until it is released. */
function hanging() {
  const upstream = createOrderedUpstream();
  const { readChanges } = upstream;
  let release = () => {};
  const hung = new Promise<void>((resolve) => {
    release = resolve;
  });
  const asked = { hung: 0 };
  upstream.readChanges = async (storeId, ...rest) => {
    if (storeId === 'HUNG') {
      asked.hung += 1;
      await hung;
    }
    return readChanges(storeId, ...rest);
  };
  return { upstream, asked, release: () => release() };
}

it('answers for the other stores when the walk of one hangs', async () => {
  const { upstream, release } = hanging();
  const sequencer = centre(upstream, createMemoryChangeLog());
  const reply = await sequencer.answer({ ask: 'barrier', storeIds: ['HUNG', STORE] });
  expect(Object.keys(reply.heads)).toEqual([STORE]);
  release();
});

it('keeps no store waiting however many ask about one whose walk hangs', async () => {
  const { upstream, release } = hanging();
  const sequencer = centre(upstream, createMemoryChangeLog());
  const many = Array.from({ length: 40 }, () => sequencer.answer({ ask: 'barrier', storeIds: ['HUNG'] }));
  const began = systemClock.monoMs();
  const reply = await sequencer.answer({ ask: 'barrier', storeIds: [STORE] });
  expect(Object.keys(reply.heads)).toEqual([STORE]);
  expect(systemClock.monoMs() - began).toBeLessThan(2_000);
  release();
  await Promise.all(many);
});

it('says nothing more at the end of its term and is free to try again, whatever its walks wait for', async () => {
  const { upstream, asked, release } = hanging();
  upstream.listStores = async () => ['HUNG'];
  const log = createMemoryChangeLog();
  const over = new AbortController();
  const term: Term = {
    ...{ id: 'one', sinceMs: systemClock.monoMs(), over: over.signal },
    ...{ holds: () => !over.signal.aborted, confirm: async () => !over.signal.aborted },
  };
  let [serving, worked] = [0, 0];
  const served = () => {
    serving += 1;
    return () => {
      serving -= 1;
    };
  };
  const lease: Lease = {
    state: () => ({ lease: 'unknown', sinceMs: 0 }),
    async run(_signal, work) {
      await work(term);
      worked += 1;
    },
  };
  const relay = { send: () => Promise.reject(new Error('nobody')), serve: served };
  centre(upstream, { ...log, control: { ...log.control, serve: served }, sharing: { lease, relay } });
  await until(() => asked.hung > 0 && serving === 2, 'a walk hangs');
  over.abort();
  await until(() => serving === 0 && worked === 1, 'the term is over', 1_000);
  release();
});
