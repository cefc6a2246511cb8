/**
 * Asks one edge again and again while things break, and holds each of its own answers against the book: no transaction half,
 * no step back, none older than it says, none older than the bound. What the edge forwards is not judged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, fieldOf, type Reply } from '../support/api.ts';
import type { Chance } from '../support/chance.ts';
import type { Sidecar } from '../support/fleet.ts';
import { type Book, overtakenAt } from './book.ts';
import { cellKey, versionOf } from './company.ts';

export interface Seen {
  /** Answers that the edge gave itself. */
  local: number;
  forwarded: number;
  /** 503: it had nothing that may be answered. */
  denied: number;
  /** No answer: the edge was not there. */
  failed: number;
  /** The oldest of its own answers, as it said itself. */
  longestStalenessMs: number;
  /** Its own answers that showed a counter between two versions. */
  half: string[];
  /** Anything else that was promised not to happen. */
  violations: string[];
}

export interface Watcher {
  readonly edge: Sidecar;
  readonly seen: Seen;
  stop(): Promise<void>;
}

export interface WatcherOptions {
  readonly edge: Sidecar;
  readonly storeId: string;
  readonly book: Book;
  readonly chance: Chance;
  readonly boundMs: number;
}

const PAUSE_MS = 8;
const FAILED_PAUSE_MS = 50;

export function startWatcher(options: WatcherOptions): Watcher {
  const stop = new AbortController();
  const seen: Seen = {
    local: 0,
    forwarded: 0,
    denied: 0,
    failed: 0,
    longestStalenessMs: 0,
    half: [],
    violations: [],
  };
  const running = watch(options, seen, stop.signal);
  return {
    edge: options.edge,
    seen,
    async stop() {
      stop.abort();
      await running;
    },
  };
}

async function watch(options: WatcherOptions, seen: Seen, signal: AbortSignal): Promise<void> {
  const counters = createCounterWatch(options, seen);
  const cells = createCellWatch(options, seen);
  while (!signal.aborted) {
    const came = await (options.chance.below(4) === 0 ? cells() : counters());
    await sleep(came ? PAUSE_MS : FAILED_PAUSE_MS);
  }
}

/** One question about a random counter: exactly one version is whole, not before the last one seen, young enough. */
function createCounterWatch(options: WatcherOptions, seen: Seen): () => Promise<boolean> {
  const last = new Map<string, number>();
  return async () => {
    const { edge, storeId, book, chance } = options;
    const [name, line] = chance.pick([...book.counters]);
    const askedAt = performance.now();
    const body = {
      object: { type: 'document', id: name },
      relation: 'whole',
      user_filters: [{ type: 'user' }],
    };
    const reply = await ask(edge, `/stores/${storeId}/list-users`, body);
    const age = judgeSource(options, seen, reply);
    if (!reply || age === undefined) return reply !== undefined;
    const users = fieldOf(reply, 'users') as readonly { readonly object: { readonly id: string } }[];
    const versions = users.map((user) => versionOf(user.object.id));
    const where = `${edge.name} ${name} at ${reply.headers['rsfga-revision']}`;
    const [version] = versions;
    if (version === undefined || versions.length > 1) {
      seen.half.push(`${where}: whole are [${versions}]`);
      return true;
    }
    const before = last.get(name) ?? 0;
    if (version < before) seen.violations.push(`${where}: version ${version} after ${before}`);
    last.set(name, Math.max(before, version));
    const overtaken = overtakenAt(line, version);
    const olderThanMs = overtaken === undefined ? 0 : askedAt - overtaken;
    if (olderThanMs > age)
      seen.violations.push(
        `${where}: version ${version} was overtaken ${Math.round(olderThanMs)} ms ago, it says ${age} ms`,
      );
    return true;
  };
}

/** The greatest number seen in a cell's condition is a floor for what it may hold later. */
function createCellWatch(options: WatcherOptions, seen: Seen): () => Promise<boolean> {
  const floors = new Map<string, number>();
  return async () => {
    const { edge, storeId, book, chance } = options;
    const [name, line] = chance.pick([...book.cells]);
    const floor = floors.get(name) ?? 0;
    const newest = Math.floor(line.at / 2);
    const item = (op: 'lt' | 'ge', at: number) => ({
      tuple_key: cellKey(name),
      context: { op, at },
      correlation_id: op,
    });
    const body = { checks: [item('lt', floor), item('ge', newest)] };
    const reply = await ask(edge, `/stores/${storeId}/batch-check`, body);
    if (!reply || judgeSource(options, seen, reply) === undefined) return reply !== undefined;
    const result = fieldOf(reply, 'result') as Record<string, { allowed?: boolean }>;
    if (result.lt?.allowed)
      seen.violations.push(`${edge.name} ${name}: holds a number below ${floor}, which was there before`);
    if (result.ge?.allowed) floors.set(name, Math.max(floor, newest));
    return true;
  };
}

async function ask(edge: Sidecar, path: string, body: object): Promise<Reply | undefined> {
  return call(edge.http, path, { body }).catch(() => undefined);
}

/** Counts the reply; its staleness when the edge answered by itself, else undefined. */
function judgeSource({ edge, boundMs }: WatcherOptions, seen: Seen, reply?: Reply): number | undefined {
  if (!reply) seen.failed += 1;
  else if (reply.headers['rsfga-served-by'] !== 'local') {
    if (reply.status === 503) seen.denied += 1;
    else seen.forwarded += 1;
  } else if (reply.status !== 200) {
    // A locally made refusal, such as 503 past the bound.
    seen.denied += 1;
  } else {
    seen.local += 1;
    const age = Number(reply.headers['rsfga-staleness-ms'] ?? Number.NaN);
    if (!(age <= boundMs)) seen.violations.push(`${edge.name} answered from data ${age} ms old`);
    seen.longestStalenessMs = Math.max(seen.longestStalenessMs, age);
    return age;
  }
  return undefined;
}
