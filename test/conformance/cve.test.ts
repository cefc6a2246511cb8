import { describe, it } from 'vitest';
import { converse } from './converse.ts';
import { VULNERABILITIES } from './cve.ts';
import { engineTarget } from './targets.ts';

describe('the engine', () => {
  it.each(VULNERABILITIES)('$id: $about', (vulnerability) => converse(engineTarget(), vulnerability));
});
