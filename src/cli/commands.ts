/** Every command and flag, once: parsing, `--help` and docs/reference/cli.md come from here. */
import { LOG_LEVELS } from '../telemetry/logger.ts';

export interface Flag {
  readonly kind: 'text' | 'port' | 'switch';
  readonly says: string;
  /** How the value is called in the help: `FILE`. */
  readonly value?: string;
  readonly default?: string;
  /** Environment variable that stands in for the flag. */
  readonly env?: string;
  readonly oneOf?: readonly string[];
}

export interface Command {
  readonly summary: string;
  /** What may stand without a flag, and the flags that it stands for, in their order. */
  readonly positional?: string | readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
}

const config: Flag = { kind: 'text', value: 'FILE', says: 'The YAML file. May also stand without the flag.' };

const logLevel: Flag = {
  kind: 'text',
  value: 'LEVEL',
  says: `How much to log: ${LOG_LEVELS.join(', ')}.`,
  default: 'info',
  env: 'RSFGA_LOG_LEVEL',
  oneOf: LOG_LEVELS,
};

const port = (says: string, value: number): Flag => ({
  kind: 'port',
  value: 'PORT',
  says,
  default: String(value),
});

export const DEFAULT_ADMIN_URL = 'http://127.0.0.1:8090';

/** How a command finds the sidecar that it asks to act. */
const sidecarFlags = {
  config: {
    kind: 'text',
    value: 'FILE',
    says: 'The YAML file that it runs by: its admin listener and token.',
  },
  url: { kind: 'text', value: 'URL', says: 'Its admin listener, in the place of the one in the file.' },
  token: {
    kind: 'text',
    value: 'TOKEN',
    says: 'Its admin.token, in the place of the one in the file.',
    env: 'RSFGA_ADMIN_TOKEN',
  },
  ca: {
    kind: 'text',
    value: 'FILE',
    says: 'With https://: who vouches for it. Default: with --config the certificate in the file itself, else those that Node brings.',
  },
  cert: {
    kind: 'text',
    value: 'FILE',
    says: "A certificate to show where tls.admin.client_ca asks for one. Default: with --config the sidecar's own.",
    env: 'RSFGA_ADMIN_CERT',
  },
  key: { kind: 'text', value: 'FILE', says: 'Its private key.', env: 'RSFGA_ADMIN_KEY' },
} as const satisfies Readonly<Record<string, Flag>>;

