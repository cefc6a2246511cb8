/** The admin listener: health, readiness, status, metrics, the page, and calls. Express, off the request street. */
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { type AdminCall, ENDPOINT_NAMES, ENDPOINTS, type EndpointName } from '../plugin/endpoints.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { watchHandshakes } from '../tls/handshakes.ts';
import { answerCall } from './call.ts';
import { mayAct, mayLook } from './guard.ts';
import { PAGE_HEADERS, statusPage } from './page.ts';
import type { StatusSource } from './status.ts';

export interface AdminParts {
  readonly source: StatusSource;
  readonly metrics: Metrics;
  readonly token?: string;
  /** Endpoints that are switched off. */
  readonly disable?: readonly EndpointName[];
  /** What this sidecar can be asked to do; the other calls answer 404. */
  readonly calls?: readonly AdminCall[];
  /** Values that must not appear in an answer, wherever they turn up: an error may quote one. */
  readonly secrets?: readonly string[];
  /** Told of faults while answering; the asker gets a 500 without their text. */
  readonly failed?: (error: unknown) => void;
}

export interface AdminListener {
  readonly url: string;
  /** New certificates, for connections from now on; only with `tls`. */
  renew(tls: SecureContextOptions): void;
  close(): Promise<void>;
}

/** Of the JSON that a call takes; an explained Check may be as long as OpenFGA takes one (about 600 KB). */
const MAX_CALL_BYTES = 1_048_576;
/** A few scrapers, probes and people; what is over it is closed. */
const MAX_CONNECTIONS = 256;
/** To send a request, and to take something of its answer. */
const PATIENCE_MS = 10_000;
/** Shorter ones would mask ordinary words. */
const SHORTEST_SECRET = 4;
const MASK = '***';

export function adminApp(parts: AdminParts): Express {
  const { token, failed } = parts;
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.set('json replacer', hiding(parts.secrets ?? []));
  app.use(plainHeaders, endStalled);
  const handlers = handlersOf(parts);
  const look = mayLook(token);
  const mount = (access: 'open' | 'look') => {
    for (const name of ENDPOINT_NAMES.filter((one) => ENDPOINTS[one].access === access))
      app.get(ENDPOINTS[name].path, handlers(name));
  };
  mount('open');
  app.use('/admin', mayAct(token), express.json({ limit: MAX_CALL_BYTES, type: () => true }));
  for (const name of ENDPOINT_NAMES.filter((one) => ENDPOINTS[one].access === 'act'))
    app.post(ENDPOINTS[name].path, handlers(name));
  app.use(look);
  mount('look');
  app.use((_request: Request, response: Response) => {
    const paths = ENDPOINT_NAMES.map((name) => ENDPOINTS[name].path).join(', ');
    response.status(404).json({ error: `There is ${paths} here.` });
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (isBadBody(error) && !response.headersSent) {
      response.status(error.status).json({ error: `The body is no JSON that can be taken: ${error.type}.` });
      return;
    }
    failed?.(error);
    if (response.headersSent) return next(error);
    response.status(500).json({ error: 'The sidecar failed to answer; its log says why.' });
  });
  return app;
}

/** What each endpoint answers; one that is switched off, or a call that is not there, says so. */
function handlersOf(parts: AdminParts): (name: EndpointName) => RequestHandler {
  const { source, metrics, disable = [], calls = [] } = parts;
  const looks: Partial<Record<EndpointName, RequestHandler>> = {
    healthz: (_request, response) => void response.json(health(source)),
    readyz: (request, response) => ready(source, request, response),
    status: (_request, response) => void response.json(source.status()),
    metrics: async (_request, response) => {
      const { contentType, text } = await metrics.exposition();
      response.setHeader('content-type', contentType);
      response.end(text);
    },
    page: (_request, response) => void response.set(PAGE_HEADERS).send(statusPage),
  };
  return (name) => {
    if (disable.includes(name)) return notThere(`${name} is switched off here: admin.disable names it.`);
    const call = calls.find((one) => one.name === name);
    if (call) return (request, response) => answerCall(call, request, response, parts.failed);
    return looks[name] ?? notThere(`There is nothing to ${name} on this sidecar.`);
  };
}

function notThere(error: string): RequestHandler {
  return (_request, response) => void response.status(404).json({ error });
}

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  /** Certificates; absent: clear text. */
  readonly tls?: TlsOptions;
  /** Told of each handshake that failed. */
  readonly refused?: (error: Error) => void;
}

/** Rejects with the system's error when the address cannot be had. Port 0 takes a free one. */
export async function openAdmin(parts: AdminParts, at: AdminAddress): Promise<AdminListener> {
  const { tls } = at;
  const settings = { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS };
  const app = adminApp(parts);
  const server = tls ? createTlsServer({ ...settings, ...tls }, app) : createServer(settings, app);
  server.maxConnections = MAX_CONNECTIONS;
  const handshakes = 'setSecureContext' in server ? watchHandshakes(server, at.refused) : undefined;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(at.port, at.host, resolve);
  });
  server.removeAllListeners('error').on('error', (error) => parts.failed?.(error));
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    renew: (context) => 'setSecureContext' in server && server.setSecureContext(context),
    close() {
      handshakes?.end();
      return closeServer(server);
    },
  };
}

/** Open to all: the words, without errors that may name machines. */
function health(source: StatusSource) {
  const { state, conditions } = source.status().health;
  const standing = conditions.map(({ name, severity, reason, sinceMs }) => ({
    name,
    severity,
    reason,
    sinceMs,
  }));
  return { status: state, conditions: standing };
}

function ready(source: StatusSource, request: Request, response: Response): void {
  const { ready, waitingFor, unsynced } = source.readiness();
  const synced =
    request.query.synced === undefined ? [] : unsynced.map((store) => `the local copy of ${store}`);
  const waiting = [...waitingFor, ...synced];
  const yes = ready && waiting.length === 0;
  response.status(yes ? 200 : 503).json({ ready: yes, waiting_for: waiting });
}

/** For `JSON.stringify`: a secret inside any text is masked. */
function hiding(secrets: readonly string[]): (key: string, value: unknown) => unknown {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  return (_key, value) =>
    typeof value === 'string' ? long.reduce((text, secret) => text.replaceAll(secret, MASK), value) : value;
}

/** What `express.json` says of a body: `entity.parse.failed`, `entity.too.large`. */
function isBadBody(error: unknown): error is { readonly status: number; readonly type: string } {
  if (typeof error !== 'object' || error === null || !('type' in error) || !('status' in error)) return false;
  return typeof error.type === 'string' && typeof error.status === 'number' && error.status < 500;
}

function plainHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  // No page of another site may load an answer as a script or an image either.
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  next();
}

/** Who takes nothing of an answer holds one of few connections. A call that is still at work is waited for. */
function endStalled(_request: Request, response: Response, next: NextFunction): void {
  const look = () => {
    if (response.writableLength > 0) response.destroy();
    else response.setTimeout(PATIENCE_MS);
  };
  response.setTimeout(PATIENCE_MS, look);
  next();
}

function closeServer(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
