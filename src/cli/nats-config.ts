/** `rsfga-edge nats-config`: the configuration of each nats-server from one topology file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { nearest } from '../config/nearest.ts';
import { type ServerConf, serverConfs, variablesIn } from '../topology/server-conf.ts';
import { loadTopology } from '../topology/topology.ts';
import { EXIT } from './commands.ts';
import { type Parsed, UsageError } from './parse.ts';

interface World {
  print(text: string): void;
}

/** The exit code. Throws ConfigError for a topology with mistakes: nothing is written then. */
export function runNatsConfig({ flags }: Parsed, world: World): number {
  const { topology: file, out, server } = flags;
  if (file === undefined) throw new UsageError('rsfga-edge nats-config needs a topology: --topology FILE.');
  if ((out === undefined) === (server === undefined))
    throw new UsageError(
      'rsfga-edge nats-config either writes all (--out DIR) or prints one (--server NAME).',
    );
  const confs = serverConfs(loadTopology(file), basename(file));
  if (out === undefined) world.print(named(confs, server ?? '').text);
  else write(confs, out, world);
  return EXIT.done;
}

function write(confs: readonly ServerConf[], folder: string, world: World): void {
  mkdirSync(folder, { recursive: true });
  for (const { server, text } of confs) {
    const path = join(folder, `${server}.conf`);
    writeFileSync(path, text);
    const variables = variablesIn(text);
    const needs = variables.length === 0 ? '' : `: its environment needs ${variables.join(', ')}`;
    world.print(`wrote ${path}${needs}\n`);
  }
}

function named(confs: readonly ServerConf[], name: string): ServerConf {
  const found = confs.find(({ server }) => server === name);
  if (found) return found;
  const names = confs.map(({ server }) => server);
  const meant = nearest(name, names);
  const hint = meant === undefined ? `It has ${names.join(', ')}.` : `Did you mean "${meant}"?`;
  throw new UsageError(`The topology has no server "${name}". ${hint}`);
}
