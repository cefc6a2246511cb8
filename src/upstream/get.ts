/** GETs of the sidecar's own, verified by the certificates of one place in the configuration. */
import { Agent, fetch } from 'undici';
import type { Get } from '../plugin/get.ts';
import { CONNECT_TIMEOUT_MS } from './forward.ts';
import { connector, type UpstreamTls } from './tls.ts';

export interface Getter {
  readonly get: Get;
  close(): Promise<void>;
}

/** `url` says whether it is TLS at all. */
export function openGetter(url: string, tls: UpstreamTls): Getter {
  const agent = new Agent({ connect: connector(url, CONNECT_TIMEOUT_MS, tls), allowH2: false });
  return {
    get: (target, signal, redirect) =>
      fetch(target, { dispatcher: agent, signal, ...(redirect && { redirect }) }),
    close: () => agent.destroy(),
  };
}
