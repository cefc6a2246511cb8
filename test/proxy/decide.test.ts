import { describe, expect, test } from 'vitest';
import { FgaError } from '../../src/fga/error.ts';
import { handClock } from '../support/hand-clock.ts';
import { EPOCH, NEWER_EPOCH, OLDER_EPOCH, query, type Scene, STORE, scene } from './decide-scene.ts';

const LOCAL = {
  servedBy: 'local',
  answer: { method: 'Check', allowed: true },
  revision: `${EPOCH}.5`,
  stalenessMs: 100,
};

describe('whether the data is whole and young enough', () => {
  test('a complete and young store is answered, with revision and age', () => {
    expect(scene().decider.decide(query, {})).toEqual(LOCAL);
  });

  test('a tier that takes its time answers from data that gets older meanwhile', async () => {
    const soon = scene({ answersIn: 900 });
    const young = soon.decider.decide(query, {});
    await soon.clock.pass(900);
    expect(await young).toEqual({ ...LOCAL, stalenessMs: 1_000 });
    const late = scene({ answersIn: 901 });
    const old = late.decider.decide(query, {});
    await late.clock.pass(901);
    expect(await old).toMatchObject({
      declined: 'stale',
      revision: LOCAL.revision,
      fallback: expect.any(Function),
    });
    const denied = scene({ answersIn: 901, onStale: 'deny' });
    const never = denied.decider.decide(query, {});
    await denied.clock.pass(901);
    expect(await never).toMatchObject({ denied: { code: 'unavailable' } });
  });

  test('a store that is being copied is forwarded', () => {
    expect(scene({ complete: false }).decider.decide(query, {})).toEqual({ declined: 'syncing' });
  });

  test('past max_staleness: forward asks the upstream and answers here only while that is away, up to max_offline', () => {
    const decision = scene({ ageMs: 5_000 }).decider.decide(query, {});
    if (decision instanceof Promise || !('declined' in decision)) throw new Error('it was not declined');
    expect(decision.declined).toBe('stale');
    expect(decision.fallback?.()).toMatchObject({ answer: { allowed: true }, stalenessMs: 5_000 });
    const older = scene({ ageMs: 60_000 }).decider.decide(query, {});
    if (older instanceof Promise || !('declined' in older)) throw new Error('it was not declined');
    const denied = older.fallback?.();
    expect(denied && 'denied' in denied && denied.denied).toBeInstanceOf(FgaError);
    expect(denied).toMatchObject({ denied: { code: 'unavailable', httpStatus: 503 } });
  });

  test('what gets older than max_offline while the upstream is waited for is not answered', () => {
    const over: Scene = { ageMs: 9_000 };
    const decision = scene(over).decider.decide(query, {});
    if (decision instanceof Promise || !('declined' in decision)) throw new Error('it was not declined');
    over.ageMs = 10_000;
    expect(decision.fallback?.()).toMatchObject({ answer: { allowed: true }, stalenessMs: 10_000 });
    over.ageMs = 10_001;
    expect(decision.fallback?.()).toMatchObject({ denied: { code: 'unavailable' } });
  });

  test('past max_staleness: serve answers, deny does not', () => {
    expect(scene({ ageMs: 5_000, onStale: 'serve' }).decider.decide(query, {})).toMatchObject({
      stalenessMs: 5_000,
    });
    expect(scene({ ageMs: 5_000, onStale: 'deny' }).decider.decide(query, {})).toMatchObject({
      denied: { code: 'unavailable' },
    });
  });

  test('an unknown age is never young', () => {
    const decision = scene({ ageMs: Number.POSITIVE_INFINITY }).decider.decide(query, {});
    expect(decision).toMatchObject({ declined: 'stale', revision: `${EPOCH}.5` });
    expect(decision).not.toHaveProperty('stalenessMs');
  });
});

describe('Rsfga-Min-Revision', () => {
  const ask = (over: Scene, minRevision: string) => scene(over).decider.decide(query, { minRevision });

  test('a revision that is held is answered at once', () => {
    expect(ask({}, `${EPOCH}.5`)).toEqual(LOCAL);
  });

  test('one that comes in time is waited for', async () => {
    expect(await ask({ reachesIn: true }, `${EPOCH}.6`)).toEqual(LOCAL);
  });

  test('one that does not come goes to the primary', async () => {
    expect(await ask({}, `${EPOCH}.6`)).toMatchObject({ declined: 'revision', primary: true });
  });

  test('an older epoch is contained in the present one, a newer one and nonsense go to the primary', () => {
    expect(ask({}, `${OLDER_EPOCH}.999`)).toEqual(LOCAL);
    expect(ask({}, `${NEWER_EPOCH}.1`)).toMatchObject({ declined: 'revision', primary: true });
    for (const nonsense of [
      '',
      '5',
      `${EPOCH}.`,
      `${EPOCH}.-1`,
      `${EPOCH}.1e3`,
      `${EPOCH}.99999999999999999999`,
      'x.1',
    ])
      expect(ask({}, nonsense)).toMatchObject({ declined: 'revision', primary: true });
  });
});

