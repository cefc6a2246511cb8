/** Real clients in other languages, built from their registries into `.clients` (ignored by git). */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetched, GO_ENV } from '../support/foreign.ts';

export type ClientName = 'python' | 'go' | 'java' | 'cli';

export interface BuiltClient {
  readonly command: string;
  /** Before the API URL and the model's file. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const HERE = import.meta.dirname;
const OUT = join(HERE, '../../.clients');
/** Of the Python SDK; Go and Java name theirs in go.mod and pom.xml. */
const PYTHON_SDK = '0.10.5';
/** Downloads, and on a small machine the compilation of the CLI, which holds a whole OpenFGA. */
const BUILD_MS = 600_000;

/** Throws with the end of the tool's output when it cannot be built. */
export async function buildClient(client: ClientName): Promise<BuiltClient> {
  const out = join(OUT, client);
  mkdirSync(out, { recursive: true });
  switch (client) {
    case 'python':
      // What is there is taken: pip would ask the registry for it again.
      if (!existsSync(join(out, `openfga_sdk-${PYTHON_SDK}.dist-info`)))
        await run('python3', pipInstall(out), HERE);
      return { command: 'python3', args: [join(HERE, 'python/session.py')], env: { PYTHONPATH: out } };
    case 'go':
      await run('go', ['build', '-o', join(out, 'session'), '.'], join(HERE, 'go'));
      return { command: join(out, 'session'), args: [], env: {} };
    case 'java':
      await run(
        'mvn',
        ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${out}`],
        join(HERE, 'java'),
      );
      return { command: 'java', args: ['-cp', `${out}/*`, join(HERE, 'java/Session.java')], env: {} };
    case 'cli':
      await run('go', ['build', '-o', join(out, 'fga'), 'github.com/openfga/cli/cmd/fga'], join(HERE, 'cli'));
      return { command: 'sh', args: [join(HERE, 'cli/session.sh'), join(out, 'fga')], env: {} };
  }
}

function pipInstall(out: string): string[] {
  return ['-m', 'pip', 'install', '-q', '--upgrade', '--target', out, `openfga-sdk==${PYTHON_SDK}`];
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return fetched({ command, args, cwd, env: GO_ENV, timeoutMs: BUILD_MS });
}
