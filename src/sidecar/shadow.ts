/** The shadow of this sidecar: asks the primary with the sidecar's own credentials, counts, and keeps repros in a folder. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShadowStatus } from '../admin/status.ts';
import type { Config, ShadowConfig } from '../config/config.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { createSerial } from '../plugin/serial.ts';
import type { Tier } from '../plugin/tier.ts';
import type { LocalData } from '../proxy/products.ts';
import { createShadow, type Mismatch, type Shadow, type ShadowOutcome } from '../proxy/shadow.ts';
import { pathOf, strongBodyOf } from '../proxy/wire/body-of.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Asker, type AskerOptions, openAsker } from '../upstream/ask.ts';
import { VERSION } from '../version.ts';

export interface OpenShadow extends Pick<Shadow, 'offer'> {
  status(): ShadowStatus;
  close(): Promise<void>;
}

export interface OpenShadowParts {
  readonly config: Pick<Config, 'shadow' | 'edgeId'>;
  readonly primary: AskerOptions;
  readonly data: LocalData;
  tierOf(storeId: string): Tier;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clock: Clock;
  readonly logger: Log;
  random(): number;
}

const NAME = /^mismatch-.*\.json$/;

/** Undefined where nothing is to be compared. */
export function openShadow(parts: OpenShadowParts): OpenShadow | undefined {
  const { config, metrics, health, clock, logger } = parts;
  const { share, folder } = config.shadow;
  if (share === 0) return undefined;
  // Several at once would each count the files before the others have written.
  const storing = createSerial();
  const asker: Asker = openAsker(parts.primary);
  const counts: Record<ShadowOutcome, number> = {
    same: 0,
    explained: 0,
    mismatch: 0,
    undecided: 0,
    unanswered: 0,
    dropped: 0,
  };
  let lastMismatchAtMs: number | undefined;

  async function keep(mismatch: Mismatch): Promise<void> {
    lastMismatchAtMs = clock.wallMs();
    const { storeId, method } = mismatch.query;
    logger.error(
      { store: storeId, method, revision: mismatch.revision, folder },
      'a local answer differs from the upstream',
    );
    const reason = `A local answer differed from the upstream's at the same revision; see ${folder}.`;
    health.raise('shadow', 'degraded', reason);
    const repro = {
      at: new Date(lastMismatchAtMs).toISOString(),
      version: VERSION,
      edgeId: config.edgeId,
      ...reproOf(mismatch),
    };
    await storing
      .run(() => storeRepro(config.shadow, repro))
      .catch((err: unknown) => logger.error({ err, folder }, 'the repro of a mismatch could not be stored'));
  }

  const shadow = createShadow({
    ...parts,
    share,
    ask: (query) => asker.ask(pathOf(query), strongBodyOf(query)),
    told(outcome) {
      counts[outcome] += 1;
      metrics.counter('rsfga_shadow_total', outcome).value += 1;
    },
    mismatch: keep,
  });
  return {
    offer: shadow.offer,
    status: () => ({
      share,
      folder,
      ...counts,
      ...(lastMismatchAtMs === undefined ? {} : { lastMismatchAtMs }),
    }),
    async close() {
      shadow.close();
      await asker.close();
    },
  };
}

/** What is needed to ask again; no header of any client is in it. */
function reproOf({ query, here, there, revision, modelId }: Mismatch): object {
  const request = { method: 'POST', path: pathOf(query), body: strongBodyOf(query) };
  return { storeId: query.storeId, revision, modelId, request, here: here.answer, there: there.answer };
}

/** The newest `keep` stay. Readable by the sidecar's user alone: they hold who was asked about. */
async function storeRepro({ folder, keep }: ShadowConfig, repro: { readonly at: string }): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  for (const name of names.slice(0, Math.max(0, names.length - keep + 1)))
    await rm(join(folder, name), { force: true });
  const name = `mismatch-${repro.at.replace(/[:.]/g, '-')}-${String(process.hrtime.bigint() % 1_000_000n).padStart(6, '0')}.json`;
  await writeFile(join(folder, name), `${JSON.stringify(repro, null, 2)}\n`, { mode: 0o600 });
}
