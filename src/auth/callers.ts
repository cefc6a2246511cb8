/**
 * Who may be answered here. A local answer skips the upstream's own authentication, so the caller is judged by the
 * upstream's rules first; whoever cannot be judged here is the upstream's to judge (`credentials`).
 * This room opens no listener and knows no wire: it sees the value of the `Authorization` header.
 */
import { FgaError } from '../fga/error.ts';

/** Undefined: the caller is let in. */
export type Verdict = undefined | Denied | { readonly declined: 'credentials' };

export interface Denied {
  readonly denied: FgaError;
}

export interface Callers {
  /** May this caller be answered here about this store? */
  admit(authorization: string | undefined, storeId: string): Verdict | Promise<Verdict>;
  /**
   * Present where some callers are limited to products: asked about everything, also what is only forwarded. `storeId`
   * is undefined where the request names no store, or none that can be read off it with certainty.
   */
  readonly gate?: (
    authorization: string | undefined,
    storeId: string | undefined,
  ) => Denied | undefined | Promise<Denied | undefined>;
}

/** A caller whose credential is good. `products` undefined: may ask about every store. */
export interface Identity {
  readonly products: ReadonlySet<string> | undefined;
}

/** What a credential comes to. */
export type Judged = { readonly caller: Identity } | Denied | { readonly declined: 'credentials' };

export interface Method {
  /** `token` is what follows the scheme `Bearer`. */
  judge(token: string): Judged | Promise<Judged>;
  readonly isLimited: boolean;
}

const MISSING: Denied = { denied: new FgaError('bearer_token_missing', 'missing bearer token') };
const FORBIDDEN: Denied = {
  denied: new FgaError('forbidden', 'the principal is not authorized to perform the action'),
};
const NOT_NOW: Denied = {
  denied: new FgaError('unavailable', 'the bearer token cannot be verified at the moment; try again'),
};
const NOT_JUDGED = { declined: 'credentials' } as const;
/** Anything else cannot travel in gRPC metadata, and upstream's own answer to it is not modelled here. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Callers that prove who they are by a bearer token. */
export function bearers(method: Method, productOf: (storeId: string) => string | undefined): Callers {
  function judge(authorization: string | undefined): Judged | Promise<Judged> {
    if (authorization === undefined) return MISSING;
    if (!PRINTABLE.test(authorization)) return NOT_JUDGED;
    const token = bearerToken(authorization);
    return token === undefined ? MISSING : method.judge(token);
  }

  function mayAsk({ products }: Identity, storeId: string | undefined): boolean {
    if (products === undefined) return true;
    const product = storeId === undefined ? undefined : productOf(storeId);
    return product !== undefined && products.has(product);
  }

  function toVerdict(judged: Judged, storeId: string): Verdict {
    if (!('caller' in judged)) return judged;
    return mayAsk(judged.caller, storeId) ? undefined : FORBIDDEN;
  }

  function toGate(judged: Judged, storeId: string | undefined): Denied | undefined {
    if ('denied' in judged) return judged;
    if ('declined' in judged) return NOT_NOW;
    return mayAsk(judged.caller, storeId) ? undefined : FORBIDDEN;
  }

  const callers: Callers = {
    admit(authorization, storeId) {
      const judged = judge(authorization);
      if (judged instanceof Promise) return judged.then((late) => toVerdict(late, storeId));
      return toVerdict(judged, storeId);
    },
  };
  if (!method.isLimited) return callers;
  return {
    ...callers,
    gate(authorization, storeId) {
      const judged = judge(authorization);
      return judged instanceof Promise
        ? judged.then((late) => toGate(late, storeId))
        : toGate(judged, storeId);
    },
  };
}

/** As upstream reads it: everything after the first space, the scheme in any case. */
function bearerToken(authorization: string): string | undefined {
  const space = authorization.indexOf(' ');
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== 'bearer') return undefined;
  return authorization.slice(space + 1);
}

/** Everybody, as long as the upstream takes everybody too. */
export function anybody(upstreamDemands: () => boolean): Callers {
  return { admit: () => (upstreamDemands() ? NOT_JUDGED : undefined) };
}
