import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusalRows } from '../e2e/refusals.ts';

test('docs/security.md lists what the logins were tried with, and how it was refused', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| (tokyo|london|monitor|ops) \|/.test(line));
  expect(rows).toEqual(refusalRows());
});
