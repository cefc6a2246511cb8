/** All certificates of one sidecar: read and checked before anything opens, followed while it runs, with what to tell of them. */
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { Config, ServerConfig } from '../config/config.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Pems } from '../tls/pems.ts';
import { clientOptions, listenerContext, listenerOptions } from '../tls/settings.ts';
import type { UpstreamTls } from '../upstream/tls.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import {
  certificateError,
  type FileProblem,
  ISSUER,
  type ListenerName,
  loginProblems,
  readPlace,
  tlsPlaces,
} from './tls-places.ts';

export interface ListenerCertificates {
  readonly tls: TlsOptions;
  /** Told of each handshake that failed. */
  refused(error: Error): void;
  /** `renew` is called with what new connections are to get. */
  onRenewed(renew: (context: SecureContextOptions) => void): void;
}

export interface Certificates {
  /** Undefined: the listener speaks clear text. */
  listener(name: ListenerName): ListenerCertificates | undefined;
  /** For HTTP with `https://`, and for gRPC where `tls` stands. */
  readonly upstream: UpstreamTls;
  /** The same object where there is no other primary. */
  readonly primary: UpstreamTls;
  readonly issuer: UpstreamTls;
  /** Reads all files again, as on SIGHUP. */
  look(): void;
  /** Until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CertificatesParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Log;
  readonly health: Health;
  readonly metrics: Metrics;
}

/** Expiry comes by itself: looked at as often as this. */
const JUDGE_EVERY_MS = 60_000;
/** A client that tries again and again is logged as often as this, with how many there were. */
const REFUSED_LOG_EVERY_MS = 10_000;

/** Throws ConfigError with every mistake in the files. */
export function openCertificates(parts: CertificatesParts): Certificates {
  const { config, clock, metrics } = parts;
  const rings = openRings(parts, judge);
  const ringOf = (place: string) => rings.find((ring) => ring.place === place);

  function judge(): void {
    judgeRings(parts.health, rings);
  }

  metrics.read('rsfga_tls_certificate_expiry_seconds', () =>
    rings.flatMap(({ place, pems }) => {
      const { expiresAtMs } = pems();
      return expiresAtMs === undefined
        ? []
        : [{ labels: [place], value: (expiresAtMs - clock.wallMs()) / 1000 }];
    }),
  );
  judge();
  warnOfExpiry(parts.logger, rings);
  const server = config.upstream === 'embedded' ? undefined : config.upstream;
  const towards = (name: string, place: string, to?: ServerConfig) =>
    serverTls(parts, { name, ring: ringOf(place), serverName: to?.tls?.serverName });
  const upstream = towards('upstream', 'upstream.tls', server);
  return {
    listener: (name) => listenerOf(parts, name, ringOf(`tls.${name}`)),
    upstream,
    primary: server?.primary ? towards('primary', 'upstream.primary.tls', server.primary) : upstream,
    issuer: towards('issuer', ISSUER),
    look() {
      for (const ring of rings) ring.look();
    },
    async run(signal) {
      const following = rings.map((ring) => ring.run(signal));
      while (!signal.aborted) {
        await clock.sleep(JUDGE_EVERY_MS, signal);
        judge();
      }
      await Promise.all(following);
    },
  };
}

function openRings(
  { config, clock, logger, metrics }: CertificatesParts,
  judge: () => void,
): readonly Keyring[] {
  const problems: FileProblem[] = [...loginProblems(config)];
  const rings = tlsPlaces(config).flatMap((place) => {
    const first = readPlace(place);
    if (!('pems' in first)) {
      problems.push(...first);
      return [];
    }
    const told = (outcome: 'taken' | 'refused') => {
      metrics.counter('rsfga_tls_reloads_total', outcome).value += 1;
    };
    return [createKeyring({ place, first, clock, logger, told, judge })];
  });
  if (problems.length > 0) throw certificateError(config, problems);
  return rings;
}

function judgeRings(health: Health, rings: readonly Keyring[]): void {
  const troubles = rings.flatMap((ring) => ring.trouble() ?? []);
  if (troubles.length === 0) health.clear('certificates');
  else health.raise('certificates', 'degraded', troubles.join('; '));
}

function warnOfExpiry(logger: Log, rings: readonly Keyring[]): void {
  for (const ring of rings) {
    const why = ring.trouble();
    if (why !== undefined) logger.warn({ place: ring.place, why }, 'a certificate does not serve today');
  }
}

function listenerOf(
  { clock, logger, metrics }: CertificatesParts,
  name: ListenerName,
  ring: Keyring | undefined,
): ListenerCertificates | undefined {
  if (ring === undefined) return undefined;
  const count = metrics.counter('rsfga_tls_refused_total', name);
  let saidAtMs = Number.NEGATIVE_INFINITY;
  return {
    tls: listenerOptions(ring.pems()),
    refused(error) {
      count.value += 1;
      if (clock.monoMs() - saidAtMs < REFUSED_LOG_EVERY_MS) return;
      saidAtMs = clock.monoMs();
      logger.info({ listener: name, why: reasonOf(error), refused: count.value }, 'a TLS handshake failed');
    },
    onRenewed: (renew) => ring.onRenewed((pems) => renew(listenerContext(pems))),
  };
}

function serverTls(
  { health, logger }: CertificatesParts,
  { name, ring, serverName }: { name: string; ring: Keyring | undefined; serverName: string | undefined },
): UpstreamTls {
  const condition = `${name}-tls`;
  let from: Pems = ring?.pems() ?? {};
  let options = clientOptions(from, serverName);
  let refused: string | undefined;
  return {
    options() {
      const now = ring?.pems() ?? from;
      if (now !== from) options = clientOptions(now, serverName);
      from = now;
      return options;
    },
    shook(error) {
      const why = error && reasonOf(error);
      if (error === undefined) health.clear(condition);
      else {
        // The reason is for everybody; names of machines are in the error.
        const reason = `TLS towards the ${name} fails: ${codeOf(error) || 'see the log'}.`;
        health.raise(condition, 'degraded', reason, error);
        if (why !== refused) logger.error({ server: name, why }, 'TLS fails: nothing is sent there');
      }
      refused = why;
    },
  };
}

/** Without what OpenSSL says of its own source files. */
function reasonOf(error: Error): string {
  const code = codeOf(error);
  const text = error.message.split('\n')[0] ?? '';
  const plain = text.replace(/^[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:/, '').replace(/:\.\.\/.*$/, '');
  return code === '' || plain.includes(code) ? plain : `${plain} (${code})`;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
