import { expect, test } from 'vitest';
import { silentLog } from '../../src/plugin/log.ts';
import { connectionsThatFit, openFilesLimit } from '../../src/sidecar/open-files.ts';

const LIMITS = {
  concurrentQueries: 4_096,
  connections: 20_000,
  streams: 1_000,
  requestBytes: 1,
  heldBytes: 1,
  headerBytes: 1,
  headers: 1,
  headerTimeoutMs: 1,
  requestTimeoutMs: 1,
  idleTimeoutMs: 1,
  stallTimeoutMs: 1,
};

test.each([
  [1_048_576, 20_000],
  [20_000, 15_392],
  [4_096, 2_048],
  [1_024, 512],
  [undefined, 20_000],
])('of %s open files %s are for clients, and it is said when that is fewer than configured', (files, fit) => {
  const said: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void said.push(fields) };
  expect(connectionsThatFit(LIMITS, files, log)).toBe(fit);
  expect(said).toEqual(fit < 20_000 ? [{ openFiles: files, connections: fit, limit: 20_000 }] : []);
});

test('two listeners share them', () => {
  expect(connectionsThatFit({ ...LIMITS, listeners: 2 }, 20_000, silentLog)).toBe(7_696);
  expect(connectionsThatFit({ ...LIMITS, listeners: 2 }, 1_048_576, silentLog)).toBe(20_000);
});

test.runIf(process.platform === 'linux')('the system says how many there may be', () => {
  expect(openFilesLimit()).toBeGreaterThan(100);
});
