/** One command line, from argv to its exit code. */
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/describe.ts';
import { loadWhole } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import type { Sidecar } from '../sidecar.ts';
import { createLogger, type Logger, logLevel } from '../telemetry/logger.ts';
import { VERSION } from '../version.ts';
import { adminTarget } from './admin-target.ts';
import { runAudit } from './audit.ts';
import { checkConfig } from './check-config.ts';
import { DEFAULT_ADMIN_URL, EXIT } from './commands.ts';
import { runExplain } from './explain.ts';
import { faultText } from './faults.ts';
import { helpText, usageLine } from './help.ts';
import { type Running, watchLife, watchParent } from './life.ts';
import { runNatsConfig } from './nats-config.ts';
import { type Parsed, parseCommand, UsageError } from './parse.ts';
import type { PlanCommand } from './plan.ts';
import { runProducts } from './products.ts';
import { showStatus } from './status.ts';
import { askForStores } from './stores.ts';

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(text: string): void;
  /** For faults and mistakes. */
  complain(text: string): void;
}

/** The exit code, or undefined when something runs now: it ends the process itself. */
export async function main(argv: readonly string[], world: World): Promise<number | undefined> {
  try {
    return await command(parseCommand(argv, world.env), world);
  } catch (error) {
    if (error instanceof ConfigError) {
      world.complain(`${error.message}\n`);
      return EXIT.config;
    }
    world.complain(`${faultText(error)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

/** What parses models takes a while to load, and no other command needs it. */
async function runPlan(command: PlanCommand): Promise<number> {
  return (await import('./plan.ts')).runPlan(command);
}

async function command(parsed: Parsed, world: World): Promise<number | undefined> {
  switch (parsed.command) {
    case 'help':
      world.print(helpText(parsed.topic));
      return EXIT.done;
    case 'version':
      world.print(`rsfga-edge ${VERSION} (Node ${process.versions.node})\n`);
      return EXIT.done;
    case 'check-config':
      return checkConfig(fileOf(parsed), parsed.flags, world);
    case 'status':
      return status(parsed, world);
    case 'audit':
      return audit(parsed, world);
    case 'nats-config':
      return runNatsConfig(parsed, world);
    case 'products':
      return runProducts(parsed, world);
    case 'plan':
      return runPlan({ flags: parsed.flags, ...world });
    case 'explain':
      return runExplain({ target: adminTarget(parsed.flags, world.env), flags: parsed.flags, ...world });
    case 'snapshot':
    case 'resync':
      return askForStores(parsed.command, parsed.flags, world);
    case 'run':
      return run(parsed, world);
    case 'demo':
      return demo(parsed, world);
  }
}

async function status({ flags }: Parsed, world: World): Promise<number> {
  const { config, url = config === undefined ? DEFAULT_ADMIN_URL : undefined, json, watch } = flags;
  return showStatus({
    target: adminTarget({ ...flags, url }, world.env),
    json: json !== undefined,
    watch: watch !== undefined,
    print: world.print,
  });
}

function audit({ flags }: Parsed, world: World): Promise<number> {
  return runAudit({
    target: adminTarget(flags, world.env),
    store: flags.store,
    check: flags.check !== undefined,
    json: flags.json !== undefined,
    ...world,
  });
}

async function run(parsed: Parsed, world: World): Promise<undefined> {
  const { config, tiers } = await loadWhole(fileOf(parsed), world.env);
  const log = loggerFor(parsed, config);
  const life = watchLife(log);
  watchParent(world.env, () => process.kill(process.pid, 'SIGTERM'));
  let running: Sidecar | undefined;
  process.on('SIGHUP', () => running?.reload());
  const { startSidecar } = await import('../sidecar.ts');
  const sidecar = await startSidecar(config, { logger: log, tiers, fatal: life.failed });
  running = sidecar;
  life.started(sidecar);
  log.info({ version: VERSION, urls: sidecar.urls }, 'running');
}

async function demo(parsed: Parsed, world: World): Promise<undefined> {
  const log = loggerFor(parsed);
  const life = watchLife(log);
  watchParent(world.env, () => process.kill(process.pid, 'SIGTERM'));
  const { runDemo } = await import('./demo.ts');
  const port = (name: string) => Number(parsed.flags[name]);
  const running: Running = await runDemo({
    httpPort: port('http-port'),
    edgePort: port('edge-port'),
    adminPort: port('admin-port'),
    upstreamPort: port('upstream-port'),
    logger: log,
    say: (line) => world.print(`${line}\n`),
  });
  life.started(running);
}

function loggerFor({ flags }: Parsed, config?: Config): Logger {
  const level = logLevel(flags['log-level'] ?? 'info') ?? 'info';
  if (config === undefined) return createLogger({ level });
  const base = { role: config.role, edge: config.edgeId, node: config.nodeId };
  return createLogger({ level, base, secrets: secretsOf(config) });
}

function fileOf({ command, flags }: Parsed): string {
  const file = flags.config;
  if (file !== undefined) return file;
  throw new UsageError(`rsfga-edge ${command} needs a configuration file: ${usageLine(command)}.`);
}
