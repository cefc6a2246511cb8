/** `rsfga-edge snapshot` and `rsfga-edge resync`: ask the running sidecar for something about its stores. */
import { adminTarget } from './admin-target.ts';
import { askAdmin } from './ask-admin.ts';
import { EXIT } from './commands.ts';

export interface StoresWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
}

/** Prints one line per store. Throws with words for an operator. */
export async function askForStores(
  name: 'snapshot' | 'resync',
  flags: Readonly<Record<string, string | undefined>>,
  { env, print }: StoresWorld,
): Promise<number> {
  const body = flags.store === undefined ? {} : { stores: [flags.store] };
  const done = await askAdmin(adminTarget(flags, env), { name, body });
  const lines = Object.entries('stores' in done && isMapping(done.stores) ? done.stores : {});
  for (const [storeId, came] of lines) print(`${storeId}  ${String(came)}\n`);
  if (lines.length === 0) print('The sidecar keeps no store.\n');
  return EXIT.done;
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