export const COMMANDS = {
  run: {
    summary: 'Run a sidecar by a configuration file, until SIGTERM or Ctrl-C.',
    positional: 'config',
    flags: { config, 'log-level': logLevel },
  },
  demo: {
    summary: 'Show the main job in one process: an embedded upstream, a centre, an edge, a model with data.',
    flags: {
      'http-port': port("The centre's API.", 8080),
      'edge-port': port("The edge's API.", 8081),
      'admin-port': port("The edge's status page.", 8090),
      'upstream-port': port('The embedded upstream itself.', 18080),
      'log-level': { ...logLevel, default: 'warn' },
    },
  },
  'check-config': {
    summary: 'Check a configuration file: every mistake at once, with its place.',
    positional: 'config',
    flags: {
      config,
      show: {
        kind: 'switch',
        says: 'Print the configuration as it would run, defaults filled in, secrets masked.',
      },
    },
  },
  plan: {
    summary:
      'Show which queries of a model a configuration would have answered here, and what prevents the others.',
    positional: ['config', 'model'],
    flags: {
      config: { ...config, value: 'CONFIG' },
      model: {
        kind: 'text',
        value: 'MODEL',
        says: 'The model: a file in the DSL of OpenFGA, or its JSON. May also stand without the flag.',
      },
      store: {
        kind: 'text',
        value: 'ID',
        says: 'Only the product of this store; its tuples are counted at the upstream. Without it: every product.',
      },
      json: { kind: 'switch', says: 'Print the result as JSON.' },
    },
  },
  products: {
    summary:
      'The products of the registry: `check` a file, `get` what the bucket holds, `apply` a file to it.',
    positional: ['do', 'file'],
    flags: {
      do: {
        kind: 'text',
        value: 'WHAT',
        says: 'check, get or apply. May also stand without the flag.',
        oneOf: ['check', 'get', 'apply'],
      },
      file: {
        kind: 'text',
        value: 'FILE',
        says: 'The YAML file with `products` and `default_tier`. May also stand without the flag.',
      },
      config: {
        kind: 'text',
        value: 'FILE',
        says: 'A configuration whose `changelog.nats` and `registry` say where the bucket is, and whose `plugins` name further tiers.',
      },
      'dry-run': { kind: 'switch', says: 'apply: show what would change, and change nothing.' },
    },
  },
  'nats-config': {
    summary:
      'Make the configuration of every nats-server of a fleet from one topology file: accounts, logins with least rights, leaf nodes.',
    positional: 'topology',
    flags: {
      topology: {
        kind: 'text',
        value: 'FILE',
        says: 'The YAML file with servers, logins and edges. May also stand without the flag.',
      },
      out: { kind: 'text', value: 'DIR', says: 'Write SERVER.conf for each server into this folder.' },
      server: { kind: 'text', value: 'NAME', says: 'Print the configuration of this server instead.' },
    },
  },
  status: {
    summary: 'Show how a running sidecar is.',
    flags: {
      ...sidecarFlags,
      url: {
        ...sidecarFlags.url,
        says: `Its admin listener, in the place of the one in the file. Without both: ${DEFAULT_ADMIN_URL}.`,
      },
      json: { kind: 'switch', says: 'Print /status as it is.' },
      watch: { kind: 'switch', says: 'Draw it anew every two seconds, until Ctrl-C.' },
    },
  },
  audit: {
    summary: 'Compare what a running sidecar keeps with the upstream, and repair what differs.',
    flags: {
      ...sidecarFlags,
      store: { kind: 'text', value: 'ID', says: 'One store. Without it: every store that is kept there.' },
      check: { kind: 'switch', says: 'Only report; repair nothing.' },
      json: { kind: 'switch', says: 'Print the result as JSON.' },
    },
  },
  explain: {
    summary:
      'Show how a running sidecar decides one Check: tier, proof, tuples on the way, age, or why it is forwarded.',
    flags: {
      ...sidecarFlags,
      store: { kind: 'text', value: 'ID', says: 'The store.' },
      user: { kind: 'text', value: 'USER', says: 'Such as user:anne.' },
      relation: { kind: 'text', value: 'RELATION', says: 'Such as viewer.' },
      object: { kind: 'text', value: 'OBJECT', says: 'Such as document:1.' },
      model: { kind: 'text', value: 'ID', says: 'A model in the place of the latest.' },
      context: { kind: 'text', value: 'JSON', says: 'The context of conditions.' },
      json: { kind: 'switch', says: 'Print the result as JSON.' },
    },
  },
  snapshot: {
    summary: 'Have a running sidecar write snapshots of the stores it keeps, for new edges.',
    flags: {
      store: { kind: 'text', value: 'STORE', says: 'Only this store. Default: all that it keeps.' },
      ...sidecarFlags,
    },
  },
  resync: {
    summary:
      'Have a running sidecar copy stores again. Until they are complete, their queries are forwarded.',
    flags: {
      store: { kind: 'text', value: 'STORE', says: 'Only this store. Default: all that it keeps.' },
      ...sidecarFlags,
    },
  },
  version: { summary: 'Print the version.', flags: {} },
  help: { summary: 'Print this, or the flags of one command: help run.', flags: {} },
} as const satisfies Readonly<Record<string, Command>>;

export type CommandName = keyof typeof COMMANDS;

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  config: 3,
  unwell: 4,
  differs: 5,
} as const;

/** For the help and the docs. */
export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'Done; after SIGTERM or Ctrl-C: drained.',
  failed: 'It failed while starting or running; the last lines say why.',
  usage: 'The command line is wrong.',
  config: 'The configuration file, or the model of `plan`, is wrong; each mistake was listed.',
  unwell: '`status`: the sidecar answers and is degraded or unhealthy. `audit`: a store could not be judged.',
  differs: '`audit`: something differed from the upstream, repaired or not.',
};

/** Commands with their flags as the docs generator and the help see them: every member optional alike. */
export function commandOf(name: CommandName): Command {
  return COMMANDS[name];
}

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
