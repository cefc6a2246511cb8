/** Where credentials would travel in the clear: said once, at the start. */
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/rules.ts';
import type { Log } from '../plugin/log.ts';
import { LISTENERS, type ListenerName } from './tls-places.ts';

export function warnOfClearText(config: Config, log: Log): void {
  const listeners = LISTENERS.filter((name) => isOpen(config, name));
  if (listeners.length > 0)
    log.warn(
      { listeners },
      'these listeners can be reached from other machines and have no TLS: credentials travel in the clear; ' +
        'set tls for them in the YAML, or end TLS before them on this machine',
    );
  const servers = serversOf(config).filter(
    ({ server }) =>
      server?.grpc !== undefined && server.tls === undefined && server.http.startsWith('https:'),
  );
  for (const { path } of servers)
    log.warn(
      { path },
      'HTTP to this server is TLS and gRPC is not: with a tls section, if only {}, both are',
    );
}

function isOpen({ listen, tls, auth, admin }: Config, name: ListenerName): boolean {
  const at = listen[name];
  const secret = name === 'admin' ? admin.token !== undefined : auth.method !== 'none';
  return at !== undefined && secret && tls[name] === undefined && !isLoopback(at.host);
}

function serversOf({ upstream, listen }: Config) {
  if (upstream === 'embedded' || listen.grpc === undefined) return [];
  return [
    { path: 'upstream', server: upstream },
    { path: 'upstream.primary', server: upstream.primary },
  ];
}
