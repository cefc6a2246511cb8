/** Real in that it needs OpenFGA's own suites; there is no server here. */
import { describe } from 'vitest';
import { passesSuites } from './pass.ts';
import { suitesAvailable } from './suite.ts';
import { engineTarget } from './targets.ts';

describe.skipIf(!suitesAvailable())('the engine', () => {
  passesSuites({ target: engineTarget, mayDecline: true });
});
