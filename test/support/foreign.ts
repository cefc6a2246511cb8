/** Programs in other languages, fetched from their registries: each a suite that is named, and played again when it fails. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serversAvailable } from './servers.ts';

export interface ForeignSuite {
  readonly name: string;
  /** What has to be on PATH. */
  readonly tools: readonly string[];
  readonly file: string;
}

const CLIENTS = 'test/clients/clients.foreign.test.ts';

/** The names are those of the tests in these files. */
export const FOREIGN_SUITES: readonly ForeignSuite[] = [
  { name: 'python client', tools: ['python3'], file: CLIENTS },
  { name: 'go client', tools: ['go'], file: CLIENTS },
  { name: 'java client', tools: ['java', 'mvn'], file: CLIENTS },
  { name: 'cli client', tools: ['go', 'curl'], file: CLIENTS },
  { name: 'OpenFGA’s Go suites', tools: ['go'], file: 'test/conformance/go-suites.foreign.test.ts' },
];

/**
 * Go as `build-servers.ts` calls it: what was compiled for the server is then not compiled again for its suites. Neither may
 * flags of this machine change what is compiled.
 */
export const GO_ENV = { CGO_ENABLED: '0', GOFLAGS: '' };

/** Names what is missing; with `CI=true` that is an error. */
export function missingTool(name: string): string | undefined {
  const suite = FOREIGN_SUITES.find((one) => one.name === name);
  if (suite === undefined) throw new Error(`no foreign suite ${name}`);
  const missing = suite.tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing !== undefined && process.env.CI === 'true')
    throw new Error(`${name} cannot be run: ${missing} is not on PATH`);
  return missing;
}

export interface Step {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const TRIES = 3;
const PAUSE_MS = 5_000;

/** What asks a registry may fail for its sake: tried three times. Throws with the end of what the tool said. */
export async function fetched(step: Step): Promise<void> {
  for (let tried = 1; ; tried++) {
    const { code, output } = await ran(step);
    if (code === 0) return;
    const what = `${step.command} ${step.args.join(' ')}`;
    if (tried === TRIES)
      throw new Error(`${what} failed (is the registry within reach?)\n${output.slice(-3_000)}`);
    console.log(`${what} failed, and is tried again`);
    await sleep(PAUSE_MS);
  }
}

export interface Ran {
  readonly code: number | null;
  /** The end of what it wrote. */
  readonly output: string;
}

/** Not `spawnSync`: the test's own connections would be found dead after it. */
export function ran({ command, args, cwd, env, timeoutMs }: Step): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, timeout: timeoutMs });
    let output = '';
    const keep = (data: Buffer) => {
      output = (output + data.toString()).slice(-200_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

const ROOT = join(import.meta.dirname, '../..');

/** Exit code over all of them: each by itself, one that fails once more. Says of each what came of it, and how long it took. */
export function foreign(): number {
  const lines: string[] = [];
  let failed = 0;
  for (const suite of FOREIGN_SUITES) {
    const began = Date.now();
    const outcome = played(suite);
    if (outcome === 'failed') failed = 1;
    lines.push(`foreign: ${suite.name}: ${outcome} (${Math.round((Date.now() - began) / 1000)} s)`);
  }
  console.log(`\n${lines.join('\n')}`);
  return failed;
}

function played({ name, tools, file }: ForeignSuite): string {
  if (!serversAvailable()) return 'not run, openfga or nats-server is missing';
  const missing = tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing !== undefined) return process.env.CI === 'true' ? 'failed' : `not run, ${missing} is missing`;
  const play = () => playedOnce(file, name);
  if (play()) return 'passed';
  console.log(`\n${name} failed, and is played once more`);
  return play() ? 'passed only at the second try' : 'failed';
}

/** A run in which no test has that name has proved nothing. */
function playedOnce(file: string, name: string): boolean {
  const report = join(mkdtempSync(join(tmpdir(), 'rsfga-foreign-')), 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'foreign',
    file,
    '-t',
    name,
    ...reporters,
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  const { numPassedTests } = existsSync(report)
    ? (JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number })
    : { numPassedTests: 0 };
  rmSync(dirname(report), { recursive: true });
  return status === 0 && numPassedTests > 0;
}
