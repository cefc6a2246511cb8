/** The list of what may be declined, and what was. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Report, Way } from './conform.ts';
import type { SuiteName } from './suite.ts';

export interface Declines {
  readonly suite: SuiteName;
  readonly way: Way;
  /** Test, stage and question. */
  readonly where: string;
  readonly reason: string;
}

export function listedDeclines(suite: SuiteName, way: Way): Declines[] {
  const list = parse(readFileSync(join(import.meta.dirname, 'declined.yaml'), 'utf8')) as readonly Declines[];
  return list.filter((entry) => entry.suite === suite && entry.way === way);
}

export function declinesOf(suite: SuiteName, way: Way, reports: readonly Report[]): Declines[] {
  return reports.flatMap(({ declined }) =>
    declined.map(({ where, said }) => ({
      suite,
      way,
      where,
      reason: 'declined' in said ? said.declined : '',
    })),
  );
}
