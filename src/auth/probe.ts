/**
 * Does the upstream take callers without a credential? Where it does not and the sidecar was told to (`auth: none`),
 * nothing is answered here: a caller whom the upstream would refuse gets no local answer.
 */
import type { Clock } from '../plugin/clock.ts';
import type { Get } from '../plugin/get.ts';
import type { Log } from '../plugin/log.ts';

export interface Probe {
  /** True while nobody may be answered here. */
  demands(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

export interface ProbeParts {
  /** Origin of the upstream's HTTP API. */
  readonly upstream: string;
  readonly get: Get;
  /** What was found before a restart: an edge that starts while it is cut off goes by it. */
  readonly memory?: ProbeMemory;
  readonly clock: Clock;
  readonly log: Log;
  /** Told what was found: at first, and when it is another answer. */
  readonly found?: (demands: boolean) => void;
}

export interface ProbeMemory {
  /** Undefined: nothing was found yet about this upstream. */
  read(upstream: string): boolean | undefined;
  write(upstream: string, demands: boolean): void;
}

const AGAIN_MS = 60_000;
const RETRY_MS = 2_000;
const TIMEOUT_MS = 5_000;

export function createProbe({ upstream, get, memory, clock, log, found: told }: ProbeParts): Probe {
  let demands: boolean | undefined;
  const before = memory?.read(upstream);

  async function look(): Promise<void> {
    const found = await isRefused(upstream, get).catch(() => undefined);
    if (found === undefined || found === demands) return;
    demands = found;
    memory?.write(upstream, found);
    told?.(found);
    if (found)
      log.error(
        { upstream },
        'the upstream asks for credentials and this sidecar does not: nothing is answered here; ' +
          'set auth.method as at the upstream, or auth.allow_unauthenticated: true',
      );
    else log.info({ upstream }, 'the upstream takes callers without credentials');
  }

  return {
    // Nobody knows yet: nobody is let in.
    demands: () => demands ?? before ?? true,
    async run(signal) {
      while (!signal.aborted) {
        await look();
        await clock.sleep(demands === undefined ? RETRY_MS : AGAIN_MS, signal);
      }
    },
  };
}

/** Rejects when the upstream gives no answer of its own. */
async function isRefused(upstream: string, get: Get): Promise<boolean> {
  const response = await get(`${upstream}/stores?page_size=1`, AbortSignal.timeout(TIMEOUT_MS), 'manual');
  await response.body?.cancel();
  if (response.status === 401 || response.status === 403) return true;
  // OpenFGA sends nobody elsewhere: who stands before it sends strangers to where one logs in.
  if (response.status >= 300 && response.status < 400) return true;
  if (response.status === 200) return false;
  throw new Error(`the upstream answered ${response.status}`);
}
