/** The loop that brings new products: from the file that is watched, or from the bucket that is asked. */
import { readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { parseProducts } from '../config/load.ts';
import type { KnownTiers } from '../config/tiers.ts';
import type { Shelf, Shelved } from '../plugin/changelog.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { createBell } from './bell.ts';
import { type Offer, offerOfConfig, offerOfFile, type Registry } from './registry.ts';
import { createFileWatch } from './watch-file.ts';

export interface RegistryFollower {
  /** Looks now, as on SIGHUP. */
  look(): void;
  /** Until `signal` aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface FollowerParts {
  readonly config: Config;
  readonly registry: Registry;
  /** The tiers that the configuration names. */
  readonly tiers: KnownTiers;
  /** Undefined: the change log has no place for products. */
  readonly shelf: Shelf | undefined;
  readonly clock: Clock;
  readonly logger: Log;
}

const NOTHING: RegistryFollower = { look() {}, run: async () => undefined };

export function createRegistryFollower(parts: FollowerParts): RegistryFollower {
  const { config, shelf } = parts;
  switch (config.registry.kind) {
    case 'config':
      if (config.file === undefined) return NOTHING;
      return followText(parts, config.file, (text) => offerOfConfig(parts, text));
    case 'file': {
      const { path } = config.registry;
      return followText(parts, path, (text) => offerOfFile(parts, path, text));
    }
    case 'nats-kv':
      return shelf === undefined ? NOTHING : followShelf(parts, shelf);
  }
}

function followText(
  { registry, clock }: FollowerParts,
  path: string,
  offerOf: (text: string) => Offer,
): RegistryFollower {
  return createFileWatch({
    path,
    clock,
    known: textOf(path),
    changed: async (text) => {
      registry.unreadable(undefined);
      return (await registry.offer(offerOf(text))) === 'failed' ? 'again' : 'done';
    },
    trouble: registry.unreadable,
  });
}

/** What the first products were read from a moment ago; where that is gone meanwhile, any text is new. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The hint that somebody put something may be lost: the entry is read this often in any case. */
const ASK_EVERY_MS = 10_000;
/** While there has been no answer yet. */
const RETRY_MS = 1_000;

function followShelf(parts: FollowerParts, shelf: Shelf): RegistryFollower {
  const { config, registry, tiers, clock, logger } = parts;
  const bell = createBell(clock);
  let taken: Shelved | undefined;
  let asked = false;

  async function take(): Promise<number> {
    const always = asked;
    asked = false;
    const found = await shelf.get();
    if (!found) throw new Error('there are no products in it yet: rsfga-edge products apply FILE');
    registry.unreadable(undefined);
    if (!always && taken?.revision === found.revision && taken.text === found.text) return ASK_EVERY_MS;
    taken = found;
    const from = `${config.registry.kind} revision ${found.revision}`;
    // What reaches every edge has no business with the environment of one.
    const read = () => parseProducts(found.text, { name: from, tiers });
    const outcome = await registry.offer({ from, read });
    if (outcome === 'taken') await remember(config, found.text, logger);
    if (outcome === 'failed') taken = undefined;
    return ASK_EVERY_MS;
  }

  return {
    look() {
      asked = true;
      bell.ring();
    },
    async run(signal) {
      shelf.onPut(() => bell.ring(), signal);
      await lastProducts(parts);
      while (!signal.aborted) {
        const pauseMs = await take().catch((error: unknown) => {
          if (!signal.aborted) registry.unreadable(error);
          return RETRY_MS;
        });
        await bell.wait(pauseMs, signal);
      }
    },
  };
}

/** An edge that starts while it is cut off goes on with the products that it had. */
async function lastProducts({ config, registry, tiers, logger }: FollowerParts): Promise<void> {
  const path = lastPath(config);
  if (path === undefined) return;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    logger.debug({ path, error: String(error) }, 'no products from an earlier run');
    return undefined;
  });
  if (text !== undefined)
    await registry.offer({ from: path, read: () => parseProducts(text, { name: path, tiers }) });
}

async function remember(config: Config, text: string, logger: Log): Promise<void> {
  const path = lastPath(config);
  if (path === undefined) return;
  try {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (error) {
    logger.warn({ path, err: error }, 'the products could not be written down for the next start');
  }
}

function lastPath({ store }: Config): string | undefined {
  return store.kind === 'lmdb' ? join(store.path, 'products.last.yaml') : undefined;
}
