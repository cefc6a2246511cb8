/** The rules of the lease, against a register in this process and a clock driven by hand. */
import { afterEach, describe, expect, it } from 'vitest';
import { createLease, type Register } from '../../../plugins/changelog/nats-lease.ts';
import type { Lease, Term } from '../../../src/plugin/lease.ts';
import { silentLog } from '../../../src/plugin/log.ts';
import { type HandClock, handClock } from '../../support/hand-clock.ts';

const TTL = 6_000;

/** One value with revisions, as a KV bucket keeps it. `away` makes every call fail. */
function register() {
  const held: { text: string | undefined; revision: number; away: boolean; loseAnswers: boolean } = {
    text: undefined,
    revision: 0,
    away: false,
    loseAnswers: false,
  };
  const open = (): Register => ({
    async read() {
      if (held.away) throw new Error('away');
      return held.text === undefined ? undefined : { text: held.text, revision: held.revision };
    },
    async put(text, after) {
      if (held.away) throw new Error('away');
      if (after !== (held.text === undefined ? 0 : held.revision)) return undefined;
      held.text = text;
      held.revision += 1;
      if (held.loseAnswers) throw new Error('the answer was lost');
      return held.revision;
    },
    changed: () => () => {},
  });
  return { held, open };
}

interface Candidate {
  readonly lease: Lease;
  readonly terms: Term[];
  stop(): Promise<void>;
  /** As a crash: nothing is given back. */
  vanish(): void;
}

const running: Candidate[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.vanish();
});

function candidate(shared: Register, clock: HandClock, nodeId: string): Candidate {
  const dead = { is: false };
  const mortal: Register = {
    read: () => (dead.is ? new Promise(() => {}) : shared.read()),
    put: (text, after) => (dead.is ? new Promise(() => {}) : shared.put(text, after)),
    changed: shared.changed,
  };
  const lease = createLease({ register: mortal, clock, log: silentLog, nodeId, ttlMs: TTL });
  const terms: Term[] = [];
  const stop = new AbortController();
  const done = lease.run(stop.signal, async (term) => {
    terms.push(term);
    await new Promise<void>((resolve) => {
      const end = () => resolve();
      for (const signal of [term.over, stop.signal]) signal.addEventListener('abort', end, { once: true });
    });
  });
  const one = {
    lease,
    terms,
    stop: async () => {
      stop.abort();
      await done;
    },
    vanish: () => {
      dead.is = true;
      stop.abort();
    },
  };
  running.push(one);
  return one;
}

async function pass(clock: HandClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) await clock.pass(Math.min(100, left));
}

const states = (...all: Candidate[]) => all.map(({ lease }) => lease.state().lease);

describe('one of several', () => {
  it('holds the lease for as long as it renews it', async () => {
    const [clock, { open }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    const b = candidate(open(), clock, 'b');
    await pass(clock, 10 * TTL);
    expect(states(a, b)).toEqual(['held', 'elsewhere']);
    expect(b.lease.state()).toMatchObject({ holder: 'a' });
    expect([a.terms.length, b.terms.length]).toEqual([1, 0]);
  });

  it('takes over when the holder is gone, not before its time is up', async () => {
    const [clock, { open }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    const b = candidate(open(), clock, 'b');
    await pass(clock, 2 * TTL);
    a.vanish();
    await pass(clock, TTL / 2);
    expect(b.terms).toHaveLength(0);
    await pass(clock, TTL);
    expect(states(b)).toEqual(['held']);
  });

  it('gets its own lease back at once after a crash', async () => {
    const [clock, { open }] = [handClock(), register()];
    const before = candidate(open(), clock, 'a');
    await pass(clock, 200);
    before.vanish();
    const after = candidate(open(), clock, 'a');
    await pass(clock, 100);
    expect(states(after)).toEqual(['held']);
  });

  it('does not fight with a second process of the same name: the newer one stays', async () => {
    const [clock, { open }] = [handClock(), register()];
    const older = candidate(open(), clock, 'a');
    await pass(clock, 200);
    const newer = candidate(open(), clock, 'a');
    await pass(clock, 5 * TTL);
    expect(states(older, newer)).toEqual(['elsewhere', 'held']);
    expect([older.terms.length, newer.terms.length]).toEqual([1, 1]);
  });

  it('hands over at once when it is stopped', async () => {
    const [clock, { open }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    const b = candidate(open(), clock, 'b');
    await pass(clock, 200);
    await a.stop();
    await pass(clock, TTL / 4);
    expect(states(b)).toEqual(['held']);
  });
});

describe('a holder that cannot renew', () => {
  it('ends its term before another can begin', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    held.away = true;
    await pass(clock, TTL - 100);
    expect(a.terms[0]?.over.aborted).toBe(true);
    expect(a.terms[0]?.holds()).toBe(false);
    expect(states(a)).toEqual(['unknown']);
  });

  it('knows by the clock alone that its time is up, before any timer has run', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    held.away = true;
    const late = clock.pass(2 * TTL);
    expect(a.terms[0]?.holds()).toBe(false);
    await late;
  });

  it('takes it back when the broker is there again and nobody else did', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    held.away = true;
    await pass(clock, 3 * TTL);
    held.away = false;
    await pass(clock, TTL / 2);
    expect(states(a)).toEqual(['held']);
    expect(a.terms).toHaveLength(2);
  });

  it('keeps it when only the answers to its renewals are lost', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    held.loseAnswers = true;
    await pass(clock, TTL / 2);
    held.loseAnswers = false;
    await pass(clock, 2 * TTL);
    expect(a.terms).toHaveLength(1);
    expect(states(a)).toEqual(['held']);
  });
});

describe('confirming', () => {
  it('is a yes while the lease is held, and a no that ends the term once somebody else has it', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    const [term] = a.terms;
    expect(await term?.confirm()).toBe(true);
    await open().put(JSON.stringify({ holder: 'b', instance: 'x', sinceMs: 1, ttlMs: TTL }), held.revision);
    expect(await term?.confirm()).toBe(false);
    expect(term?.over.aborted).toBe(true);
  });

  it('throws when the broker cannot be asked', async () => {
    const [clock, { open, held }] = [handClock(), register()];
    const a = candidate(open(), clock, 'a');
    await pass(clock, 200);
    held.away = true;
    await expect(a.terms[0]?.confirm()).rejects.toThrow('away');
  });
});

it('takes what is no lease for an expired one only after its time', async () => {
  const [clock, { open }] = [handClock(), register()];
  await open().put('garbage', 0);
  const a = candidate(open(), clock, 'a');
  await pass(clock, TTL / 2);
  expect(a.terms).toHaveLength(0);
  await pass(clock, TTL);
  expect(states(a)).toEqual(['held']);
});