describe('HIGHER_CONSISTENCY', () => {
  const strong = { ...query, consistency: 'higher_consistency' } as const;

  test('goes to the primary by default', () => {
    expect(scene().decider.decide(strong, {})).toMatchObject({ declined: 'consistency', primary: true });
  });

  test('with consistency.higher: local it is answered after a barrier, or forwarded without one', async () => {
    expect(await scene({ higher: 'local', barrier: true }).decider.decide(strong, {})).toEqual(LOCAL);
    expect(await scene({ higher: 'local' }).decider.decide(strong, {})).toMatchObject({
      declined: 'consistency',
    });
  });
});

describe('Writes that passed through this sidecar are seen by its queries', () => {
  async function write(own: ReturnType<typeof scene>['own'], revision?: string) {
    const ticket = await own.capture.beginWrite(STORE, undefined, 'json');
    await ticket.committed(new Uint8Array(), revision);
  }

  test('a Write with a revision makes queries wait for it', async () => {
    const { decider, own } = scene();
    await write(own, `${EPOCH}.6`);
    expect(await decider.decide(query, {})).toMatchObject({ declined: 'revision', primary: true });
    const later = scene({ revision: 6 });
    await write(later.own, `${EPOCH}.6`);
    expect(later.decider.decide(query, {})).toMatchObject({ servedBy: 'local' });
  });

  test('a Write without one sends them to the primary until the data is younger than it', async () => {
    const before = scene({ freshAtMs: NOW_MS - 1 });
    await write(before.own);
    expect(before.decider.decide(query, {})).toMatchObject({ declined: 'revision', primary: true });
    const after = scene({ freshAtMs: 1_001 });
    await write(after.own);
    expect(after.decider.decide(query, {})).toEqual(LOCAL);
  });

  test('so does one of which nobody knows what came', async () => {
    const { decider, own } = scene({ freshAtMs: NOW_MS - 1 });
    (await own.capture.beginWrite(STORE, undefined, 'json')).doubtful();
    expect(decider.decide(query, {})).toMatchObject({ declined: 'revision' });
  });

  test('a refused Write changes nothing', async () => {
    const { decider, own } = scene();
    (await own.capture.beginWrite(STORE, undefined, 'json')).refused(400);
    expect(decider.decide(query, {})).toEqual(LOCAL);
  });
});

test('a newer model that a forwarded answer named makes queries without a model id forward until it is here', () => {
  const { decider, missing } = scene();
  decider.sawModel(STORE, 'M2');
  expect(missing).toEqual(['M2']);
  expect(decider.decide(query, {})).toMatchObject({ declined: 'model' });
  expect(decider.decide({ ...query, modelId: 'M1' }, {})).toEqual(LOCAL);
});

test('a caller who must not be answered from the past is sent to the primary, whatever the reason', async () => {
  const syncing = scene({ complete: false });
  expect(syncing.decider.decide(query, { minRevision: `${EPOCH}.5` })).toMatchObject({
    declined: 'syncing',
    primary: true,
  });
  expect(syncing.decider.decide({ ...query, consistency: 'higher_consistency' }, {})).toMatchObject({
    primary: true,
  });
});

test.each([{ complete: false }, { tierDeclines: true }])(
  'after a Write that passed through here, the primary is asked until the lag of the replica has passed: %o',
  async (over) => {
    const { decider, own, clock } = scene({ ...over, lagMs: 5_000 });
    const ticket = await own.capture.beginWrite(STORE, undefined, 'json');
    await ticket.committed(new Uint8Array(), `${EPOCH}.5`);
    await clock.pass(5_000);
    expect(decider.decide(query, {})).toMatchObject({ primary: true });
    await clock.pass(1);
    expect(decider.decide(query, {})).not.toHaveProperty('primary');
  },
);

/** When the hand-driven clock begins. */
const NOW_MS = handClock().monoMs();

describe('a Write through a sidecar nearer to the upstream', () => {
  const write = async (over: Scene, revision: string) => {
    const { decider, own } = scene(over);
    const ticket = await own.capture.beginWrite(STORE, undefined, 'json');
    await ticket.committed(new Uint8Array(), revision);
    return decider.decide(query, {});
  };

  test('that counts in another log goes by a barrier asked for after it, whichever epoch is the older', async () => {
    for (const epoch of [OLDER_EPOCH, NEWER_EPOCH]) {
      expect(await write({ freshAtMs: NOW_MS - 1 }, `${epoch}.3`)).toMatchObject({
        declined: 'revision',
        primary: true,
      });
      expect(await write({ freshAtMs: NOW_MS }, `${epoch}.3`)).toEqual(LOCAL);
    }
  });

  test('that counts in the log that is followed goes by its revision', async () => {
    expect(await write({}, `${EPOCH}.5`)).toEqual(LOCAL);
  });

  test('is not taken for an older one where revisions are counted alone', () => {
    const { decider } = scene({ countsAlone: true });
    expect(decider.decide(query, { minRevision: `${OLDER_EPOCH}.3` })).toMatchObject({
      declined: 'revision',
      primary: true,
    });
    expect(decider.decide(query, { minRevision: `${EPOCH}.3` })).toEqual(LOCAL);
  });
});
