/** One OpenFGA, one NATS, a central beside it and an edge behind the central: what most of these suites start with. */
import type { TupleKey } from '../../src/fga/tuple.ts';
import { check, createStore, type Reply, type StoreIds } from '../support/api.ts';
import { companyDataset, type Dataset, type ModelBody } from '../support/datasets.ts';
import {
  centralYaml,
  createFleet,
  edgeYaml,
  eventually,
  type Fleet,
  type Sidecar,
} from '../support/fleet.ts';
import { type Nats, type OpenFga, startNats, startOpenFga } from '../support/servers.ts';

export interface Standing {
  readonly openfga: OpenFga;
  readonly nats: Nats;
  readonly fleet: Fleet;
  readonly central: Sidecar;
  readonly edge: Sidecar;
  stop(): Promise<void>;
}

export interface StandingOptions {
  /** Further keys for the YAML of each. */
  readonly central?: object;
  readonly edge?: object;
}

/** Everything ready and, as far as there are stores yet, synced. The edge's upstream is the central. */
export async function startStanding(options: StandingOptions = {}): Promise<Standing> {
  const [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
  const fleet = createFleet();
  const stop = async () => {
    await fleet.stop();
    await Promise.all([openfga.stop(), nats.stop()]);
  };
  try {
    const central = await fleet.start('central', centralYaml(openfga.http, nats.url, options.central));
    const edge = await fleet.start('edge', edgeYaml(central.http, nats.url, options.edge));
    return { openfga, nats, fleet, central, edge, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A store made through the central, with the company's model. */
export function companyStore(standing: { readonly central: Sidecar }, name: string): Promise<StoreIds> {
  return createStore(standing.central.http, name, COMPANY);
}

const ANY: TupleKey = { user: 'user:anne', relation: 'owner', object: 'document:any' };

/**
 * The reply to a Check once the edge answers it from its own store. An edge that keeps `*` takes a store up at the first
 * query for it.
 */
export function untilLocal(edge: Sidecar, storeId: string, key = ANY): Promise<Reply> {
  return eventually(
    () => check(edge.http, storeId, key),
    ({ headers }) => headers['rsfga-served-by'] === 'local',
  );
}

/** The company's data of the suites that need no particular size. */
export const SMALL: Dataset = companyDataset(1_000, 11);

const COMPANY: ModelBody = SMALL.model;
