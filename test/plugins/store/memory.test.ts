import { openMemoryStore } from '../../../plugins/store/memory.ts';
import { storeContract } from '../../contract/store.ts';

storeContract('memory', async () => ({ store: await openMemoryStore(), async remove() {} }));
