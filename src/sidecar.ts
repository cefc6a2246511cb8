/**
 * The floor plan: configuration → parts opened → both streets started; drained in reverse. This file and its room alone
 * know both streets; they meet only in the store.
 */
import { openAdmin } from './admin/server.ts';
import type { StatusReport } from './admin/status.ts';
import type { Config } from './config/config.ts';
import { secretsOf } from './config/describe.ts';
import { type KnownTiers, NO_TIERS } from './config/tiers.ts';
import type { ChangeLog } from './plugin/changelog.ts';
import { type Clock, systemClock } from './plugin/clock.ts';
import type { Log } from './plugin/log.ts';
import { addressText } from './proxy/listen.ts';
import { listenGrpc } from './proxy/listen-grpc.ts';
import { listenHttp } from './proxy/listen-http.ts';
import { type Audits, createAudits } from './sidecar/audits.ts';
import { createCacheMeters } from './sidecar/cache-meters.ts';
import { openCallers } from './sidecar/callers.ts';
import { createCalls } from './sidecar/calls.ts';
import { type Certificates, openCertificates } from './sidecar/certificates.ts';
import { type ChangeStreet, openChangeStreet } from './sidecar/change-street.ts';
import { warnOfClearText } from './sidecar/clear-text.ts';
import { logConditions } from './sidecar/condition-log.ts';
import { createMeters, type Meters } from './sidecar/meters.ts';
import { connectionsThatFit, openFilesLimit } from './sidecar/open-files.ts';
import { type OpenProducts, openProducts } from './sidecar/open-products.ts';
import { type Closers, createClosers, openParts, type Parts } from './sidecar/parts.ts';
import { openRequestStreet, type RequestStreet } from './sidecar/request-street.ts';
import { readAtScrape } from './sidecar/scrape-meters.ts';
import { createStatus } from './sidecar/status.ts';
import { createHealth, type Health } from './telemetry/health.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { VERSION } from './version.ts';

export interface SidecarDeps {
  readonly logger: Log;
  readonly clock?: Clock;
  /** Told when the sidecar cannot go on. Default: only logged. */
  readonly fatal?: (error: Error) => void;
  /** A handle on a log that several sidecars of this process share, in the place of the configured one. */
  readonly sharedLog?: ChangeLog;
  /** The tiers that the configuration names, loaded. */
  readonly tiers?: KnownTiers;
}

export type Urls = StatusReport['urls'];

export interface Sidecar {
  readonly urls: Urls;
  /** Reads the products and the certificates again, as on SIGHUP. */
  reload(): void;
  /** Takes no more requests, lets those under way end, stops both streets, closes the store. */
  drain(): Promise<void>;
}

/** Throws when a part cannot be opened; what was opened by then is closed again. */
export async function startSidecar(config: Config, deps: SidecarDeps): Promise<Sidecar> {
  const closers = createClosers(deps.logger);
  try {
    return await start(config, { clock: systemClock, ...deps }, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function start(config: Config, around: Around, closers: Closers): Promise<Sidecar> {
  const metrics = createMetrics();
  const now = around.clock.wallMs;
  const health = createHealth({ now, changed: logConditions(around.logger, now) });
  const meters = createMeters(metrics, health, around.clock);
  const certificates = openCertificates({ ...around, config, health, metrics });
  warnOfClearText(config, around.logger);
  const parts = await openParts(config, { ...around, certificates }, closers);
  const cache = createCacheMeters(metrics, health);
  const { tiers = NO_TIERS } = around;
  const products = await openProducts({ ...around, tiers, config, parts, metrics, health, cache }, closers);
  const street = { ...around, config, parts, meters, metrics, health, certificates, book: products.book };
  const changes = openChangeStreet({ ...street, fatal: around.fatal ?? unheard(around.logger) });
  const callers = openCallers({ ...street, upstream: parts.server.http }, closers);
  const requests = openRequestStreet({ ...street, changes, callers });
  const { shadow } = requests;
  if (shadow) closers.add('shadow', shadow.close);
  const later = { audits: undefined, urls: undefined };
  const open: Open = { ...street, ...products, changes, requests, ...later };
  runLoop('change street', changes, closers);
  runLoop('registry', products.follower, closers);
  runLoop('certificates', certificates, closers);
  open.audits = openAudits(open, closers);
  const admin = await openAdminListener(open, closers);
  const { http, grpc } = await openListeners(open.requests, open, closers);
  open.urls = { http, admin, ...(grpc === undefined ? {} : { grpc }) };
  const reload = () => {
    products.follower.look();
    certificates.look();
  };
  return { urls: open.urls, reload, drain: closers.closeAll };
}

function unheard(logger: Log): (error: Error) => void {
  return (err) => logger.error({ err }, 'the sidecar cannot go on; it only forwards');
}

type Around = SidecarDeps & { readonly clock: Clock };

interface Open extends Around, OpenProducts {
  readonly config: Config;
  readonly parts: Parts;
  readonly certificates: Certificates;
  readonly changes: ChangeStreet;
  readonly meters: Meters;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly requests: RequestStreet;
  audits: Audits | undefined;
  urls: Urls | undefined;
}

/** Runs until it is closed. The loop itself tells of its failures. */
function runLoop(name: string, loop: { run(signal: AbortSignal): Promise<void> }, closers: Closers): void {
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  closers.add(name, () => {
    stop.abort();
    return running;
  });
}

/** Where stores are kept, they can be compared with the upstream. */
function openAudits(open: Open, closers: Closers): Audits | undefined {
  const { replica } = open.changes;
  if (!replica) return undefined;
  const audits = createAudits({ ...open, config: open.config.audit, replica });
  runLoop('audit', audits, closers);
  return audits;
}

async function openAdminListener(open: Open, closers: Closers): Promise<string> {
  const { config, parts, changes, metrics, logger, certificates } = open;
  readAtScrape(metrics, { ...open, ...parts, ...changes, version: VERSION });
  const source = createStatus({ ...open, ...changes, version: VERSION, urls: () => open.urls });
  const failed = (err: unknown) => logger.error({ err }, 'the admin listener failed');
  const told = { failed, secrets: secretsOf(config) };
  const calls = createCalls({ ...changes, ...open });
  const tls = certificates.listener('admin');
  const at = { ...config.listen.admin, ...tls };
  const admin = await openAdmin({ source, metrics, calls, ...config.admin, ...told }, at);
  closers.add('admin', () => admin.close());
  tls?.onRenewed(admin.renew);
  return admin.url;
}

async function openListeners(street: RequestStreet, open: Open, closers: Closers) {
  const { config, certificates, logger } = open;
  const [tls, grpcTls] = [certificates.listener('http'), certificates.listener('grpc')];
  const { listen } = config;
  const listeners = listen.grpc ? 2 : 1;
  const connections = connectionsThatFit({ ...config.limits, listeners }, openFilesLimit(), logger);
  const limits = { ...config.limits, connections };
  const http = await listenHttp({ address: listen.http, handler: street.http, limits, ...tls });
  closers.add('http', () => http.close());
  tls?.onRenewed(http.renew);
  const url = `${tls ? 'https' : 'http'}://${addressText(http.address)}`;
  const { grpc: address } = listen;
  if (!address || !street.grpc) return { http: url, grpc: undefined };
  const grpc = await listenGrpc({ address, handler: street.grpc, limits, ...grpcTls });
  // Together: each may take its drain time, and neither takes anything new meanwhile.
  closers.add('grpc', () => Promise.all([grpc.close(), http.close()]));
  grpcTls?.onRenewed(grpc.renew);
  return { http: url, grpc: addressText(grpc.address) };
}
