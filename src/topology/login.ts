/** How users of the generated configuration are called, and where their passwords come from. */

/** Environment variable of nats-server that holds the password: `tokyo-1` → `TOKYO_1_NATS_PASSWORD`. */
export function variableOf(user: string): string {
  const word = user.toUpperCase().replace(/-/g, '_');
  // A variable of nats-server's language begins with a letter.
  return `${/^[A-Z]/.test(word) ? '' : 'USER_'}${word}_NATS_PASSWORD`;
}

/** First word of the subjects on which a user's answers come: `changelog.nats.inbox_prefix` of the sidecar. */
export function inboxOf(user: string): string {
  return `_INBOX_${user}`;
}

/** Where centrals agree who publishes; named as in `plugins/changelog/nats-register.ts`. */
export function leaseBucket(stream: string): string {
  return `${stream}_LEASE`;
}

/** nats-server's own, for its events. */
export const SYSTEM_ACCOUNT = 'SYS';

/** `RSFGA_tokyo`: of an edge or reader at the hub, or of a leaf node. */
export function guestAccount({ account }: { readonly account: string }, name: string): string {
  return `${account}_${name}`;
}

/** The login of a leaf node at the hub. */
export function leafUser(leaf: string): string {
  return `leaf-${leaf}`;
}

/**
 * `changelog.nats.domain` of every sidecar that is no central. It is no real domain: it names the calls of
 * JetStream that are imported into an account, apart from those that the account has itself.
 */
export const GUEST_DOMAIN = 'rsfga';
export const GUEST_API = `$JS.${GUEST_DOMAIN}.API`;
