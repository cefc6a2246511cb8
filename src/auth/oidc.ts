/**
 * OpenID Connect, by upstream's rules (`internal/authn/oidc` of v1.18): RS256 only, a key id that the issuer publishes,
 * issuer or alias, audience, an expiry, not issued in the future, optionally one of some subjects.
 * What was verified once is remembered by its hash until it expires or the issuer's keys change.
 */
import { hash } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { FgaError } from '../fga/error.ts';
import type { Clock } from '../plugin/clock.ts';
import type { Denied, Identity, Judged, Method } from './callers.ts';
import type { KeySet } from './jwks.ts';

export interface OidcRules {
  readonly issuer: string;
  readonly issuerAliases: readonly string[];
  readonly audience: string;
  /** Empty: any subject. */
  readonly subjects: readonly string[];
  /** The first of these claims that is a text names the client. */
  readonly clientIdClaims: readonly string[];
  /** Clients that may ask about some products only. Who is not named may ask about every store. */
  readonly clients: readonly { readonly client: string; readonly products: readonly string[] }[];
}

/** Tokens live for minutes to hours; an edge sees as many as it has clients. A verification costs 50 µs. */
const MAX_REMEMBERED = 10_000;
const INVALID: Denied = { denied: new FgaError('invalid_claims', 'invalid claims') };
const NOT_JUDGED = { declined: 'credentials' } as const;

interface Remembered {
  readonly caller: Identity;
  readonly expiresMs: number;
}

export function oidcTokens(rules: OidcRules, keys: KeySet, clock: Clock): Method {
  const remembered = new Map<string, Remembered>();
  keys.onChange(() => remembered.clear());

  async function verify(token: string, digest: string): Promise<Judged> {
    const odd = oddForm(token);
    if (odd) return odd;
    const during = keys.version();
    try {
      const { payload } = await jwtVerify(token, keys.resolve, {
        algorithms: ['RS256'],
        audience: rules.audience,
        requiredClaims: ['exp'],
        currentDate: new Date(clock.wallMs()),
      });
      if (!areDates(payload)) return NOT_JUDGED;
      const caller = callerOf(payload, rules, clock.wallMs());
      if (!caller) return INVALID;
      if (keys.version() === during) remember(digest, caller, payload.exp ?? 0);
      return { caller };
    } catch (error) {
      return isRefusal(error) ? INVALID : NOT_JUDGED;
    }
  }

  function remember(digest: string, caller: Identity, expiresAt: number): void {
    const oldest = remembered.size >= MAX_REMEMBERED ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
    remembered.set(digest, { caller, expiresMs: secondsMs(expiresAt) });
  }

  return {
    isLimited: rules.clients.length > 0,
    judge(token) {
      const digest = hash('sha256', token, 'base64');
      const known = remembered.get(digest);
      if (known === undefined) return verify(token, digest);
      if (clock.wallMs() < known.expiresMs) return known;
      remembered.delete(digest);
      return INVALID;
    },
  };
}

/** Three parts of base64url without padding, none of which begins with a byte order mark: jose takes more, upstream does not. */
const COMPACT = /^(?!77u_)[\w-]+\.(?!77u_)[\w-]+\.[\w-]+$/;

/** Undefined: of a form that is verified here. Upstream refuses a token without a key id even where the issuer has one key only. */
function oddForm(token: string): Judged | undefined {
  if (!COMPACT.test(token)) return INVALID;
  try {
    const { kid, crit, b64 } = decodeProtectedHeader(token);
    if (typeof kid !== 'string') return INVALID;
    // Upstream looks at neither; jose does.
    return crit === undefined && b64 === undefined ? undefined : NOT_JUDGED;
  } catch {
    return INVALID;
  }
}

/** Go keeps seconds in 64 bits: what is beyond a safe integer may wrap around there. */
function areDates({ exp, nbf, iat }: JWTPayload): boolean {
  return [exp, nbf, iat].every((date) => typeof date !== 'number' || Number.isSafeInteger(Math.floor(date)));
}

function callerOf(payload: JWTPayload, rules: OidcRules, nowMs: number): Identity | undefined {
  const { iss, sub, iat, aud } = payload as Record<string, unknown>;
  if (typeof iss !== 'string' || ![rules.issuer, ...rules.issuerAliases].includes(iss)) return undefined;
  if (sub !== undefined && typeof sub !== 'string') return undefined;
  if (rules.subjects.length > 0 && !rules.subjects.includes(`${sub ?? ''}`)) return undefined;
  if (iat !== undefined && !(typeof iat === 'number' && secondsMs(iat) <= nowMs)) return undefined;
  if (secondsMs(payload.exp ?? 0) <= nowMs) return undefined;
  // One audience that is no text spoils the list.
  if (Array.isArray(aud) && !aud.every((one) => typeof one === 'string')) return undefined;
  return { products: productsOf(payload, rules) };
}

/** Upstream cuts the fraction off a date. */
function secondsMs(date: number): number {
  return Math.floor(date) * 1000;
}

function productsOf(payload: JWTPayload, { clients, clientIdClaims }: OidcRules) {
  const claim = clientIdClaims.find((name) => typeof payload[name] === 'string');
  const named = claim === undefined ? [] : clients.filter(({ client }) => client === payload[claim]);
  return named.length === 0 ? undefined : new Set(named.flatMap(({ products }) => products));
}

/** These mean that the token is bad. Anything else (a key that is not known here, say) is the upstream's to judge. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JOSEAlgNotAllowed
  );
}
