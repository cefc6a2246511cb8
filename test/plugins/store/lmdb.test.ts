import { rmSync } from 'node:fs';
import { openLmdbStore } from '../../../plugins/store/lmdb.ts';
import { storeContract } from '../../contract/store.ts';
import { temporaryFolder } from '../../support/children.ts';

storeContract('lmdb', async () => {
  const path = temporaryFolder('store');
  const store = await openLmdbStore({ path });
  return { store, remove: async () => rmSync(path, { recursive: true }) };
});
