/**
 * What one gRPC client may take: silence, floods and calls that make no progress are ended, and what is kept for clients that
 * do not read, or do not finish what they send, is bounded. The limits of single frames are node's (`listen-grpc.ts`).
 */
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { keptFor } from '../upstream/grpc-stream.ts';
import type { ListenLimits } from './listen-http.ts';

/** SETTINGS frames of a session: clients send one, those that measure the line a few. */
export const MAX_SETTINGS_FRAMES = 100;
/** Pings at once, and per second after it. gRPC libraries send one with some answers to measure the line. */
export const PING_BURST = 1_000;
const PINGS_PER_SECOND = 100;
/** Calls that the client has broken by frames that make no sense (each is reset from here), at once and per second. */
export const BROKEN_BURST = 100;
const BROKEN_PER_SECOND = 10;
/** Half-read requests and untaken answers of one session: a hundred calls as large as OpenFGA takes any. */
export const SESSION_KEPT_BYTES = 67_108_864;
/** A connection that says nothing else is asked whether it is alive; longer than proxies take to forget one. */
const KEEP_ALIVE_MS = 60_000;
const KEEP_ALIVE_ANSWER_MS = 20_000;
const SWEEP_MS = 1_000;

export interface GuardOptions {
  readonly limits: Pick<ListenLimits, 'headerTimeoutMs' | 'stallTimeoutMs' | 'idleTimeoutMs'> & {
    readonly heldBytes: number;
  };
  readonly keepAliveMs?: number | undefined;
  readonly keepAliveAnswerMs?: number | undefined;
  readonly keptBytes?: { readonly session: number; readonly all: number } | undefined;
}

export interface Guard {
  admit(session: Http2Session): void;
  began(stream: ServerHttp2Stream): void;
  sessions(): Iterable<Http2Session>;
  stop(): void;
}

/** Since when the client took nothing of an answer; undefined while nothing waits. */
interface Untaken {
  sinceMs: number | undefined;
}

interface Guarded {
  readonly calls: Map<ServerHttp2Stream, Untaken>;
  readonly broken: Bucket;
  idleSinceMs: number;
}

export function createGuard(options: GuardOptions): Guard {
  const open = new Map<Http2Session, Guarded>();
  const sweep = setInterval(() => sweepAll(open, options), SWEEP_MS);
  sweep.unref();
  return {
    admit(session) {
      const now = performance.now();
      open.set(session, {
        calls: new Map(),
        broken: bucket(BROKEN_BURST, BROKEN_PER_SECOND),
        idleSinceMs: now,
      });
      session.once('close', () => open.delete(session));
      watchSession(session, options);
    },
    began(stream) {
      const { session } = stream;
      const guarded = session && open.get(session);
      if (!guarded) return;
      const untaken: Untaken = { sinceMs: undefined };
      guarded.calls.set(stream, untaken);
      // Answers are written in pieces that drain one by one.
      stream.on('drain', () => {
        untaken.sinceMs = undefined;
      });
      stream.once('close', () => ended(session, guarded, stream));
    },
    sessions: () => open.keys(),
    stop: () => clearInterval(sweep),
  };
}

const BROKEN: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_STREAM_CLOSED,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
]);

function ended(session: Http2Session, guarded: Guarded, stream: ServerHttp2Stream): void {
  guarded.calls.delete(stream);
  if (guarded.calls.size === 0) guarded.idleSinceMs = performance.now();
  if (BROKEN.has(stream.rstCode ?? 0) && !guarded.broken.take()) calm(session);
}

function calm(session: Http2Session): void {
  if (session.destroyed) return;
  // Node's `destroy` says NO_ERROR whatever code it is given, unless there is an error too.
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  session.destroy();
}

function watchSession(session: Http2Session, { limits, ...options }: GuardOptions): void {
  // A session begins with the client's settings: one that never sends them is a slow-loris.
  const silent = setTimeout(() => session.destroy(), limits.headerTimeoutMs);
  let settings = 0;
  session.on('remoteSettings', () => {
    clearTimeout(silent);
    settings++;
    if (settings > MAX_SETTINGS_FRAMES) calm(session);
  });
  const pings = bucket(PING_BURST, PINGS_PER_SECOND);
  session.on('ping', () => pings.take() || calm(session));
  const alive = keepAlive(session, options);
  session.once('close', () => {
    clearTimeout(silent);
    clearInterval(alive);
  });
}

