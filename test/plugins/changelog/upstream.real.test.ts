import { ulid } from 'ulid';
import { afterAll, beforeAll, describe } from 'vitest';
import { openUpstreamChangeLog } from '../../../plugins/changelog/upstream.ts';
import { systemClock } from '../../../src/plugin/clock.ts';
import type { Upstream } from '../../../src/plugin/upstream.ts';
import { openUpstreamReader } from '../../../src/upstream/read.ts';
import { tuple } from '../../contract/changelog-chain.ts';
import { changeLogControlContract } from '../../contract/changelog-control.ts';
import { changeLogReaderContract } from '../../contract/changelog-reader.ts';
import { call, expectStatus, writeModel } from '../../support/api.ts';
import { type OpenFga, serversAvailable, startOpenFga } from '../../support/servers.ts';

const TYPES = [
  'doc',
  'folder',
  'group',
  'a.b',
  '*',
  '>',
  'a>b',
  'wéird',
  '名前',
  'a%2Eb',
  'x'.repeat(254),
  '🙂'.repeat(254),
];

const PARAMETERS = {
  ip: { type_name: 'TYPE_NAME_STRING' },
  list: { type_name: 'TYPE_NAME_LIST', generic_types: [{ type_name: 'TYPE_NAME_STRING' }] },
  number: { type_name: 'TYPE_NAME_DOUBLE' },
  nested: { type_name: 'TYPE_NAME_MAP', generic_types: [{ type_name: 'TYPE_NAME_BOOL' }] },
};

const MODEL = {
  schema_version: '1.1',
  type_definitions: [{ type: 'user' }, ...TYPES.map(typeDefinition)],
  conditions: {
    in_office: { name: 'in_office', expression: 'ip == "10.0.0.1"', parameters: PARAMETERS },
    always: { name: 'always', expression: 'true', parameters: {} },
  },
};

describe.skipIf(!serversAvailable())('upstream', () => {
  let server: OpenFga;
  let upstream: Upstream;
  beforeAll(async () => {
    server = await startOpenFga();
    upstream = openUpstreamReader({ url: server.http });
  });
  afterAll(async () => {
    await upstream.close();
    await server.stop();
  });

  const open = () =>
    openUpstreamChangeLog({
      ...{ upstream, clock: systemClock, nodeId: 'test' },
      ...{ intervalMs: 200, overlapMs: 5_000 },
    });

  /** OpenFGA takes models and tuples of a store that nobody created. */
  const prepare = async (storeId: string) => void (await writeModel(server.http, storeId, MODEL));

  const commit = async (storeId: string, { writes = [], deletes = [] }: Changes) => {
    const body = {
      ...(writes.length > 0 ? { writes: { tuple_keys: writes } } : {}),
      ...(deletes.length > 0 ? { deletes: { tuple_keys: deletes } } : {}),
    };
    await expectStatus(200, call(server.http, `/stores/${storeId}/write`, { body }));
  };

  changeLogReaderContract('upstream, real OpenFGA', async () => {
    const log = open();
    return {
      log,
      attach: async (storeId) => {
        await prepare(storeId);
        await log.reader.head(storeId);
      },
      change: async (storeId, delta) => {
        await commit(storeId, delta);
        await log.control.ask({ ask: 'barrier', storeIds: [storeId] }, 5_000);
      },
      close: () => log.close(),
    };
  });

  changeLogControlContract('upstream, real OpenFGA', async () => {
    const log = open();
    return {
      log,
      store: async () => {
        const storeId = ulid();
        await prepare(storeId);
        await log.reader.head(storeId);
        await commit(storeId, { writes: [tuple('doc:1')] });
        return storeId;
      },
      close: () => log.close(),
    };
  });
});

interface Changes {
  readonly writes?: readonly object[];
  readonly deletes?: readonly object[];
}

function typeDefinition(type: string) {
  const users = [
    { type: 'user' },
    { type: 'user', condition: 'in_office' },
    { type: 'user', condition: 'always' },
  ];
  return {
    type,
    relations: { viewer: { this: {} } },
    metadata: { relations: { viewer: { directly_related_user_types: users } } },
  };
}
