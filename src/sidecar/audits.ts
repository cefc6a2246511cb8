/** Audits of this sidecar: on an operator's request, and slowly in the background. One at a time; the operator goes first. */
import type { AuditStatus } from '../admin/status.ts';
import type { AuditConfig } from '../config/config.ts';
import type { Clock } from '../plugin/clock.ts';
import type { AdminCall, CallResult, CallWatch } from '../plugin/endpoints.ts';
import type { Log } from '../plugin/log.ts';
import type { AuditOptions, AuditReport } from '../replica/audit.ts';
import type { Replica } from '../replica/replica.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export interface Audits {
  readonly call: AdminCall;
  /** The last audit of a store since the start. */
  last(storeId: string): AuditStatus | undefined;
  /** The background audit, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface AuditsParts {
  readonly config: AuditConfig;
  readonly replica: Pick<Replica, 'audit' | 'tracks'>;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly logger: Log;
}

interface Asked {
  readonly stores: readonly string[];
  readonly repair: boolean;
}

const BODY = 'The body is {"stores": [ids], "repair": true or false}, both optional';

export function createAudits(parts: AuditsParts): Audits {
  const { config, replica, clock, logger } = parts;
  const book = createBook(parts);
  /** The audit under way. */
  let current:
    | { readonly stop: AbortController; readonly ended: Promise<unknown>; readonly by: 'operator' | 'clock' }
    | undefined;

  async function auditOne(storeId: string, options: AuditOptions): Promise<AuditReport> {
    try {
      const report = await replica.audit(storeId, options);
      return report ?? unjudged(storeId, 'the store is not kept here');
    } catch (error) {
      logger.warn({ store: storeId, err: error }, 'an audit could not go on');
      return unjudged(storeId, error instanceof Error ? error.message : String(error));
    }
  }

  async function auditAll(stores: readonly string[], options: AuditOptions): Promise<readonly AuditReport[]> {
    const reports: AuditReport[] = [];
    for (const storeId of stores) {
      if (options.signal.aborted) break;
      const report = await auditOne(storeId, options);
      // One that was stopped for another one says nothing of the store.
      if (!options.signal.aborted) book.note(report);
      reports.push(report);
    }
    return reports;
  }

  function begin(stores: readonly string[], options: Omit<AuditOptions, 'signal'>, by: 'operator' | 'clock') {
    const stop = new AbortController();
    const running = auditAll(stores, { ...options, signal: stop.signal });
    const mine = { stop, ended: running, by };
    current = mine;
    const done = running.finally(() => {
      if (current === mine) current = undefined;
    });
    return { stop, done };
  }

  async function asked(body: unknown, { signal, progress }: CallWatch): Promise<CallResult> {
    const question = parse(body);
    if (typeof question === 'string') return { refused: question, status: 400 };
    const kept = replica.tracks().map(({ storeId }) => storeId);
    const unknown = question.stores.find((storeId) => !kept.includes(storeId));
    if (unknown !== undefined)
      return { refused: `The store ${unknown} is not kept here; /status lists those that are.`, status: 404 };
    if (current?.by === 'operator') return { refused: 'Another audit is under way.', status: 409 };
    current?.stop.abort();
    await current?.ended;
    if (current) return { refused: 'Another audit is under way.', status: 409 };
    const stores = question.stores.length > 0 ? question.stores : kept;
    const { stop, done } = begin(stores, { repair: question.repair, progress }, 'operator');
    const left = () => stop.abort();
    signal.addEventListener('abort', left);
    if (signal.aborted) left();
    try {
      return { done: { stores: await done } };
    } finally {
      signal.removeEventListener('abort', left);
    }
  }

  return {
    call: { name: 'audit', run: asked },
    last: book.last,
    async run(signal) {
      if (config.everyMs === undefined) return;
      while (!signal.aborted) {
        await clock.sleep(config.everyMs, signal);
        if (signal.aborted || current) continue;
        const complete = replica.tracks().filter(({ phase }) => phase === 'complete');
        const stores = complete.map(({ storeId }) => storeId);
        const { stop, done } = begin(stores, { repair: config.repair, maxRps: config.maxRps }, 'clock');
        const ended = () => stop.abort();
        signal.addEventListener('abort', ended);
        await done.catch((err: unknown) => logger.error({ err }, 'the background audit failed'));
        signal.removeEventListener('abort', ended);
      }
    },
  };
}

function parse(body: unknown): Asked | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return `${BODY}.`;
  const { stores = [], repair = true, ...rest } = body as Readonly<Record<string, unknown>>;
  const [other] = Object.keys(rest);
  if (other !== undefined) return `${BODY}; "${other}" is neither.`;
  if (!Array.isArray(stores) || !stores.every((id) => typeof id === 'string'))
    return `${BODY}; "stores" is no list of ids.`;
  if (typeof repair !== 'boolean') return `${BODY}; "repair" is neither true nor false.`;
  return { stores, repair };
}

function unjudged(storeId: string, reason: string): AuditReport {
  const none = { differences: {}, models: { missing: [], extra: [] }, examples: [], undecided: 0 };
  return { storeId, outcome: 'skipped', reason, revision: '', tuples: 0, ...none, tookMs: 0 };
}

/** The last report of each store, as status, metrics, health and log tell it. Tuples themselves stay out of all of them. */
function createBook({ replica, metrics, health, clock, logger }: AuditsParts) {
  const lasts = new Map<string, AuditStatus>();

  function count(report: AuditReport): number {
    let total = 0;
    for (const [type, kinds] of Object.entries(report.differences))
      for (const [kind, number] of Object.entries(kinds)) {
        total += number;
        if (number > 0)
          metrics.counter('rsfga_audit_differences_total', report.storeId, type, kind).value += number;
      }
    const models = report.models.missing.length + report.models.extra.length;
    if (models > 0)
      metrics.counter('rsfga_audit_differences_total', report.storeId, '', 'model').value += models;
    return total + models;
  }

  function judge(): void {
    const kept = new Set(replica.tracks().map(({ storeId }) => storeId));
    for (const storeId of lasts.keys()) if (!kept.has(storeId)) lasts.delete(storeId);
    const standing = [...lasts]
      .filter(([, { outcome }]) => outcome === 'differs')
      .map(([storeId]) => storeId);
    if (standing.length === 0) health.clear('audit');
    else
      health.raise(
        'audit',
        'degraded',
        `An audit found differences from the upstream that stand, in ${standing.join(', ')}. Run rsfga-edge audit, or resync.`,
      );
  }

  return {
    last: (storeId: string) => lasts.get(storeId),
    note(report: AuditReport): void {
      const { examples: _tuples, storeId, ...told } = report;
      const differences = count(report);
      lasts.set(storeId, { atMs: clock.wallMs(), ...told });
      metrics.counter('rsfga_audits_total', report.outcome).value += 1;
      judge();
      const fields = { store: storeId, ...told };
      if (report.outcome === 'equal') logger.info(fields, 'audited a store');
      else if (report.outcome === 'skipped') logger.warn(fields, 'a store could not be audited');
      else logger.error({ ...fields, found: differences }, 'an audit found differences from the upstream');
    },
  };
}
