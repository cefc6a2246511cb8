import { expect, test } from 'vitest';
import { createLogger, logLevel } from '../../src/telemetry/logger.ts';

function record(options: Parameters<typeof createLogger>[0] = {}) {
  const lines: string[] = [];
  const log = createLogger({ ...options, sink: { write: (line) => void lines.push(line) } });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('one JSON object per line, with who says it, the level as a word and the time to read', () => {
  const { log, parsed } = record({ base: { role: 'edge', edge: 'tokyo-1' } });
  log.info({ store: 'a' }, 'synced');
  expect(parsed()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      role: 'edge',
      edge: 'tokyo-1',
      store: 'a',
      msg: 'synced',
    },
  ]);
});

test('lines below the level are not written', () => {
  const { log, lines } = record({ level: 'warn' });
  log.info({}, 'a');
  log.warn({}, 'b');
  expect(lines).toHaveLength(1);
});

test('secrets are masked by their name', () => {
  const { log, lines } = record();
  log.info(
    {
      token: 'geheim',
      config: { apiToken: 'geheim' },
      request: { headers: { authorization: 'Bearer geheim' } },
    },
    'x',
  );
  expect(lines.join()).not.toContain('geheim');
});

test('secrets are masked by their value, wherever they turn up, also with quotes in them', () => {
  const { log, lines } = record({ secrets: ['k3y-12345', 'with"quote', 'abc'] });
  log.error({ err: new Error('refused: k3y-12345'), url: 'nats://user:pw@hub:4222' }, 'with"quote abc');
  const text = lines.join();
  expect(text).not.toMatch(/k3y-12345|quote|user:pw/);
  // too short to be told from an ordinary word
  expect(text).toContain('abc');
  expect(() => JSON.parse(text)).not.toThrow();
});

test('a word that is no level is not taken for one', () => {
  expect([logLevel('debug'), logLevel('loud')]).toEqual(['debug', undefined]);
});
