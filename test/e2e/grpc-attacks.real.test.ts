/** Hostile gRPC clients at a real edge: floods, bombs, nonsense. Those that hold on: `grpc-attacks.long.test.ts`. */

import { serversAvailable } from '../support/servers.ts';
import { attackSuite } from './grpc-attack-suite.ts';

attackSuite({ patient: false, available: serversAvailable() });
