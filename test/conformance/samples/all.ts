/** Every sample; a new one is a file and a line here. */
import { attributes } from './attributes.ts';
import { banking } from './banking.ts';
import { chat } from './chat.ts';
import { drive } from './drive.ts';
import { entitlements } from './entitlements.ts';
import { expenses } from './expenses.ts';
import { github } from './github.ts';
import { healthcare } from './healthcare.ts';
import { iot } from './iot.ts';
import { multiTenant } from './multi-tenant.ts';
import { network } from './network.ts';
import type { Sample } from './sample.ts';
import { temporal } from './temporal.ts';

export const SAMPLES: readonly Sample[] = [
  github,
  drive,
  chat,
  entitlements,
  iot,
  banking,
  multiTenant,
  temporal,
  network,
  expenses,
  attributes,
  healthcare,
];
