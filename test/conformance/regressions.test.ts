/** Every mismatch that the fuzz has found: the engine now says what the server said, or declines where the file says so. */
import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/engine/evaluate.ts';
import { MemoryReader } from '../support/memory-reader.ts';
import { engineSays } from './fuzz/compare.ts';
import { readRegressions } from './fuzz/repro.ts';

describe('the engine', () => {
  it.each(readRegressions())('$name', ({ steps, query, server, declined }) => {
    const reader = new MemoryReader(
      steps.map((step) => step.model),
      steps.flatMap((step) => step.tuples),
    );
    const said = engineSays(createEngine({ budget: { millis: 10_000 } }), { reader }, query);
    if (declined === undefined) expect(said).toEqual(server);
    else expect(said).toMatchObject({ declined });
  });
});
