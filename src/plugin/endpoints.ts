/**
 * The admin listener's endpoints, once: the server, the configuration, the command line and the docs come from here. What
 * an operator may ask the sidecar to do is an `AdminCall`; whoever builds one hands it to the listener.
 */

export interface Endpoint {
  readonly path: string;
  /**
   * `open`: anybody who reaches the port. `look`: with `admin.token` where one is set. `act`: never without the token,
   * because it changes something here or answers what only the upstream's callers may ask.
   */
  readonly access: 'open' | 'look' | 'act';
  readonly says: string;
}

export const ENDPOINTS = {
  healthz: {
    path: '/healthz',
    access: 'open',
    says: 'Lives: 200 with the state in words, also while degraded.',
  },
  readyz: {
    path: '/readyz',
    access: 'open',
    says: '200 when requests can be answered or forwarded, else 503. `?synced` also waits for the local stores.',
  },
  status: { path: '/status', access: 'look', says: 'Everything the page shows, as JSON.' },
  metrics: { path: '/metrics', access: 'look', says: 'Prometheus text.' },
  page: { path: '/', access: 'look', says: 'The status page.' },
  audit: {
    path: '/admin/audit',
    access: 'act',
    says: 'POST `{"stores": […], "repair": true}`, both optional: compares what is kept here with the upstream.',
  },
  explain: {
    path: '/admin/explain',
    access: 'act',
    says: 'POST `{"store_id": …, "tuple_key": {…}, …}`, a Check with its store: how it would be decided here, and why.',
  },
  resync: {
    path: '/admin/resync',
    access: 'act',
    says: 'POST `{"stores": […]}`, optional: copies stores again from the upstream.',
  },
  snapshot: {
    path: '/admin/snapshot',
    access: 'act',
    says: 'POST `{"stores": […]}`, optional: writes snapshots for new edges.',
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof ENDPOINTS;

export const ENDPOINT_NAMES = Object.keys(ENDPOINTS) as [EndpointName, ...EndpointName[]];

/** The endpoints that are calls. */
export type CallName = {
  [Name in EndpointName]: (typeof ENDPOINTS)[Name]['access'] extends 'act' ? Name : never;
}[EndpointName];

export type CallResult =
  | { readonly done: object }
  /** What was asked makes no sense here; the words say what to do. */
  | { readonly refused: string; readonly status: 400 | 404 | 409 | 503 };

export interface CallWatch {
  /** The asker went away. */
  readonly signal: AbortSignal;
  /** Tells the asker how far it is, where the asker wants to hear it. */
  progress(event: object): void;
}

export interface AdminCall {
  readonly name: CallName;
  /** `body` is the JSON that was sent, `{}` when nothing was. What it throws is a 500 without its text. */
  run(body: unknown, watch: CallWatch): Promise<CallResult>;
}
