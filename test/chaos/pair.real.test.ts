import { postgresAvailable } from '../support/servers.ts';
import { PAIR } from './scenarios/pair.ts';
import { chaosSuite } from './suite.ts';

const datastore = postgresAvailable() ? 'postgres' : 'memory';
chaosSuite('faults between two centrals', PAIR, { datastore, centrals: 2 });
