/** Preshared keys. Compared by their hashes, all of them, so that neither length nor place of a key shows in the time. */
import { hash, timingSafeEqual } from 'node:crypto';
import { FgaError } from '../fga/error.ts';
import type { Denied, Identity, Method } from './callers.ts';

export interface PresharedKey {
  readonly secret: string;
  /** Product ids; undefined: every store. */
  readonly products?: readonly string[];
}

const WRONG: Denied = { denied: new FgaError('unauthenticated', 'unauthenticated') };

export function presharedKeys(keys: readonly PresharedKey[]): Method {
  const known = keys.map(({ secret, products }) => ({
    digest: sha256(secret),
    caller: { caller: { products: products && new Set(products) } satisfies Identity },
  }));
  return {
    isLimited: keys.some(({ products }) => products !== undefined),
    judge(token) {
      const digest = sha256(token);
      let found: (typeof known)[number] | undefined;
      for (const one of known) if (timingSafeEqual(one.digest, digest)) found = one;
      return found?.caller ?? WRONG;
    },
  };
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
