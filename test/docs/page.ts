/** The files and commands that a page of the docs shows, as they are printed there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Page {
  /** By the name in their first line: `// mine.js` or `# edge.yaml`. */
  readonly files: Readonly<Record<string, string>>;
  /** The blocks of one language, in their order. */
  blocks(language: string): readonly string[];
}

export function pageOf(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const all = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', block = '']) => ({
    language,
    block,
  }));
  const named = all.flatMap(({ block }) => {
    const name = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(block)?.[1];
    return name === undefined ? [] : [[name, block] as const];
  });
  return {
    files: Object.fromEntries(named),
    blocks: (language) => all.filter((one) => one.language === language).map(({ block }) => block),
  };
}
