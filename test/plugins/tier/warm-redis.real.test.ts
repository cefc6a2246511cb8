import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Entries, type Entry, openEntries } from '../../../plugins/tier/warm-entries.ts';
import type { Answer } from '../../../src/fga/answer.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import { eventually } from '../../support/fleet.ts';
import { type Redis, redisAvailable, startRedis } from '../../support/redis.ts';
import { MODEL, warming, YES } from './warming.ts';

describe.skipIf(!redisAvailable())('answers kept in a Redis', () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  async function entries() {
    const failures: string[] = [];
    const options = {
      maxEntries: 1,
      clock: systemClock,
      failed: (error: unknown) => void failures.push(String(error)),
    };
    const opened = await openEntries({ ...options, place: { url: redis.url } });
    return { ...opened, failures };
  }

  /** Sets it until it has arrived, and gives what lies there: on a busy machine a Redis may be late. */
  function keep(kept: Entries, key: string, entry: Entry): Promise<string> {
    return eventually(
      () => {
        kept.set(key, entry, 60_000);
        return inRedis(redis, `rsfga-edge::${key}`);
      },
      (value) => value !== '',
    );
  }

  test.each<[string, Answer]>([
    ['a Check', YES],
    [
      'a batch',
      {
        method: 'BatchCheck',
        result: new Map([
          ['a', { allowed: true }],
          ['b', { allowed: false }],
        ]),
      },
    ],
    ['a list', { method: 'ListObjects', objects: ['document:1', 'document:ü'] }],
  ])('%s comes back as it was, to nobody but the process that set it', async (name, answer) => {
    const one = await entries();
    const two = await entries();
    const entry = { answer, modelId: MODEL.id, stamp: 7 };
    await keep(one, name, entry);
    expect(
      await eventually(
        () => one.get(name),
        (seen) => seen !== undefined,
      ),
    ).toEqual(entry);
    expect(await two.get(name)).toBeUndefined();
    one.drop(name);
    await eventually(
      () => inRedis(redis, `rsfga-edge::${name}`),
      (value) => value === '',
    );
    expect(await one.get(name)).toBeUndefined();
    await Promise.all([one.close(), two.close()]);
  });

  test('they end with their time to live', async () => {
    const one = await entries();
    one.set('short', { answer: YES, modelId: MODEL.id, stamp: 0 }, 50);
    await eventually(
      () => one.get('short'),
      (seen) => seen === undefined,
    );
    await one.close();
  });

  test('the tier finds them there, and a change still drops them', async () => {
    const { tier, ask, learn, change } = await warming({ place: { url: redis.url } });
    await learn();
    expect(await eventually(ask, (seen) => 'answer' in seen)).toMatchObject({ answer: YES, cached: true });
    change('document#viewer');
    expect(await ask()).toMatchObject({ declined: 'miss' });
    await tier.close?.();
  });

  test('whoever writes into the Redis cannot make up an answer', async () => {
    const one = await entries();
    const entry = { answer: YES, modelId: MODEL.id, stamp: 7 };
    const value = await keep(one, 'mine', entry);
    await keep(one, 'sound', entry);
    inRedisNow(redis, 'SET', 'rsfga-edge::mine', value.replace('true', 'false'));
    inRedisNow(redis, 'SET', 'rsfga-edge::other', value);
    // A slow machine makes a Redis late, which is a miss as well: the one that is sound comes with them.
    const [sound, ...forged] = await eventually(
      () => Promise.all(['sound', 'mine', 'other'].map((key) => one.get(key))),
      ([first]) => first !== undefined,
    );
    expect(sound).toEqual(entry);
    expect(forged).toEqual([undefined, undefined]);
    await one.close();
  });

  test('a package of npm brings the same', async () => {
    const place = { module: '@keyv/redis', folder: import.meta.dirname, uri: redis.url };
    const { tier, ask, learn } = await warming({ place });
    await learn();
    expect(await eventually(ask, (seen) => 'answer' in seen)).toMatchObject({ answer: YES, cached: true });
    await tier.close?.();
  });

  test('a Redis that hangs holds one query for 100 ms and no other, and no end', async () => {
    const one = await entries();
    await keep(one, 'key', { answer: YES, modelId: MODEL.id, stamp: 0 });
    process.kill(redis.pid, 'SIGSTOP');
    try {
      expect(await one.get('other')).toBeUndefined();
      const failures = one.failures.length;
      expect(failures).toBeGreaterThan(0);
      const began = performance.now();
      for (let n = 0; n < 100; n += 1) expect(await one.get(`key-${n}`)).toBeUndefined();
      // Waiting for each would take ten seconds.
      expect(performance.now() - began).toBeLessThan(5_000);
      await one.close();
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  });

  test('a Redis that is gone is a miss and is told, and one that comes back is used again', async () => {
    const one = await entries();
    one.set('key', { answer: YES, modelId: MODEL.id, stamp: 0 }, 60_000);
    await eventually(
      () => one.get('key'),
      (seen) => seen !== undefined,
    );
    await redis.stop();
    expect(await one.get('other')).toBeUndefined();
    await eventually(
      async () => one.failures.length,
      (count) => count > 0,
    );
    redis = await startRedis({ port: redis.port });
    await eventually(
      async () => {
        one.set('again', { answer: YES, modelId: MODEL.id, stamp: 1 }, 60_000);
        await systemClock.sleep(50);
        return one.get('again');
      },
      (seen) => seen !== undefined,
      20_000,
    );
    await one.close();
  });
});

/** As another client of the same Redis sees it; empty when there is none. */
function inRedis(redis: Redis, key: string): Promise<string> {
  return Promise.resolve(inRedisNow(redis, 'GET', key));
}

function inRedisNow({ port }: Redis, ...command: string[]): string {
  const { stdout } = spawnSync('redis-cli', ['-p', `${port}`, ...command], { encoding: 'utf8' });
  return stdout.trim();
}

test.skipIf(!redisAvailable())('a Redis that was never there stops nothing', async () => {
  const failures: unknown[] = [];
  const options = {
    maxEntries: 1,
    clock: systemClock,
    failed: (error: unknown) => void failures.push(error),
  };
  const none = await openEntries({ ...options, place: { url: 'redis://127.0.0.1:1' } });
  none.set('key', { answer: YES, modelId: MODEL.id, stamp: 0 }, 60_000);
  expect(await none.get('other')).toBeUndefined();
  await eventually(
    async () => failures.length,
    (count) => count > 0,
  );
  await none.close();
});
