/**
 * What capture adds to a Write: `nice node bench/write-overhead.ts [writes]`. OpenFGA on PostgreSQL, NATS, one central that waits for the log
 * (`capture.wait: published`) and one that does not; single-tuple Writes to each and to OpenFGA itself, by turns.
 */
import { createStore, expectStatus, write } from '../test/support/api.ts';
import { centralYaml, createFleet } from '../test/support/fleet.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { startNats, startOpenFga } from '../test/support/servers.ts';

const count = Number(process.argv[2] ?? 1_000);
const WARM_UP = 50;
const closing: (() => Promise<unknown>)[] = [];

try {
  const postgres = await startPostgres();
  closing.push(postgres.stop);
  const openfga = await startOpenFga({ datastore: postgres });
  closing.push(openfga.stop);
  const nats = await startNats();
  closing.push(nats.stop);
  const fleet = createFleet();
  closing.push(fleet.stop);
  const waits = await fleet.start('waits', centralYaml(openfga.http, nats.url));
  const other = await startNats();
  closing.push(other.stop);
  const sends = await fleet.start(
    'sends',
    centralYaml(openfga.http, other.url, { capture: { wait: 'none' } }),
  );
  const ways = [
    { name: 'OpenFGA itself', url: openfga.http, ms: [] as number[] },
    { name: 'through the central, wait: published', url: waits.http, ms: [] as number[] },
    { name: 'through the central, wait: none', url: sends.http, ms: [] as number[] },
  ];
  const stores = await Promise.all(
    ways.map((_way, at) =>
      createStore(openfga.http, `writes-${at}`, {
        schema_version: '1.1',
        type_definitions: [
          { type: 'user' },
          {
            type: 'document',
            relations: { viewer: { this: {} } },
            metadata: { relations: { viewer: { directly_related_user_types: [{ type: 'user' }] } } },
          },
        ],
      }),
    ),
  );
  for (let n = 0; n < count + WARM_UP; n += 1)
    for (const [at, way] of ways.entries()) {
      const key = { user: `user:${n % 100}`, relation: 'viewer', object: `document:${n}` };
      const from = performance.now();
      await expectStatus(200, write(way.url, stores[at]?.storeId ?? '', { writes: [key] }));
      if (n >= WARM_UP) way.ms.push(performance.now() - from);
    }
  for (const { name, ms } of ways) {
    ms.sort((a, b) => a - b);
    const at = (share: number) => (ms[Math.floor(ms.length * share)] ?? 0).toFixed(2);
    console.log(`| ${name} | ${at(0.5)} | ${at(0.99)} |`);
  }
} finally {
  for (const close of closing.reverse()) await close();
}
