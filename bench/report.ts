/** The results as a table to read and a file to quote. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { NATS, OPENFGA } from '../test/support/build-servers.ts';
import type { EngineRow } from './engine.ts';
import type { Figures, RowResult } from './measure.ts';
import type { Propagation } from './propagation.ts';

export interface Report {
  readonly at: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly quick: boolean;
  readonly rounds: number;
  readonly rows: readonly RowResult[];
  readonly propagation?: Propagation;
  /** The engine alone, when it was measured. */
  readonly engine?: readonly EngineRow[];
  readonly bootstrap: readonly {
    readonly setting: string;
    readonly tuples: number;
    readonly seconds: number;
  }[];
  readonly marks: readonly Mark[];
}

export interface Mark {
  readonly says: string;
  readonly value: number;
  readonly met: boolean;
}

const RESULTS = join(import.meta.dirname, 'results');
const DOCS = join(import.meta.dirname, '../docs/performance.md');

export function machineText(): string {
  const cores = cpus();
  return `${cores.length} × ${cores[0]?.model ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`;
}

/** Only what was measured is judged. */
export function marksOf({ rows, propagation, engine = [] }: Omit<Report, 'marks'>): Mark[] {
  const marks: Mark[] = [];
  for (const { id, perSecond, mark } of engine) {
    if (mark === undefined) continue;
    marks.push({ says: `engine ${id}: at least ${count(mark)}/s`, value: perSecond, met: perSecond >= mark });
  }
  const ratio = (id: string, name: string, atLeast: number) => {
    for (const row of rows.filter((r) => r.id === id)) {
      const value = row.ratios[name];
      if (value === undefined) continue;
      const says = `${id} (${row.setting}, ${count(row.tuples)} tuples): ${name} at least ${atLeast}`;
      marks.push({ says, value, met: value >= atLeast });
    }
  };
  for (const id of ['direct', 'nested']) ratio(id, 'edge / bare', 0.6);
  for (const id of ['direct', 'nested']) ratio(id, 'edge / openfga', 2);
  ratio('forwarded', 'edge / openfga', 0.4);
  for (const id of ['batch-50', 'list-objects-10', 'list-objects-1000', 'list-objects-and']) {
    ratio(id, 'edge / openfga', 5);
  }
  if (propagation) {
    const says = 'propagation: p50 at most 3 × a bare JetStream batch';
    marks.push({ says, value: propagation.ratio, met: propagation.ratio <= 3 });
  }
  return marks;
}

export function markdown(report: Report): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `# Bench, ${report.at}${report.quick ? ' (quick)' : ''}`,
    '',
    `${report.machine}. ${versions.join(', ')}. Medians of ${report.rounds} interleaved rounds, 50 connections, the load in a process of its own.`,
    '',
    ...rowTable(report.rows),
    '',
    ...propagationTable(report.propagation),
    ...engineTable(report.engine),
    '## Bootstrap',
    '',
    '| setting | tuples | seconds from process start to synced |',
    '|---|---|---|',
    ...report.bootstrap.map((b) => `| ${b.setting} | ${count(b.tuples)} | ${b.seconds.toFixed(1)} |`),
    '',
    '## Marks',
    '',
    '| mark | value | |',
    '|---|---|---|',
    ...report.marks.map(
      (m) =>
        `| ${m.says} | ${m.value >= 1000 ? count(m.value) : m.value.toFixed(2)} | ${m.met ? 'met' : '**missed**'} |`,
    ),
    '',
  ].join('\n');
}

/** `bench/results/latest.json` and `latest.md`. */
export function save(report: Report): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(RESULTS, 'latest.md'), markdown(report));
}

