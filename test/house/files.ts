/** The files of this repository that the house tests judge. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'plugins', 'test', 'bench', 'scripts', 'bin', 'exports'];

export interface SourceFile {
  /** From the repository's root, with `/`: `src/fga/tuple.ts`. */
  readonly path: string;
  readonly text: string;
}

export function sourceFiles(): SourceFile[] {
  return FOLDERS.filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => walk(folder))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Every module specifier that the file imports or re-exports, as written. */
export function importsOf(file: SourceFile): string[] {
  const statement = /^\s*(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]/gm;
  const bare = /^\s*import\s*['"]([^'"]+)['"]/gm;
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g;
  return [statement, bare, dynamic].flatMap((pattern) =>
    [...file.text.matchAll(pattern)].map((match) => match[1] ?? ''),
  );
}

function walk(folder: string): SourceFile[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: path.slice(ROOT.length + 1).replaceAll('\\', '/'),
      text: readFileSync(path, 'utf8'),
    }));
}
