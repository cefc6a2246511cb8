import { ulid } from 'ulid';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Chain, createChain, tuple } from '../../contract/changelog-chain.ts';
import { changeLogControlContract, serveHeads } from '../../contract/changelog-control.ts';
import { changeLogReaderContract } from '../../contract/changelog-reader.ts';
import { changeLogWriterContract } from '../../contract/changelog-writer.ts';
import { type Nats, serversAvailable, startNats } from '../../support/servers.ts';
import { openLog, operatorOf, WAYS_TO_APPEND } from './nats-fixture.ts';

describe.skipIf(!serversAvailable())('nats', () => {
  let server: Nats;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  changeLogReaderContract('nats', async () => {
    const log = await openLog(server.url);
    const chains = new Map<string, Chain>();
    return {
      log,
      change: async (storeId, delta) => {
        const chain = chains.get(storeId) ?? createChain(storeId);
        chains.set(storeId, chain);
        const logged = await log.reader.head(storeId);
        chain.moved(logged?.head ?? chain.head(), logged?.fence ?? '');
        await chain.append(log.writer, delta);
      },
      another: () => openLog(server.url),
      trim: () => operatorOf(server.url).purge(),
      garbage: (storeId) => operatorOf(server.url).putGarbage(storeId),
      replace: () => operatorOf(server.url).removeStream(),
      close: () => log.close(),
    };
  });

  for (const [how, options] of Object.entries(WAYS_TO_APPEND))
    changeLogWriterContract(`nats, ${how}`, async () => ({
      log: await openLog(server.url, options),
      another: () => openLog(server.url, options),
      close: async () => {},
    }));

  changeLogControlContract('nats', async () => {
    const log = await openLog(server.url);
    const sequencer = await openLog(server.url);
    return {
      log,
      server: sequencer,
      sequencer: () => serveHeads(sequencer),
      store: async () => {
        const chain = createChain(ulid());
        await chain.append(sequencer.writer, { writes: [tuple('doc:1')] });
        return chain.storeId;
      },
      close: async () => {
        await log.close();
        await sequencer.close();
      },
    };
  });
});
