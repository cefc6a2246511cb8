import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADVICE } from '../../src/telemetry/advice.ts';
import { createHealth, judgeLog, LAG_LIMIT } from '../../src/telemetry/health.ts';

const CALM = { disconnected: undefined, consumerLag: 0, publishError: undefined };

test('healthy until a condition stands; the worst one is the state', () => {
  const health = createHealth({ now: () => 5 });
  expect(health.report()).toEqual({ state: 'healthy', conditions: [], past: [] });
  health.raise('lag', 'degraded', 'Behind.');
  health.raise('disk', 'unhealthy', 'Full.', new Error('ENOSPC'));
  expect(health.report().state).toBe('unhealthy');
  expect(health.report().conditions.map((c) => c.name)).toEqual(['disk', 'lag']);
  health.clear('disk');
  expect(health.report().state).toBe('degraded');
});

test('a condition that goes on keeps since when, and shows its newest reason and error', () => {
  let now = 100;
  const health = createHealth({ now: () => now });
  health.raise('publish', 'degraded', 'one waits', new Error('first'));
  now = 200;
  health.raise('publish', 'degraded', 'two wait', new Error('second'));
  health.raise('publish', 'degraded', 'three wait');
  expect(health.report().conditions).toEqual([
    {
      ...{ name: 'publish', severity: 'degraded', reason: 'three wait', sinceMs: 100, lastError: 'second' },
      advice: ADVICE.publish,
    },
  ]);
});

test('the last error says what is at the bottom of it', () => {
  const health = createHealth();
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
  health.raise('copy', 'degraded', 'x', new Error('the upstream server cannot be reached', { cause }));
  expect(health.report().conditions[0]?.lastError).toBe(
    'the upstream server cannot be reached (connect ECONNREFUSED 127.0.0.1:1)',
  );
});

test('what ended is remembered, newest first and not without end', () => {
  let now = 0;
  const health = createHealth({ now: () => now++ });
  for (let i = 0; i < 30; i++) {
    health.raise('lag', 'degraded', `number ${i}`);
    health.clear('lag');
  }
  const { past, state } = health.report();
  expect(state).toBe('healthy');
  expect(past).toHaveLength(20);
  expect(past[0]).toMatchObject({ reason: 'number 29', sinceMs: 58, clearedMs: 59 });
});

test('each begin and each end is told once', () => {
  const told: string[] = [];
  const health = createHealth({ changed: (condition, event) => told.push(`${condition.name} ${event}`) });
  health.raise('lag', 'degraded', 'x');
  health.raise('lag', 'degraded', 'y');
  health.clear('lag');
  health.clear('lag');
  expect(told).toEqual(['lag raised', 'lag cleared']);
});

test('a cut link, a lag over 10000 and failing publishing are degraded, each with its reason, and clear themselves', () => {
  const health = createHealth();
  judgeLog(health, {
    disconnected: { error: 'ECONNREFUSED' },
    consumerLag: LAG_LIMIT + 1,
    publishError: new Error('no responders'),
  });
  const { state, conditions } = health.report();
  expect(state).toBe('degraded');
  expect(conditions.map((c) => [c.name, c.lastError])).toEqual([
    ['disconnected', 'ECONNREFUSED'],
    ['lag', undefined],
    ['publish', 'no responders'],
  ]);
  judgeLog(health, { ...CALM, consumerLag: LAG_LIMIT });
  expect(health.report().state).toBe('healthy');
});

test('every condition that can be raised says what to look at, and stands in docs/operations.md', () => {
  const root = join(import.meta.dirname, '../..');
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'));
  const raised = sources.flatMap((text) =>
    [...text.matchAll(/\.?raise\(\s*'([\w-]+)'/g)].map(([, name]) => name ?? ''),
  );
  // What the replica, or TLS, is in trouble with is raised by the name of it.
  const named = ['follow', 'freshness', 'copy', 'unknown-store', 'upstream-tls', 'primary-tls', 'issuer-tls'];
  const names = new Set([...raised, ...named]);
  expect(Object.keys(ADVICE).toSorted()).toEqual([...names].toSorted());
  const operations = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  expect([...names].filter((name) => !operations.includes(`\`${name}\``))).toEqual([]);
});