function keepAlive(session: Http2Session, options: Omit<GuardOptions, 'limits'>): NodeJS.Timeout {
  const { keepAliveMs = KEEP_ALIVE_MS, keepAliveAnswerMs = KEEP_ALIVE_ANSWER_MS } = options;
  return setInterval(() => {
    if (session.destroyed || session.closed) return;
    const dead = setTimeout(() => session.destroy(), keepAliveAnswerMs);
    // False, when as many pings are out as node allows: the first of them decides.
    const sent = session.ping(() => clearTimeout(dead));
    if (!sent) clearTimeout(dead);
  }, keepAliveMs);
}

function sweepAll(open: ReadonlyMap<Http2Session, Guarded>, { limits, keptBytes }: GuardOptions): void {
  const { session: most, all } = keptBytes ?? { session: SESSION_KEPT_BYTES, all: limits.heldBytes };
  const now = performance.now();
  const keeping: { session: Http2Session; bytes: number }[] = [];
  for (const [session, { calls, idleSinceMs }] of open) {
    if (calls.size === 0) {
      // In order: the client hears that nothing more is taken, and connects again when it needs to.
      if (idleSinceMs + limits.idleTimeoutMs < now && !session.closed) session.close();
      continue;
    }
    const bytes = sweepCalls(calls, now, limits.stallTimeoutMs);
    if (bytes > most) calm(session);
    else if (bytes > 0) keeping.push({ session, bytes });
  }
  endHeaviest(keeping, all);
}

/** Ends the calls whose client took nothing for so long, whatever else its session does. Returns what is kept for all. */
function sweepCalls(calls: Guarded['calls'], nowMs: number, stuckMs: number): number {
  let bytes = 0;
  for (const [call, untaken] of calls) {
    bytes += keptFor(call);
    if (call.writableLength === 0) untaken.sinceMs = undefined;
    else if (untaken.sinceMs === undefined) untaken.sinceMs = nowMs;
    else if (nowMs - untaken.sinceMs > stuckMs) call.close(constants.NGHTTP2_CANCEL);
  }
  return bytes;
}

function endHeaviest(keeping: { session: Http2Session; bytes: number }[], allowed: number): void {
  let total = keeping.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= allowed) return;
  for (const { session, bytes } of keeping.sort((a, b) => b.bytes - a.bytes)) {
    if (total <= allowed) return;
    calm(session);
    total -= bytes;
  }
}

interface Bucket {
  /** False when it is empty. */
  take(): boolean;
}

function bucket(burst: number, perSecond: number): Bucket {
  let left = burst;
  let sinceMs = performance.now();
  return {
    take() {
      const now = performance.now();
      left = Math.min(burst, left + ((now - sinceMs) / 1_000) * perSecond);
      sinceMs = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}

/** How long a call may take of its client's own time. */
export type CallLimits = Pick<ListenLimits, 'requestTimeoutMs' | 'idleTimeoutMs'>;

/**
 * Ends a call whose client does not finish its request in time. `streaming`: many messages may come, with long pauses
 * (reflection). A client that waits for its answer is never ended here; for one that does not take it see the sweep.
 */
export function guardRequest(stream: ServerHttp2Stream, streaming: boolean, limits: CallLimits): void {
  if (stream.endAfterHeaders) return;
  const end = () => stream.close(constants.NGHTTP2_CANCEL);
  if (streaming) {
    stream.setTimeout(limits.idleTimeoutMs, () => stream.readableEnded || end());
    return;
  }
  // Activity does not count: a request that drips in takes a place all the same.
  const late = setTimeout(end, limits.requestTimeoutMs);
  const whole = () => clearTimeout(late);
  stream.once('end', whole);
  stream.once('close', whole);
}
