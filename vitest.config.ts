import { defineConfig } from 'vitest/config';

/** `*.test.ts` needs nothing; `*.real.test.ts` needs real servers; `*.long.test.ts` belongs to `npm run test:long`,
 * `*.foreign.test.ts` (programs in other languages, fetched from their registries) to `npm run test:foreign`. */
const real = 'test/**/*.real.test.ts';
const long = 'test/**/*.long.test.ts';
const foreign = 'test/**/*.foreign.test.ts';

/** Tests, and real servers all the more, wait more than they work: so many files at a time fit two cores. */
const FILES_AT_ONCE = 3;

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'house', include: ['test/house/**/*.test.ts'] } },
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/house/**', real, long, foreign],
          testTimeout: 20_000,
          maxWorkers: FILES_AT_ONCE,
        },
      },
      {
        test: {
          name: 'real',
          include: [real],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: FILES_AT_ONCE,
        },
      },
      {
        test: {
          name: 'long',
          include: [long],
          testTimeout: 1_800_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'foreign',
          include: [foreign],
          testTimeout: 1_800_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
