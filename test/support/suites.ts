/** Runs the suites one after the other and tells which could not run here, and why. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { BROKEN_RUN } from '../chaos/verdict.ts';
import { HOW_TO_GET_SERVERS } from './build-servers.ts';
import { HOW_TO_GET_POSTGRES, postgresAvailable } from './postgres.ts';
import { HOW_TO_GET_REDIS, redisAvailable } from './redis.ts';
import { serversAvailable } from './servers.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Stage {
  readonly name: string;
  /** Exit code. */
  readonly play: () => number;
}

/** Plays one after the other, whatever became of those before; says at the end what came of each. Exit code over all. */
export function played(stages: readonly Stage[]): number {
  const ended = stages.map(({ name, play }) => {
    const began = Date.now();
    const code = play();
    return { name, code, seconds: Math.round((Date.now() - began) / 1000) };
  });
  const failed = ended.filter(({ code }) => code !== 0).length;
  console.log('');
  for (const { name, code, seconds } of ended)
    console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name} (${seconds} s)`);
  console.log(`${ended.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Hundreds of sidecars are started from the same sources: compiled once, each begins in half the time. */
process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules/.cache/compiled');

/** More files than this do not fail because a machine is busy. */
const MOST_PLAYED_AGAIN = 3;

/**
 * Exit code of vitest over these projects. A few files that fail are run once more, by themselves, and named: several files at a
 * time share two cores with whatever else the machine does, and a deadline of a real server may pass. What fails then has failed.
 */
export function vitest(projects: readonly string[]): number {
  const report = join(mkdtempSync(join(tmpdir(), 'rsfga-report-')), 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = run([...chosen(projects), '--passWithNoTests', ...reporters]);
  const failed = code === 0 ? [] : failedFiles(report);
  rmSync(dirname(report), { recursive: true });
  if (failed.length === 0 || failed.length > MOST_PLAYED_AGAIN) return code;
  console.log(`\nfailed, and run once more by themselves:\n  ${failed.join('\n  ')}`);
  const again = run([...chosen(projects), '--no-file-parallelism', ...failed]);
  for (const file of again === 0 ? failed : []) console.log(`passed only at the second try: ${file}`);
  return again;
}

/** Paths of the files in which something failed, from the root; none when there is no report to read. */
function failedFiles(report: string): string[] {
  if (!existsSync(report)) return [];
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: readonly { name: string; status: string }[];
  };
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(ROOT, name));
}

function chosen(projects: readonly string[]): string[] {
  return projects.flatMap((project) => ['--project', project]);
}

function run(args: readonly string[]): number {
  return node(['node_modules/vitest/vitest.mjs', 'run', ...args]);
}

/** Exit code of the differential fuzz; 0 when there is no server to compare with. */
export function fuzz(minutes: number): number {
  if (!serversAvailable()) return 0;
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`\ndifferential fuzz, ${minutes} min, seed ${seed}`);
  return node(['test/conformance/fuzz/run.ts', '--minutes', `${minutes}`, '--seed', `${seed}`]);
}

/** Exit code of random chaos on real processes; 0 when there is no server to play with. A run that broke is begun once more. */
export function chaos(minutes: number): number {
  if (!serversAvailable()) return 0;
  const code = chaosOnce(minutes);
  return code === BROKEN_RUN ? chaosOnce(minutes) : code;
}

function chaosOnce(minutes: number): number {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`\nchaos, ${minutes} min, seed ${seed}`);
  return node(['test/chaos/run.ts', '--again', '--minutes', `${minutes}`, '--seed', `${seed}`]);
}

/** One line for each thing that is missing, naming the suites that need it and how to get it. */
export function suitesNotRun(ending: string): string[] {
  const files = globSync(`test/**/*${ending}`, { cwd: ROOT }).map((file) => ({
    file,
    text: readFileSync(join(ROOT, file), 'utf8'),
  }));
  const needing = (word: string) => files.filter(({ text }) => text.includes(word)).map(({ file }) => file);
  const lines: string[] = [];
  if (!serversAvailable()) {
    lines.push(notRun('openfga and nats-server', HOW_TO_GET_SERVERS, needing('serversAvailable')));
    lines.push('not run: differential fuzz, chaos (no openfga)');
  }
  if (!postgresAvailable()) {
    lines.push(notRun('postgresql', HOW_TO_GET_POSTGRES, needing('postgresAvailable')));
  }
  if (!redisAvailable()) lines.push(notRun('redis-server', HOW_TO_GET_REDIS, needing('redisAvailable')));
  return lines;
}

function notRun(missing: string, how: string, files: readonly string[]): string {
  return `not run, ${missing} missing (${how}): ${files.join(', ') || 'no suite'}`;
}

function node(args: readonly string[]): number {
  return spawnSync(process.execPath, [...args], { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}
