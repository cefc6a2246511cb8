/** From started to ended: the first SIGTERM or Ctrl-C drains, the second ends at once, a bug is logged and ends it too. */
import type { Log } from '../plugin/log.ts';
import { EXIT } from './commands.ts';

export interface Running {
  /** Stops taking requests, finishes those begun, closes everything. */
  drain(): Promise<void>;
}

/** The part of `process` that ends a life. Tests hand in their own. */
export interface Host {
  on(
    event: 'SIGTERM' | 'SIGINT' | 'uncaughtException' | 'unhandledRejection',
    told: (what: unknown) => void,
  ): unknown;
  exit(code: number): void;
}

/** A drain that takes longer is cut: an orchestrator would kill the process a moment later anyway. */
export const DRAIN_LIMIT_MS = 25_000;

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

export interface Life {
  started(running: Running): void;
  /** The sidecar cannot go on: drains and ends with a code that says so. */
  failed(error: Error): void;
}

/** Watch before anything is opened, so that a signal while starting ends the process too. */
export function watchLife(log: Log, host: Host = process): Life {
  let running: Running | undefined;
  let asked = false;
  const fault = (error: unknown) => {
    log.error({ err: error }, 'a fault that nobody handled: ending');
    host.exit(EXIT.failed);
  };
  host.on('uncaughtException', fault);
  host.on('unhandledRejection', fault);
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    host.on(signal, () => {
      if (asked || running === undefined) return host.exit(128 + SIGNALS[signal]);
      asked = true;
      log.info({ signal }, 'draining; the same signal again ends at once');
      void drained(running, log).then((code) => host.exit(code));
    });
  }
  return {
    started(now) {
      running = now;
    },
    failed(error) {
      log.error({ err: error }, 'ending');
      if (asked || running === undefined) return host.exit(EXIT.failed);
      asked = true;
      void drained(running, log).then(() => host.exit(EXIT.failed));
    },
  };
}

async function drained(running: Running, log: Log): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, DRAIN_LIMIT_MS, 'late');
  });
  try {
    const outcome = await Promise.race([running.drain(), late]);
    if (outcome === 'late') log.error({ limitMs: DRAIN_LIMIT_MS }, 'draining takes too long: ending');
    else log.info({}, 'drained');
    return outcome === 'late' ? EXIT.failed : EXIT.done;
  } catch (error) {
    log.error({ err: error }, 'draining failed');
    return EXIT.failed;
  } finally {
    clearTimeout(timer);
  }
}

const PARENT_CHECK_MS = 500;

/** Where the number of the parent process changes when it ends: `process`. Tests hand in their own. */
export interface Child {
  readonly ppid: number;
}

/**
 * npm and npx die of a SIGTERM without passing it on. Started by them, a sidecar takes the end of its parent for that
 * signal, so that nothing is left running. `lost` is called once.
 */
export function watchParent(
  env: Readonly<Record<string, string | undefined>>,
  lost: () => void,
  child: Child = process,
): void {
  if (env.npm_execpath === undefined) return;
  const parent = child.ppid;
  const timer = setInterval(() => {
    if (child.ppid === parent) return;
    clearInterval(timer);
    lost();
  }, PARENT_CHECK_MS);
  timer.unref();
}