/** Puts the report between the marks in docs/performance.md, so that nobody copies figures by hand. */
export function record(report: Report): void {
  recordBetween('recorded run', markdown(report).replace(/^#/gm, '##'));
}

/** What one of the smaller programs measured: `bench/results/<name>.json`, and with `--record` its place in the docs. */
export interface Section {
  /** Name of the file and of the marks in docs/performance.md. */
  readonly name: string;
  readonly quick: boolean;
  /** For programs. */
  readonly results: object;
  /** For readers, below a heading that stands in the docs already. */
  readonly lines: readonly string[];
}

/** Prints it. A quick run only shows that the rows work: nothing of it is kept. */
export function publish(section: Section, toDocs: boolean): void {
  const { name, quick, results, lines } = section;
  const about = { at: new Date().toISOString(), machine: machineText(), quick, versions: versions() };
  const said = Object.entries(about.versions).map(([program, version]) => `${program} ${version}`);
  const head = `${about.at}${quick ? ' (quick)' : ''}. ${about.machine}. ${said.join(', ')}.`;
  const text = [head, '', ...lines].join('\n').trimEnd();
  console.log(`\n${text}`);
  if (quick && toDocs) throw new Error('a quick run is not recorded: leave out --quick or --record');
  if (quick) return;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify({ ...about, ...results }, null, 2)}\n`);
  if (toDocs) recordBetween(name, text);
}

export function versions(): Readonly<Record<string, string>> {
  return { node: process.version, openfga: OPENFGA.version, 'nats-server': NATS.version };
}

function recordBetween(name: string, markdownText: string): void {
  const text = readFileSync(DOCS, 'utf8');
  const [first, last] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [begin, end] = [text.indexOf(first), text.indexOf(last)];
  if (begin < 0 || end < begin) throw new Error(`${DOCS} has no place between ${first} and ${last}`);
  writeFileSync(DOCS, `${text.slice(0, begin)}${first}\n\n${markdownText}\n\n${text.slice(end)}`);
}

export function rowTable(rows: readonly RowResult[]): string[] {
  const head = [
    '| row | setting | target | requests/s | p50 ms | p99 ms | CPU µs/request | ratio of requests/s | ratio of CPU |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  return [
    ...head,
    ...rows.flatMap(rowLines),
    '',
    ...rows.map((row) => `- **${row.id}**, ${row.setting}: ${row.says}. ${row.notes.join('; ')}`),
  ];
}

function rowLines(row: RowResult): string[] {
  const targets = Object.entries(row.figures);
  const subject = targets.at(-1);
  return targets.map(([name, figures]) => {
    const ratio = row.ratios[`${subject?.[0]} / ${name}`];
    return `| ${[
      row.id,
      `${row.setting}, ${count(row.tuples)} tuples`,
      name,
      count(figures.requestsPerSecond),
      figures.p50Ms.toFixed(2),
      figures.p99Ms.toFixed(2),
      figures.cpuUs?.toFixed(0) ?? '–',
      ratio === undefined ? '' : `${subject?.[0]} / ${name} = ${ratio.toFixed(2)}`,
      ratio === undefined ? '' : cpuRatio(subject?.[1], figures),
    ].join(' | ')} |${warnings(figures)}`;
  });
}

/** How many times as much CPU the other one used for a request. */
function cpuRatio(subject: Figures | undefined, other: Figures): string {
  return subject?.cpuUs && other.cpuUs ? (other.cpuUs / subject.cpuUs).toFixed(2) : '–';
}

function warnings({ refused, loadShare }: Figures): string {
  const refusals = refused > 0 ? ` ${refused} answers were not 200` : '';
  return loadShare > 0.9 ? `${refusals} the load process was the limit` : refusals;
}

function propagationTable(propagation: Propagation | undefined): string[] {
  if (!propagation) return [];
  const line = (says: string, { p50Ms, p99Ms }: { p50Ms: number; p99Ms: number }) =>
    `| ${says} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`;
  return [
    `## Propagation, ${propagation.samples} samples, ${propagation.missed} missed`,
    '',
    '| | p50 ms | p99 ms |',
    '|---|---|---|',
    line(
      'Write acknowledged at the centre → its Check answered at the edge',
      propagation.acknowledgedToVisible,
    ),
    line('Write sent → the same', propagation.sentToVisible),
    line('a Check at the idle edge (part of both)', propagation.checkRoundTrip),
    line('bare JetStream: atomic batch of two sent → delivered', propagation.bareBatch),
    '',
  ];
}

function engineTable(rows: readonly EngineRow[] | undefined): string[] {
  if (!rows) return [];
  return [
    '## The engine alone, on the LMDB store, no HTTP, one core',
    '',
    '| row | tuples | Checks/s | declined |',
    '|---|---|---|---|',
    ...rows.map((r) => `| ${r.id} | ${count(r.tuples)} | ${count(r.perSecond)} | ${r.declined} |`),
    '',
  ];
}

export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');
}
