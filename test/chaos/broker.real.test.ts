import { postgresAvailable } from '../support/servers.ts';
import { LINES, SERVER, STREAMS } from './scenarios/broker.ts';
import { chaosSuite } from './suite.ts';

const datastore = postgresAvailable() ? 'postgres' : 'memory';
chaosSuite('faults of NATS', [...SERVER, ...STREAMS, ...LINES], { datastore, centrals: 2 });
