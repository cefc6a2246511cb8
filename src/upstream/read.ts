/**
 * The sidecar's own calls, by the official SDK. They are all reads and may be repeated.
 *
 * The SDK holds ids of its configuration to the strict ULID rule (first character 0 to 7); ids given per call, as here,
 * go by upstream's wider rule (contract section 2.1).
 */
import { Agent } from 'node:http';
import { Configuration, ConsistencyPreference, CredentialsMethod, OpenFgaApi } from '@openfga/sdk';
import { MAX_PAGE_SIZE } from '../fga/limits.ts';
import type { AuthorizationModel } from '../fga/model.ts';
import type { Tuple, TupleKey } from '../fga/tuple.ts';
import type { ChangelogPage, TuplePage, Upstream } from '../plugin/upstream.ts';
import { isUnknownModel, isUnknownStore, readFailure } from './read-failure.ts';
import { rows, toEntry, toModel, toTuple } from './read-shapes.ts';
import { UpstreamAgent, type UpstreamTls } from './tls.ts';

/** OpenFGA gives up after 3 s, its gateway 3 s later (contract section 2.3). */
const CALL_TIMEOUT_MS = 10_000;
/** On network errors, 429 and 5xx; after 0.2 to 0.4 s, then 0.4 to 0.8 s. A longer outage is the caller's to wait out. */
const RETRIES = { maxRetry: 2, minWaitInMs: 100 };
const STRONG = { consistency: ConsistencyPreference.HigherConsistency };

export interface UpstreamReaderOptions {
  /** Origin of the primary: `http://127.0.0.1:18080`. */
  readonly url: string;
  /** With `https://`. */
  readonly tls?: UpstreamTls;
  /** Bearer token. */
  readonly apiToken?: string;
  readonly retries?: { readonly maxRetry: number; readonly minWaitInMs: number };
}

/** Every call rejects with an FgaError: upstream's own code, or `unavailable` when there was no answer. */
export function openUpstreamReader(options: UpstreamReaderOptions): Upstream {
  return new UpstreamReader(options);
}

class UpstreamReader implements Upstream {
  readonly #agents: readonly Agent[];
  readonly #api: OpenFgaApi;

  constructor({ url, apiToken, retries, tls }: UpstreamReaderOptions) {
    const agents = {
      httpAgent: new Agent({ keepAlive: true }),
      ...(tls && { httpsAgent: new UpstreamAgent({ keepAlive: true }, tls) }),
    };
    this.#agents = Object.values(agents);
    this.#api = new OpenFgaApi(
      new Configuration({
        apiUrl: url,
        credentials:
          apiToken === undefined
            ? { method: CredentialsMethod.None }
            : { method: CredentialsMethod.ApiToken, config: { token: apiToken } },
        retryParams: retries ?? RETRIES,
        // These reach axios as they are. The upstream is named in the configuration, so no proxy of the environment.
        baseOptions: { ...agents, timeout: CALL_TIMEOUT_MS, maxRedirects: 0, proxy: false },
      }),
    );
  }

  async readTuples(storeId: string, continuationToken: string, signal?: AbortSignal): Promise<TuplePage> {
    const request = { page_size: MAX_PAGE_SIZE, continuation_token: continuationToken, ...STRONG };
    const page = await called(this.#api.read(storeId, request, signal && { signal }), signal);
    return {
      tuples: rows(page.tuples).map(({ key }) => toTuple(key)),
      continuationToken: page.continuation_token,
    };
  }

  async readTuple(storeId: string, { user, relation, object }: TupleKey): Promise<Tuple | undefined> {
    const request = { tuple_key: { user, relation, object }, ...STRONG };
    const page = await called(this.#api.read(storeId, request));
    const key = rows(page.tuples)[0]?.key;
    return key && toTuple(key);
  }

  /**
   * A full page ends where a Write ends, as far as the entries' times show it. The memory engine keeps its entries in the
   * order of commits but goes on after a token by comparing ULIDs, and those of one Write are not in order when requests
   * mint others meanwhile: a token from within a Write makes it pass over entries for good.
   */
  async readChanges(
    storeId: string,
    continuationToken: string,
    startTimeMs?: number,
  ): Promise<ChangelogPage> {
    const from = { storeId, continuationToken, startTimeMs };
    const page = await this.#changes(from, MAX_PAGE_SIZE);
    const last = page.entries.at(-1)?.timestampMs;
    const whole = page.entries.findIndex(({ timestampMs }) => timestampMs === last);
    if (page.entries.length < MAX_PAGE_SIZE || whole <= 0) return page;
    return { ...(await this.#changes(from, whole)), more: true };
  }

  async #changes({ storeId, continuationToken, startTimeMs }: ChangesFrom, size: number) {
    const token = continuationToken === '' ? undefined : continuationToken;
    const from = startTimeMs === undefined || token !== undefined ? undefined : new Date(startTimeMs);
    const page = await called(this.#api.readChanges(storeId, undefined, size, token, from?.toISOString()));
    return {
      entries: rows(page.changes).map(toEntry),
      continuationToken: page.continuation_token || continuationToken,
    };
  }

  async latestModelId(storeId: string): Promise<string | undefined> {
    const page = await called(this.#api.readAuthorizationModels(storeId, 1));
    return rows(page.authorization_models)[0]?.id;
  }

  async readModel(storeId: string, modelId: string): Promise<AuthorizationModel | undefined> {
    try {
      const { authorization_model: model } = await called(this.#api.readAuthorizationModel(storeId, modelId));
      return model && toModel(model);
    } catch (error) {
      if (isUnknownModel(error)) return undefined;
      throw error;
    }
  }

  async listModels(storeId: string): Promise<readonly AuthorizationModel[]> {
    const page = await called(this.#api.readAuthorizationModels(storeId, MAX_PAGE_SIZE));
    return rows(page.authorization_models).map(toModel);
  }

  async hasStore(storeId: string): Promise<boolean> {
    try {
      await called(this.#api.getStore(storeId));
      return true;
    } catch (error) {
      if (isUnknownStore(error)) return false;
      throw error;
    }
  }

  async listStores(): Promise<readonly string[]> {
    const ids: string[] = [];
    let token: string | undefined;
    do {
      const page = await called(this.#api.listStores(MAX_PAGE_SIZE, token));
      for (const { id } of rows(page.stores)) ids.push(id);
      token = page.continuation_token || undefined;
    } while (token !== undefined);
    return ids;
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.destroy();
  }
}

interface ChangesFrom {
  readonly storeId: string;
  readonly continuationToken: string;
  readonly startTimeMs: number | undefined;
}

/** The SDK takes a cancelled call for a network error and tries again, so the signal is watched beside it. */
async function called<T>(pending: Promise<T>, signal?: AbortSignal): Promise<T> {
  let stop = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
  });
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    return await Promise.race([pending, cancelled]);
  } catch (error) {
    throw signal?.aborted ? signal.reason : readFailure(error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
