import { postgresAvailable } from '../support/servers.ts';
import { CENTRAL } from './scenarios/central.ts';
import { chaosSuite } from './suite.ts';

// OpenFGA's memory engine leaves entries out of its changelog's pages (docs/guarantees.md), so Writes past the sidecars need SQL.
const datastore = postgresAvailable() ? 'postgres' : 'memory';
chaosSuite('faults at the centre', CENTRAL, { datastore, centrals: 2 });
