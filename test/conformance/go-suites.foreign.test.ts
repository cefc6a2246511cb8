/**
 * OpenFGA's own Go suites (tests/check, tests/listobjects, tests/listusers of the pinned module: the data-driven ones and the
 * matrices) against the gRPC port of an edge, through a central sidecar and a real server. Go compares the answers;
 * here is compared who gave them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/children.ts';
import { fetched, GO_ENV, missingTool, ran } from '../support/foreign.ts';
import { serversAvailable } from '../support/servers.ts';
import { type Edge, startEdge } from './edge-harness.ts';

const MODULE = join(import.meta.dirname, 'go');
/** Compiling OpenFGA's packages for the first time takes minutes on a small machine, and each test of theirs is a new store. */
const RUN_MS = 1_500_000;
/** There are 6 499; fewer by far would mean that some suites were not run. */
const LEAST_LOCAL = 6_000;

const NAME = 'OpenFGA’s Go suites';

describe.skipIf(!serversAvailable() || missingTool(NAME) !== undefined)(NAME, () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.stop());

  test('are answered by the edge itself, save what is listed', { timeout: RUN_MS + 60_000 }, async () => {
    const books = join(temporaryFolder('go-suites'), 'books');
    const go = { command: 'go', cwd: MODULE, timeoutMs: RUN_MS };
    await fetched({ ...go, args: ['mod', 'download'], env: GO_ENV });
    // Their tests wait for an edge more than they work: many side by side.
    const args = ['test', '-count=1', '-vet=off', '-parallel=32', '-timeout=15m', '.'];
    const env = { ...GO_ENV, EDGE_GRPC: edge.grpc, DECLINED_FILE: books };
    const run = await ran({ ...go, args, env });
    expect(run.code, run.output.slice(-8_000)).toBe(0);
    const lines = readFileSync(books, 'utf8').trim().split('\n');
    expect(withoutCount(lines.filter((line) => line.startsWith('declined ')))).toEqual(listed());
    const local = lines
      .filter((line) => line.startsWith('local '))
      .map((line) => Number(line.split(' x')[1]));
    expect(local.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(LEAST_LOCAL);
  });
});

/** `declined.txt`: reason, method and question of each decline, sorted; a line with `//` is a comment. */
function listed(): string[] {
  const text = readFileSync(join(MODULE, 'declined.txt'), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('//'));
}

/** How often a question comes depends on how often the suites repeat it. */
function withoutCount(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/ x\d+$/, '')).sort();
}
