/**
 * What the scenarios play on: one OpenFGA, one nats-server, two central and two edge sidecars, all of them real processes,
 * with lines between them that can be cut.
 *
 *     openfga ── upstream (faulty) ──┬─ central-1 ─┬─ line ── nats-server
 *                                    └─ central-2 ─┤
 *     edge-1 (forward when stale) ── central-1     │   each with its own line
 *     edge-2 (deny when stale) ───── central-1 ────┘
 */
import { type CutLine, startCutLine } from '../support/cut-line.ts';
import { type FaultyHttp, startFaultyHttp } from '../support/faulty-http.ts';
import { centralYaml, createFleet, edgeYaml, type Fleet, type Sidecar } from '../support/fleet.ts';
import { type Nats, type OpenFga, startNats, startOpenFga } from '../support/servers.ts';

/** `max_staleness` of both edges, and as far as edge-1 goes while its upstream is away. */
export const BOUND_MS = 5_000;
export const STREAM = 'RSFGA_CHANGES';

export interface WorldOptions {
  readonly datastore: 'memory' | 'postgres';
  readonly centrals: 1 | 2;
}

export interface World {
  readonly options: WorldOptions;
  readonly openfga: OpenFga;
  /** Between the centrals and OpenFGA. */
  readonly upstream: FaultyHttp;
  readonly centrals: readonly Sidecar[];
  readonly edges: readonly Sidecar[];
  /** By the sidecar's name: its line to NATS. */
  line(sidecar: Sidecar): CutLine;
  readonly fleet: Fleet;
  nats(): Nats;
  stopNats(): Promise<void>;
  /** On the same port, with the data it had or with none. */
  startNats(data: 'kept' | 'lost'): Promise<void>;
  stop(): Promise<void>;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const fleet = createFleet();
  const lines = new Map<string, CutLine>();
  const [openfga, firstNats] = await Promise.all([
    startOpenFga({ datastore: options.datastore }),
    startNats(),
  ]);
  let nats = firstNats;
  const upstream = await startFaultyHttp(openfga.http);
  const stop = async () => {
    await fleet.stop();
    await Promise.all([openfga.stop(), nats.stop()]);
    await Promise.all([upstream.close(), ...[...lines.values()].map((line) => line.close())]);
  };
  const natsUrl = async (name: string) => {
    const line = await startCutLine(nats.port);
    lines.set(name, line);
    return `nats://127.0.0.1:${line.port}`;
  };
  try {
    const centrals = await startCentrals(fleet, upstream.url, { natsUrl, count: options.centrals });
    const edges = await startEdges(fleet, centrals[0]?.http ?? '', natsUrl);
    return {
      options,
      openfga,
      upstream,
      centrals,
      edges,
      fleet,
      line: ({ name }) => lines.get(name) ?? missing(name),
      nats: () => nats,
      stopNats: () => nats.stop(),
      async startNats(data) {
        const { port, storeDir } = nats;
        nats = await startNats(data === 'kept' ? { port, storeDir } : { port });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type NatsUrl = (name: string) => Promise<string>;

const RECONCILE = { interval: '500ms' };

async function startCentrals(
  fleet: Fleet,
  upstream: string,
  { natsUrl, count }: { readonly natsUrl: NatsUrl; readonly count: number },
): Promise<Sidecar[]> {
  const centrals: Sidecar[] = [];
  for (let n = 1; n <= count; n += 1) {
    const name = `central-${n}`;
    const yaml = centralYaml(upstream, await natsUrl(name), { node_id: name, reconcile: RECONCILE });
    centrals.push(await fleet.start(name, yaml));
  }
  return centrals;
}

/** One forwards what is too old and writes snapshots, the other refuses it. */
async function startEdges(fleet: Fleet, upstream: string, natsUrl: NatsUrl): Promise<Sidecar[]> {
  const edges: Sidecar[] = [];
  for (const [name, onStale] of [
    ['edge-1', 'forward'],
    ['edge-2', 'deny'],
  ] as const) {
    const yaml = chaosEdgeYaml(upstream, await natsUrl(name), { name, onStale });
    edges.push(await fleet.start(name, { ...yaml, ...(edges.length === 0 ? SNAPSHOTS : {}) }));
  }
  return edges;
}

export const BUCKET = 'RSFGA_SNAPSHOTS';
/** A store is written within three seconds of its first copy, then as often as this. */
const SNAPSHOTS = { snapshots: { every: '30s', bucket: BUCKET } };

/** An edge that keeps everything and whose local answers are never older than the bound. */
export function chaosEdgeYaml(
  upstream: string,
  nats: string,
  { name, onStale }: { readonly name: string; readonly onStale: 'forward' | 'deny' },
) {
  const bound = `${BOUND_MS}ms`;
  const product = { id: 'all', stores: ['*'], tier: 'critical', max_staleness: bound, on_stale: onStale };
  const products = [onStale === 'forward' ? { ...product, max_offline: bound } : product];
  return edgeYaml(upstream, nats, { node_id: name, products });
}

function missing(name: string): never {
  throw new Error(`no sidecar ${name}`);
}
