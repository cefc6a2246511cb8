/** The text of a file that an operator named. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './problems.ts';

/** Throws a ConfigError when there is none to read. */
export function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const why = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`;
    throw new ConfigError(file, [{ path: '', message: why }], { cause });
  }
}
