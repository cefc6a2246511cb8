/** Who may be answered here, as the configuration says, and what has to run for that to be known. */
import { anybody, bearers, type Callers } from '../auth/callers.ts';
import { createKeySet } from '../auth/jwks.ts';
import { oidcTokens } from '../auth/oidc.ts';
import { presharedKeys } from '../auth/preshared.ts';
import { createProbe } from '../auth/probe.ts';
import { type Config, follows } from '../config/config.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Get } from '../plugin/get.ts';
import type { Log } from '../plugin/log.ts';
import type { Health } from '../telemetry/health.ts';
import { type Getter, openGetter } from '../upstream/get.ts';
import type { UpstreamTls } from '../upstream/tls.ts';
import type { Certificates } from './certificates.ts';
import { lastFound } from './last-found.ts';
import type { Closers, Parts } from './parts.ts';
import type { ProductBook } from './products.ts';

export interface CallersParts {
  readonly config: Config;
  readonly parts: Pick<Parts, 'store'>;
  /** Which product a store belongs to, now. */
  readonly book: ProductBook;
  /** Origin of the upstream's HTTP API. */
  readonly upstream: string;
  readonly certificates: Pick<Certificates, 'upstream' | 'issuer'>;
  readonly clock: Clock;
  readonly logger: Log;
  readonly health: Health;
}

const STRANGERS =
  'The upstream asks callers for credentials and this sidecar cannot judge them: nothing is answered here.';

interface Opened {
  readonly callers: Callers;
  run?(signal: AbortSignal): Promise<void>;
}

export function openCallers(parts: CallersParts, closers: Closers): Callers {
  const getters: Getter[] = [];
  const getter = (url: string, tls: UpstreamTls) => {
    const opened = openGetter(url, tls);
    getters.push(opened);
    return opened.get;
  };
  const { callers, run } = open(parts, getter);
  if (run) {
    const stop = new AbortController();
    const running = run(stop.signal).catch((err: unknown) =>
      parts.logger.error({ err }, 'nobody looks after the credentials any more; restart the sidecar'),
    );
    closers.add('callers', () => {
      stop.abort();
      // What they are asking at that moment ends with their connections.
      return Promise.all([running, ...getters.map(({ close }) => close())]);
    });
  }
  return callers;
}

function open(
  { config, parts, book, upstream, certificates, clock, logger: log, health }: CallersParts,
  getter: (url: string, tls: UpstreamTls) => Get,
): Opened {
  const { auth } = config;
  const product = (storeId: string) => book.current().of(storeId).id;
  switch (auth.method) {
    case 'none': {
      if (auth.allowUnauthenticated || config.upstream === 'embedded')
        return { callers: anybody(() => false) };
      const mayKeep = follows(config) || config.registry.kind !== 'config';
      const memory = parts.store && lastFound(config.store, log);
      const get = getter(upstream, certificates.upstream);
      const found = (demands: boolean) => {
        if (demands && mayKeep) health.raise('credentials', 'degraded', STRANGERS);
        else health.clear('credentials');
      };
      const probe = createProbe({ upstream, get, clock, log, found, ...(memory && { memory }) });
      return { callers: anybody(probe.demands), run: probe.run };
    }
    case 'preshared':
      return { callers: bearers(presharedKeys(auth.keys), product) };
    case 'oidc': {
      const keys = createKeySet({
        issuer: auth.issuer,
        get: getter(auth.issuer, certificates.issuer),
        clock,
        log,
      });
      return { callers: bearers(oidcTokens(auth, keys, clock), product), run: keys.run };
    }
  }
}
