/** Who logs in to which server, as text of its configuration. */
import { block, indented, listLines, quoted, word } from './conf-text.ts';
import { exportLines, importLines } from './crossings.ts';
import { guestAccount, leafUser, SYSTEM_ACCOUNT, variableOf } from './login.ts';
import {
  centralPermissions,
  edgePermissions,
  leafPermissions,
  operatorPermissions,
  type Permissions,
  type Right,
  readerPermissions,
} from './permissions.ts';
import type { Leaf, Topology } from './topology.ts';

interface User {
  readonly user: string;
  readonly nkey?: string | undefined;
  readonly what: string;
  readonly permissions: Permissions;
  /** A leaf node's login opens no door for a client, nor the other way round. */
  readonly connects: 'STANDARD' | 'LEAFNODE';
}

/**
 * Logins that share an account beside the main one. Why not one account for all: NATS lets a client name any subject for its
 * answer, and the server, or a central, would publish the answer there. In an account of its own that harms nobody else.
 */
interface Guests {
  readonly account: string;
  readonly users: readonly User[];
  /** What leads into the main account, and comes out of it. */
  readonly rights: Permissions;
}

export function hubAccounts(topology: Topology): string[] {
  const { account, centrals, operators, readers, edges, leaves } = topology;
  const guests = [
    ...readers.map((one) => guest(topology, user(one, 'Monitoring.', readerPermissions(topology, one.user)))),
    ...edges.filter(({ at }) => at === undefined).map((edge) => guest(topology, edgeUser(topology, edge))),
    ...leaves.map((leaf) => leafGuest(topology, leaf)),
  ];
  const own = [
    ...centrals.map((one) => user(one, 'A central sidecar.', centralPermissions(topology, one.user))),
    ...operators.map((one) => user(one, 'Commands of an operator.', operatorPermissions(topology, one.user))),
  ];
  const main = [
    'jetstream: enabled',
    ...listLines('users', own.flatMap(userLines)),
    ...listLines('exports', exportLines(guests)),
  ];
  return accounts([
    ...block(word(account), main),
    ...guests.flatMap((one) =>
      block(word(one.account), [
        ...listLines('users', one.users.flatMap(userLines)),
        ...listLines('imports', importLines(topology, one)),
      ]),
    ),
  ]);
}

/** The same account as at the hub, with the edges in it. */
export function leafAccounts(topology: Topology, leaf: Leaf): string[] {
  const behind = topology.edges.filter(({ at }) => at === leaf.name).map((edge) => edgeUser(topology, edge));
  const jetstream = leaf.jetstream ? ['jetstream: enabled'] : [];
  return accounts(
    block(word(guestAccount(topology, leaf.name)), [
      ...jetstream,
      ...listLines('users', behind.flatMap(userLines)),
    ]),
  );
}

function accounts(lines: readonly string[]): string[] {
  return [...block('accounts', [...lines, `${SYSTEM_ACCOUNT}: {}`]), `system_account: ${SYSTEM_ACCOUNT}`];
}

function guest(topology: Topology, only: User): Guests {
  return { account: guestAccount(topology, only.user), users: [only], rights: only.permissions };
}

function leafGuest(topology: Topology, leaf: Leaf): Guests {
  const rights = leafPermissions(topology, leaf);
  const login = { user: leafUser(leaf.name), nkey: leaf.nkey };
  const what = `The leaf node ${leaf.name}, for the edges behind it.`;
  return {
    account: guestAccount(topology, leaf.name),
    users: [{ ...user(login, what, rights), connects: 'LEAFNODE' }],
    rights,
  };
}

function user(login: Pick<User, 'user' | 'nkey'>, what: string, permissions: Permissions): User {
  return { ...login, what, permissions, connects: 'STANDARD' };
}

function edgeUser(topology: Topology, edge: Topology['edges'][number]): User {
  const what = `The edge ${edge.id}: ${edge.products.join(', ')}.`;
  return user({ user: edge.id, nkey: edge.nkey }, what, edgePermissions(topology, edge));
}

function userLines({ user, nkey, what, permissions, connects }: User): string[] {
  const login =
    nkey === undefined ? [`user: ${quoted(user)}`, `password: $${variableOf(user)}`] : [`nkey: ${nkey}`];
  const { publish, subscribe } = permissions;
  return [
    `# ${what}`,
    ...block('', [
      ...login,
      `allowed_connection_types: [ ${connects} ]`,
      ...block('permissions', [...allowing('publish', publish), ...allowing('subscribe', subscribe)]),
    ]),
  ];
}

function allowing(what: string, rights: readonly Right[]): string[] {
  const lines = rights.flatMap(({ why, subjects }) => [`# ${why}`, ...subjects.map(quoted)]);
  return block(what, ['allow: [', ...indented(lines), ']']);
}
