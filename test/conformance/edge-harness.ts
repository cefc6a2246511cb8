/** A fleet of one edge that keeps every store, behind a central sidecar and NATS, in front of a real server. */
import { centralYaml, createFleet, edgeYaml } from '../support/fleet.ts';
import { type OpenFga, startNats, startOpenFga } from '../support/servers.ts';

export interface Edge {
  /** `http://127.0.0.1:port` of the edge's OpenFGA API; writes go through it too. */
  readonly base: string;
  /** `127.0.0.1:port` of its gRPC API. */
  readonly grpc: string;
  /** `http://127.0.0.1:port` of its admin listener. */
  readonly admin: string;
  /** The server behind it all. */
  readonly openfga: OpenFga;
  stop(): Promise<void>;
}

export async function startEdge(): Promise<Edge> {
  const [openfga, nats] = await Promise.all([startOpenFga(), startNats()]);
  const fleet = createFleet();
  const upstream = ({ http, grpc }: { http: string; grpc: string }) => ({ upstream: { http, grpc } });
  const central = await fleet.start('central', centralYaml(openfga.http, nats.url, upstream(openfga)));
  const edge = await fleet.start('edge', edgeYaml(central.http, nats.url, upstream(central)));
  return {
    base: edge.http,
    grpc: edge.grpc,
    admin: edge.admin,
    openfga,
    stop: async () => {
      await fleet.stop();
      await Promise.all([openfga.stop(), nats.stop()]);
    },
  };
}
