/** Checks without a pause, on several connections, each compared with what is known to be right. */
import type { TupleKey } from '../../src/fga/tuple.ts';
import { allowed, check, describe } from './api.ts';

export interface KnownCheck {
  readonly storeId: string;
  readonly key: TupleKey;
  readonly allowed: boolean;
}

export interface QueryLoad {
  /** Wrong answers and errors so far, in words. */
  readonly faults: readonly string[];
  /** By `<store id> <Rsfga-Served-By>`. */
  readonly served: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Asks the server for the right answers, once. */
export function knownChecks(
  server: string,
  storeId: string,
  keys: readonly TupleKey[],
): Promise<KnownCheck[]> {
  return Promise.all(
    keys.map(async (key) => ({ storeId, key, allowed: allowed(await check(server, storeId, key)) })),
  );
}

export function startQueryLoad(url: string, known: readonly KnownCheck[], connections: number): QueryLoad {
  const faults: string[] = [];
  const served = new Map<string, number>();
  let stopped = false;

  async function ask({ storeId, key, allowed: right }: KnownCheck): Promise<void> {
    const reply = await check(url, storeId, key);
    const by = `${storeId} ${reply.headers['rsfga-served-by']}`;
    served.set(by, (served.get(by) ?? 0) + 1);
    if (reply.status !== 200) faults.push(describe(reply));
    else if (allowed(reply) !== right) faults.push(`${JSON.stringify(key)} is ${right}, said ${by}`);
  }

  async function run(first: number): Promise<void> {
    for (let at = first; !stopped; at += connections) {
      const one = known[at % known.length];
      if (one) await ask(one).catch((error: unknown) => faults.push(String(error)));
    }
  }

  const running = Array.from({ length: connections }, (_, n) => run(n));
  return {
    faults,
    served,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
