import { describe, expect, test } from 'vitest';
import { countTuples } from '../../src/cli/plan-count.ts';
import { createOrderedUpstream } from '../support/ordered-upstream.ts';

const A = '01J0000000000000000000000A';

describe('tuples are counted', () => {
  const tuples = [
    ...['one', 'two', 'three'].map((id) => ({
      user: 'user:anne',
      relation: 'owner',
      object: `document:${id}`,
    })),
    { user: 'user:anne', relation: 'member', object: 'group:g' },
  ];
  const world = () => {
    const upstream = createOrderedUpstream();
    upstream.commit({ writes: tuples });
    return upstream;
  };
  const options = { storeId: A, now: () => 0, progress() {} };

  test('by type, and by whether they would be kept', async () => {
    const count = (keeps: Parameters<typeof countTuples>[1]['keeps']) =>
      countTuples(world(), { ...options, keeps });
    const whole = { tuples: 4, whole: true, byType: { document: 3, group: 1 } };
    expect(await count({ objectTypes: ['document'] })).toEqual({ ...whole, here: 3 });
    expect(await count('everything')).toEqual({ ...whole, here: 4 });
    expect(await count('nothing')).toEqual({ ...whole, here: 0 });
  });

  test('page by page up to a bound, and what was counted is told meanwhile', async () => {
    const pages = ['', 'two', 'three'];
    const upstream = {
      ...world(),
      readTuples: async (_: string, token: string) => ({
        tuples: tuples.slice(0, 2),
        continuationToken: pages[pages.indexOf(token) + 1] ?? '',
      }),
    };
    let now = 0;
    const told: number[] = [];
    const moving = {
      ...options,
      keeps: 'everything',
      now: () => {
        now += 600;
        return now;
      },
      progress: (n: number) => void told.push(n),
    } as const;
    expect(await countTuples(upstream, moving)).toMatchObject({ tuples: 6, whole: true });
    expect(told).toEqual([4]);
    expect(await countTuples(upstream, { ...moving, most: 3 })).toMatchObject({ tuples: 4, whole: false });
  });
});
