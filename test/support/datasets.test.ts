import { expect, test } from 'vitest';
import { keyText } from '../../src/fga/tuple.ts';
import { companyDataset } from './datasets.ts';

test('a dataset has exactly as many distinct tuples as asked for', () => {
  const { tuples } = companyDataset(10_000, 1);
  expect(new Set(tuples.map(keyText)).size).toBe(10_000);
});

test('the same seed gives the same data and questions, another seed gives others', () => {
  const [a, b, c] = [companyDataset(2_000, 7), companyDataset(2_000, 7), companyDataset(2_000, 8)];
  expect(a.tuples).toEqual(b.tuples);
  expect(a.checks(100, 3)).toEqual(b.checks(100, 3));
  expect(a.tuples).not.toEqual(c.tuples);
});
