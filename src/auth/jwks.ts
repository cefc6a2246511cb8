/**
 * The keys that an issuer publishes: fetched at start and now and then, and when a token names one that is not known, at
 * most once a minute. While the issuer cannot be reached, the keys that are known go on being used.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Response } from 'undici';
import type { Clock } from '../plugin/clock.ts';
import type { Get } from '../plugin/get.ts';
import type { Log } from '../plugin/log.ts';

export interface KeySet {
  readonly resolve: JWTVerifyGetKey;
  /** Changes whenever other keys are taken up. */
  version(): number;
  onChange(listener: () => void): void;
  /** Fetches until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined: keys are known and the last fetch went well. */
  trouble(): string | undefined;
}

/** Upstream's own is 48 h; a key that is gone here earlier only makes its tokens the upstream's to judge. */
const REFRESH_MS = 3_600_000;
const RETRY_MS = 10_000;
/** As upstream: an attacker who invents key ids must not make the issuer suffer. */
const UNKNOWN_KEY_EVERY_MS = 60_000;
const FETCH_TIMEOUT_MS = 5_000;
/** A key set of a hundred RSA keys is about 50 KB. */
const MAX_DOCUMENT_BYTES = 1_048_576;

export interface KeySetParts {
  readonly issuer: string;
  readonly get: Get;
  readonly clock: Clock;
  readonly log: Log;
}

export function createKeySet({ issuer, get, clock, log }: KeySetParts): KeySet {
  const listeners: (() => void)[] = [];
  let keys: ReturnType<typeof createLocalJWKSet> | undefined;
  let text = '';
  let version = 0;
  let trouble: string | undefined = 'the keys of the issuer were not fetched yet';
  let fetching: Promise<void> | undefined;
  let lastForUnknownMs = Number.NEGATIVE_INFINITY;

  async function fetchKeys(): Promise<void> {
    try {
      const fetched = await keysOf(issuer, get);
      const fresh = JSON.stringify(fetched);
      if (fresh !== text) take(fetched, fresh);
      trouble = undefined;
    } catch (error) {
      trouble = `the keys of the issuer cannot be fetched: ${error}`;
      log.warn({ issuer, err: error }, 'the keys of the issuer cannot be fetched; known ones stay in use');
    }
  }

  function take(fetched: JSONWebKeySet, fresh: string): void {
    keys = createLocalJWKSet(fetched);
    text = fresh;
    version += 1;
    for (const listener of listeners) listener();
    log.info({ issuer, keys: fetched.keys.length }, 'took up the keys of the issuer');
  }

  function refresh(): Promise<void> {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  }

  /** True when the keys were fetched again for this token. */
  async function askedAgain(): Promise<boolean> {
    if (clock.monoMs() - lastForUnknownMs < UNKNOWN_KEY_EVERY_MS) return false;
    lastForUnknownMs = clock.monoMs();
    await refresh();
    return true;
  }

  return {
    version: () => version,
    trouble: () => trouble,
    onChange: (listener) => void listeners.push(listener),
    async resolve(header, token) {
      try {
        if (keys) return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
      if ((await askedAgain()) && keys) return keys(header, token);
      throw new errors.JWKSNoMatchingKey();
    },
    async run(signal) {
      while (!signal.aborted) {
        await refresh();
        await clock.sleep(trouble === undefined ? REFRESH_MS : RETRY_MS, signal);
      }
    },
  };
}

async function keysOf(issuer: string, get: Get): Promise<JSONWebKeySet> {
  const about = await document(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, get);
  if (typeof about.issuer !== 'string' || about.issuer === '') throw new Error('missing issuer value');
  if (typeof about.jwks_uri !== 'string' || about.jwks_uri === '') throw new Error('missing jwks_uri value');
  const set = await document(about.jwks_uri, get);
  if (!Array.isArray(set.keys)) throw new Error('the key set holds no keys');
  return set as unknown as JSONWebKeySet;
}

async function document(url: string, get: Get): Promise<Record<string, unknown>> {
  const response = await get(url, AbortSignal.timeout(FETCH_TIMEOUT_MS));
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const parsed: unknown = JSON.parse(await bounded(response, url));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${url} answered no JSON object`);
  return parsed as Record<string, unknown>;
}

async function bounded(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`${url} answered more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
