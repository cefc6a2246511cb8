/** A question of the sidecar's own to the upstream, with its own credentials; the answer as it came. Never for a client. */
import { Pool } from 'undici';
import { connector, type UpstreamTls } from './tls.ts';

export interface AskedReply {
  readonly status: number;
  /** Parsed; undefined when it is no JSON. */
  readonly body: unknown;
  readonly tookMs: number;
}

export interface Asker {
  /** Throws when the upstream cannot be reached. */
  ask(path: string, body: object): Promise<AskedReply>;
  close(): Promise<void>;
}

/** OpenFGA ends a request after 3 s, its gateway 3 s later (contract section 2.3). */
const TIMEOUT_MS = 10_000;
/** Questions of the sidecar's own take no more of the upstream than this. */
const CONNECTIONS = 4;

export interface AskerOptions {
  readonly url: string;
  readonly apiToken?: string;
  readonly tls?: UpstreamTls;
}

export function openAsker({ url, apiToken, tls }: AskerOptions): Asker {
  const pool = new Pool(url, {
    connections: CONNECTIONS,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    connect: connector(url, TIMEOUT_MS, tls),
    allowH2: false,
  });
  const headers = {
    'content-type': 'application/json',
    ...(apiToken === undefined ? {} : { authorization: `Bearer ${apiToken}` }),
  };
  return {
    async ask(path, body) {
      const beganMs = performance.now();
      const reply = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
      const text = await reply.body.text();
      return { status: reply.statusCode, body: parsed(text), tookMs: performance.now() - beganMs };
    },
    close: () => pool.destroy(),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
