/** One store at one server and one edge beside it, for questions whose bytes are spoilt. */
import { createStore, write } from '../../support/api.ts';
import { modelFrom } from '../../support/datasets.ts';
import { createFleet, eventually } from '../../support/fleet.ts';
import { frame, grpcClient, SERVICE } from '../../support/grpc.ts';
import { startOpenFga } from '../../support/servers.ts';
import { plainQuestions } from './bytes.ts';

export interface BytesWorld {
  readonly edge: string;
  readonly server: string;
  readonly pid: number;
  readonly storeId: string;
  stop(): Promise<void>;
}

const MODEL = modelFrom(`model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define owner: [user]
    define viewer: [user, user:*, group#member, user with soon] or owner
condition soon(x: int) {
  x < 5
}`);

export async function startBytesWorld(): Promise<BytesWorld> {
  const openfga = await startOpenFga();
  const fleet = createFleet();
  const { storeId } = await createStore(openfga.http, 'bytes', MODEL);
  const viewer = { relation: 'viewer', object: 'document:1' };
  await write(openfga.http, storeId, {
    writes: [
      { ...viewer, user: 'user:anne' },
      { ...viewer, user: 'group:eng#member' },
      { ...viewer, user: 'user:bert', condition: { name: 'soon' } },
      { user: 'user:cara', relation: 'member', object: 'group:eng' },
    ],
  });
  const edge = await fleet.start('bytes', {
    role: 'edge',
    upstream: { http: openfga.http, grpc: openfga.grpc },
    changelog: 'upstream',
    products: [{ id: 'all', stores: ['*'], tier: 'critical' }],
  });
  const client = grpcClient(edge.grpc);
  const [first] = plainQuestions(storeId);
  await eventually(
    () => client.raw(`${SERVICE}Check`, frame(first?.message ?? Buffer.alloc(0))),
    ({ metadata }) => metadata['rsfga-served-by'] === 'local',
    60_000,
  );
  client.close();
  return {
    edge: edge.grpc,
    server: openfga.grpc,
    pid: edge.pid(),
    storeId,
    stop: async () => {
      await fleet.stop();
      await openfga.stop();
    },
  };
}
