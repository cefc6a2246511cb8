/** The configuration of one server with a login of each kind, and the lines of its permissions. */
import { stringify } from 'yaml';
import type { FollowRules } from '../../src/plugin/changelog.ts';
import { serverConfs } from '../../src/topology/server-conf.ts';
import { parseTopology } from '../../src/topology/topology.ts';

export const PLACE = { bucket: 'products', key: 'products' };
export const SNAPSHOTS = 'SNAPS';
const TOPOLOGY = {
  products_bucket: PLACE.bucket,
  hub: { store_dir: '@store@', servers: [{ name: 'hub' }] },
  centrals: [{ user: 'central' }],
  operators: [{ user: 'ops' }],
  readers: [{ user: 'monitor' }],
  products: [{ id: 'all', stores: ['*'] }],
  edges: [{ id: 'tokyo', products: ['all'], snapshots: { bucket: SNAPSHOTS, write: 'yes' } }],
};

/** What is made from the topology; its store is the test server's. */
export const CONF = (serverConfs(parseTopology(stringify(TOPOLOGY)), 'fleet.yaml')[0]?.text ?? '').replace(
  /.*@store@.*\n/,
  '',
);

/** As of the topology that the configuration is made from. */
export const RULES: FollowRules = {
  ...{ judge: () => ({ limited: false }), version: () => '', edges: () => [], exceeds: () => false },
  buckets: () => ({ snapshots: [SNAPSHOTS], products: PLACE.bucket }),
};

export interface AllowLine {
  /** Index of the line. */
  readonly at: number;
  readonly user: string;
  readonly what: string;
  readonly subject: string;
}

export function allowLines(conf: string): readonly AllowLine[] {
  let [user, what, within] = ['', '', false];
  return conf.split('\n').flatMap((line, at) => {
    user = /^\s+user: "(.*)"/.exec(line)?.[1] ?? user;
    what = /^\s+(publish|subscribe) \{/.exec(line)?.[1] ?? what;
    if (/^\s+allow: \[/.test(line)) within = true;
    else if (/^\s+\]/.test(line)) within = false;
    const subject = /^\s+"(.*)"$/.exec(line)?.[1];
    return within && subject !== undefined ? [{ at, user, what, subject }] : [];
  });
}
