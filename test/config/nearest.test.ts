import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const KEYS = ['edge_id', 'listen', 'upstream', 'products', 'default_tier'];

test('a slip of the finger finds the word that was meant', () => {
  expect(
    ['edgeId', 'EDGE-ID', 'edeg_id', 'lisetn', 'upstrem', 'product', 'tier'].map((w) => nearest(w, KEYS)),
  ).toEqual(['edge_id', 'edge_id', 'edge_id', 'listen', 'upstream', 'products', 'default_tier']);
});

test('nothing is suggested for what is far from everything', () => {
  expect(nearest('zzzzzz', KEYS)).toBeUndefined();
  expect(nearest('x', [])).toBeUndefined();
});
