/** Which admin listener a command speaks to, and one request to it, in clear text or TLS. */
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { addressText, type Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { ListenerTls } from '../config/tls-config.ts';
import { certificatesIn } from '../tls/pems.ts';
import { clientOptions } from '../tls/settings.ts';
import { isTlsFault } from '../upstream/tls.ts';
import { UsageError } from './parse.ts';

export interface AdminTarget {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly token: string | undefined;
  /** With `https://`. */
  readonly tls?: ConnectionOptions;
}

type Flags = Readonly<Record<string, string | undefined>>;

/** `--config FILE`, or `--url` with `--token` and `--ca`. Throws UsageError and ConfigError. */
export function adminTarget(flags: Flags, env: Flags): AdminTarget {
  const { config: file, url, token } = flags;
  const config = file === undefined ? undefined : loadConfig(file, env);
  const address = url ?? (config && adminUrl(config));
  if (address === undefined)
    throw new UsageError('Name the running sidecar: --config FILE, or --url URL with --token.');
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text))
    throw new UsageError(`--url "${address}" is not a URL, such as http://127.0.0.1:8090.`);
  const { origin, protocol } = new URL(text);
  return {
    url: origin,
    token: token ?? config?.admin.token,
    ...(protocol === 'https:' ? { tls: tlsOf(flags, config?.tls.admin) } : {}),
  };
}

function adminUrl({ listen: { admin }, tls }: Config): string {
  if (admin.port === 0)
    throw new UsageError(
      'listen.admin has port 0, a free one: give the address that the sidecar logged with --url.',
    );
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const address = addressText({ host: everywhere[admin.host] ?? admin.host, port: admin.port });
  return `${tls.admin ? 'https' : 'http'}://${address}`;
}

/**
 * By `--ca`, else by the very certificate that the YAML names: whatever name it bears, nobody else has its key. Where
 * clients need a certificate and `--cert` is not given, the sidecar's own is shown.
 */
function tlsOf({ ca, cert, key }: Flags, own: ListenerTls | undefined): ConnectionOptions {
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together.');
  const shown = cert === undefined || key === undefined ? own?.clientCa && own : { cert, key };
  const pair = shown ? { cert: textOf(shown.cert), key: textOf(shown.key) } : {};
  if (ca !== undefined) return clientOptions({ ca: textOf(ca), ...pair });
  return { ...clientOptions(pair), ...(own && pinned(own.cert)) };
}

function pinned(file: string): ConnectionOptions {
  const found = certificatesIn('cert', textOf(file));
  if ('message' in found) throw new UsageError(`tls.admin.cert: ${found.message}: ${file}`);
  const ca = found.slice(0, 1).map(String);
  return { ca, allowPartialTrustChain: true, checkServerIdentity: () => undefined };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new UsageError(`${file} cannot be read${code}. Others are named with --ca, --cert and --key.`, {
      cause,
    });
  }
}

export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** By node's own client: it sets no limit on how long an answer may take, and an audit of millions of tuples takes long. */
export function requestAdmin(
  { url, token, tls }: AdminTarget,
  asked: AdminRequest,
): Promise<IncomingMessage> {
  const { method, path, body, signal } = asked;
  const headers = { ...asked.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const options = { ...tls, method, headers, agent: false as const, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const send = tls === undefined ? httpRequest : httpsRequest;
    const call = send(`${url}${path}`, options, resolve);
    call.on('error', (cause: Error) => reject(new Error(unreached(url, cause), { cause })));
    call.end(body);
  });
}

function unreached(url: string, cause: Error): string {
  if (isTlsFault(cause))
    return `TLS with ${url} fails. Name the authority of its certificate with --ca, and where it asks for one your own with --cert and --key.`;
  return `Nothing answers at ${url}. Is the sidecar running, and is that its admin listener (listen.admin, --url; https:// with tls.admin)?`;
}
