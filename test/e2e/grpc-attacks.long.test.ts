/** Hostile gRPC clients at a real edge, also those that take a place and keep it for as long as they may. */

import { serversAvailable } from '../support/servers.ts';
import { attackSuite } from './grpc-attack-suite.ts';

attackSuite({ patient: true, available: serversAvailable() });
