/**
 * OpenFGA's own data-driven suites, read from the Go module cache of the pinned version and never kept here
 * (contract section 9.1). `consolidated` covers the rewrites, `abac` the conditions.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { JsonObject, Tuple, TupleKey } from '../../src/fga/tuple.ts';
import { OPENFGA } from '../support/build-servers.ts';

export const SUITES = { consolidated: 'consolidated_1_1_tests.yaml', abac: 'abac_tests.yaml' } as const;
export type SuiteName = keyof typeof SUITES;

export interface SuiteTest {
  readonly name: string;
  readonly stages: readonly Stage[];
}

export interface Stage {
  readonly name?: string;
  /** Modelling language. */
  readonly model: string;
  readonly tuples?: readonly Tuple[];
  readonly checkAssertions?: readonly CheckAssertion[];
  readonly listObjectsAssertions?: readonly ListObjectsAssertion[];
  readonly listUsersAssertions?: readonly ListUsersAssertion[];
}

interface Assertion {
  readonly contextualTuples?: readonly Tuple[] | null;
  readonly context?: JsonObject | null;
  /** In place of an expectation. */
  readonly errorCode?: number;
}

export interface CheckAssertion extends Assertion {
  readonly tuple: TupleKey;
  readonly expectation?: boolean;
}

export interface ListObjectsAssertion extends Assertion {
  readonly request: { readonly user: string; readonly type: string; readonly relation: string };
  readonly expectation?: readonly string[] | null;
}

export interface ListUsersAssertion extends Assertion {
  /** `filters` holds one `type` or `type#relation`. */
  readonly request: {
    readonly filters: readonly string[];
    readonly object: string;
    readonly relation: string;
  };
  readonly expectation?: readonly string[] | null;
}

/** For `describe.skipIf(!suitesAvailable())`; downloads the module when Go can. */
export function suitesAvailable(): boolean {
  const available = folder() !== undefined;
  if (!available && process.env.CI === 'true') throw new Error(`${MODULE} is not in the Go module cache`);
  return available;
}

/** A test that has the name of an earlier one gets a number. */
export function readSuite(name: SuiteName): readonly SuiteTest[] {
  const path = join(folder() ?? '', SUITES[name]);
  const { tests } = parse(readFileSync(path, 'utf8')) as { tests: readonly SuiteTest[] };
  const seen = new Map<string, number>();
  return tests.map((test) => {
    const count = (seen.get(test.name) ?? 0) + 1;
    seen.set(test.name, count);
    return count === 1 ? test : { ...test, name: `${test.name} (${count})` };
  });
}

const MODULE = `${OPENFGA.goModule}@${OPENFGA.version}`;
let known: string | undefined;

function folder(): string | undefined {
  known ??= caches().find(existsSync) ?? downloaded();
  return known;
}

function caches(): string[] {
  const { GOMODCACHE, GOPATH } = process.env;
  const roots = [GOMODCACHE, join(GOPATH ?? join(homedir(), 'go'), 'pkg/mod')];
  return roots
    .filter((root) => root !== undefined && root !== '')
    .map((root) => join(`${root}`, MODULE, 'assets/tests'));
}

function downloaded(): string | undefined {
  const run = spawnSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8', timeout: 120_000 });
  return run.status === 0 ? join(String(JSON.parse(run.stdout).Dir), 'assets/tests') : undefined;
}
