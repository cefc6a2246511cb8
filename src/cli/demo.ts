/**
 * `rsfga-edge demo` (`npm start`): the main job in one process. An embedded upstream, a central sidecar in front of it, an
 * edge sidecar beside the application, and the change log between them in memory. No broker, no Docker.
 */
import { createMemoryHub } from '../../plugins/changelog/memory.ts';
import { startEmbedded } from '../../plugins/index.ts';
import { parseConfig } from '../config/load.ts';
import { systemClock } from '../plugin/clock.ts';
import type { Log } from '../plugin/log.ts';
import { ListenError } from '../proxy/listen.ts';
import { createClosers } from '../sidecar/parts.ts';
import { type Sidecar, startSidecar } from '../sidecar.ts';
import { DEMO_CHECK, loadDemo } from './demo-data.ts';

export interface DemoOptions {
  /** Port of the central sidecar. */
  readonly httpPort: number;
  readonly edgePort: number;
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly logger: Log;
  /** Where the welcome is written. */
  readonly say: (line: string) => void;
}

export interface Demo {
  drain(): Promise<void>;
}

export async function runDemo(options: DemoOptions): Promise<Demo> {
  const { logger, say } = options;
  const closers = createClosers(logger);
  try {
    const upstream = await startEmbedded({ host: '127.0.0.1', port: options.upstreamPort });
    closers.add('upstream', () => upstream.close());
    const hub = createMemoryHub({ clock: systemClock });
    const central = await startSidecar(parseConfig(centralYaml(options, upstream.url)), {
      logger,
      sharedLog: hub.open(),
    });
    closers.add('central', () => central.drain());
    say('Loading a model and a few thousand tuples through the central sidecar …');
    const loaded = await loadDemo(central.urls.http);
    say(`Loaded ${loaded.tuples} tuples into store ${loaded.storeId}.`);
    // The centre publishes; with a log in memory an edge by itself would do so too.
    const edgeConfig = {
      ...parseConfig(edgeYaml(options, central.urls.http, loaded.storeId)),
      capture: undefined,
    };
    const edge = await startSidecar(edgeConfig, { logger, sharedLog: hub.open() });
    closers.add('edge', () => edge.drain());
    await untilSynced(edge);
    welcome(say, { upstream: upstream.url, central: central.urls.http, edge, storeId: loaded.storeId });
  } catch (error) {
    await closers.closeAll();
    throw namedPort(error, options);
  }
  return { drain: () => closers.closeAll() };
}

/** A port that is taken is named by the flag that changes it. */
function namedPort(error: unknown, options: DemoOptions): unknown {
  const place = error instanceof ListenError ? error.address : portOf(error);
  const taken = FLAGS.find(([option]) => place === `127.0.0.1:${options[option]}`);
  if (!taken) return error;
  const [option, what, flag] = taken;
  const message = `Port ${options[option]} for ${what} cannot be had: another process is using it. Choose another with ${flag}, for example: npm start -- ${flag} ${options[option] + 1000}`;
  return new Error(message);
}

const FLAGS = [
  ['httpPort', 'the central sidecar', '--http-port'],
  ['edgePort', 'the edge sidecar', '--edge-port'],
  ['adminPort', 'the status page', '--admin-port'],
  ['upstreamPort', 'the embedded upstream', '--upstream-port'],
] as const;

/** `address:port` of a system error. */
function portOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return undefined;
  return 'address' in error && 'port' in error ? `${error.address}:${error.port}` : undefined;
}

/** Two sidecars and their upstream share the files that one process may open. */
const FEW = 'limits: { connections: 256 }';

function centralYaml({ httpPort }: DemoOptions, upstream: string): string {
  return `
role: central
node_id: demo-central
listen: { http: "127.0.0.1:${httpPort}", admin: "127.0.0.1:0" }
upstream: { http: "${upstream}" }
changelog: memory
${FEW}
`;
}

/** What is not answered at the edge goes to the centre, as it would between regions. */
function edgeYaml({ edgePort, adminPort }: DemoOptions, central: string, storeId: string): string {
  return `
role: edge
edge_id: demo-edge
listen: { http: "127.0.0.1:${edgePort}", admin: "127.0.0.1:${adminPort}" }
upstream: { http: "${central}" }
changelog: memory
store: memory
${FEW}
products:
  - { id: demo, stores: [ ${storeId} ], tier: critical }
`;
}

async function untilSynced(edge: Sidecar): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    const response = await fetch(`${edge.urls.admin}/readyz?synced`);
    if (response.ok) return;
    await systemClock.sleep(50);
  }
  throw new Error('the edge did not copy the demo store within 30 s');
}

interface Scene {
  readonly upstream: string;
  readonly central: string;
  readonly edge: Sidecar;
  readonly storeId: string;
}

function welcome(say: (line: string) => void, { upstream, central, edge, storeId }: Scene): void {
  const json = (value: unknown) => `-H 'content-type: application/json' -d '${JSON.stringify(value)}'`;
  const { user, relation, object } = DEMO_CHECK;
  const write = { writes: { tuple_keys: [{ user, relation, object }] } };
  const check = { tuple_key: { user, relation, object } };
  for (const line of [
    '',
    'RSFGA Edge runs.',
    `  upstream (embedded)   ${upstream}`,
    `  central sidecar       ${central}    forwards everything, captures Writes`,
    `  edge sidecar          ${edge.urls.http}    answers queries from its own copy`,
    `  status page           ${edge.urls.admin}`,
    '',
    `May ${user.slice(5)} view ${object.slice(9)}? Ask the edge, grant it at the centre, ask the edge again (paste line by line):`,
    '',
    `curl -si ${edge.urls.http}/stores/${storeId}/check ${json(check)}`,
    `curl -si ${central}/stores/${storeId}/write ${json(write)}`,
    `curl -s ${edge.urls.admin}/status`,
    '',
    'The first line again now says "allowed":true, with Rsfga-Served-By: local. Ctrl-C ends it.',
    '',
  ])
    say(line);
}
