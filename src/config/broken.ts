import type { Path } from './problems.ts';

export interface Broken {
  readonly path: Path;
  readonly message: string;
  readonly allowed?: string;
}
