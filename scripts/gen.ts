/**
 * Writes every generated file of the repository again: `npm run gen`. Works offline.
 *
 *     node scripts/gen.ts            all of them
 *     node scripts/gen.ts proto      one by name
 *
 * A generator is a function in the list below. It writes its files and returns what it wrote, for one line of output.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { generateReference } from './gen-reference.ts';

interface Generator {
  readonly name: string;
  /** Throws with what to do about it. */
  run(): string | Promise<string>;
}

const GENERATORS: readonly Generator[] = [
  { name: 'proto', run: generateProto },
  { name: 'reference', run: generateReference },
];

const ROOT = join(import.meta.dirname, '..');

await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !GENERATORS.some((generator) => generator.name === name));
  if (unknown.length > 0) {
    const known = GENERATORS.map((generator) => generator.name).join(', ');
    throw new Error(`no generator is called ${unknown.join(', ')}; there are: ${known}`);
  }
  for (const generator of GENERATORS) {
    if (names.length > 0 && !names.includes(generator.name)) continue;
    console.log(`${generator.name}: ${await generator.run()}`);
  }
}

/** `proto/**.proto` → `proto/gen`, by buf and protoc-gen-es from node_modules. Settings: `proto/buf.gen.yaml`. */
function generateProto(): string {
  const folder = join(ROOT, 'proto');
  const bin = join(ROOT, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  for (const args of [['lint'], ['generate']]) {
    const { status, error, stdout, stderr } = spawnSync('buf', args, { cwd: folder, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`buf ${args[0]} failed: ${error?.message ?? ''}${stdout}${stderr}`);
  }
  const files = readdirSync(join(folder, 'gen'), { recursive: true, encoding: 'utf8' });
  return `${files.filter((file) => file.endsWith('.ts')).length} files in proto/gen`;
}
